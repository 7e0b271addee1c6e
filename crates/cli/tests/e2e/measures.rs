//! Label maps, palettes, health and tiles, as a user meets them.

use std::fs;

use crate::support::{World, data};

#[test]
fn label_maps_are_scored_by_class_in_training_and_by_evaluate() {
    let world = World::new();
    world.ok("train tiny.toml --name labels --set data.direction=a-to-b");
    let run = world.json("show labels --json");
    let scores = world.json("evaluate labels --json");
    for key in ["pixel_accuracy", "class_accuracy", "class_iou"] {
        let value = scores["mean"][key].as_f64().unwrap();
        let trained = run["metrics"][format!("eval/{key}")]["last"].as_f64().unwrap();
        assert!(
            (0.0..=1.0).contains(&value) && (value - trained).abs() < 1e-12,
            "{key}"
        );
    }
    assert!(scores["classes"].as_array().unwrap().len() >= 4);
    assert!(scores["images"][0]["class_iou"].is_number());
    assert!(world.ok("evaluate labels").contains("PIXEL ACC"));

    // A palette of one's own; one that does not fit; one that is none.
    let classes: Vec<&str> = scores["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c.as_str().unwrap())
        .collect();
    world.write("own.txt", classes.join("\n"));
    assert_eq!(
        world.json("evaluate labels --palette own.txt --json")["mean"],
        scores["mean"]
    );
    world.write("other.txt", "#010203 a\n#fefefe b\n");
    let text = world.refused("evaluate labels --palette other.txt");
    assert!(text.contains("of label maps nearly all are"), "{text}");
    world.write("bad.txt", "#aa0000 door\n300 0 0 wall\n");
    let text = world.refused("evaluate labels --palette bad.txt");
    assert!(
        text.contains("bad.txt:2: `300 0 0 wall`: expected a colour"),
        "{text}"
    );
    let text = world.refused("train tiny.toml --set data.palette=none.txt");
    assert!(
        text.contains("data.palette: ") && text.contains("none.txt"),
        "{text}"
    );
}

#[test]
fn photographs_are_not_scored_by_class() {
    let world = World::new();
    world.ok("train tiny.toml --name photos --set data.direction=b-to-a --set optim.epochs=1 --set optim.decay_epochs=0");
    let run = world.json("show photos --json");
    assert!(run["metrics"].get("eval/class_iou").is_none() && run["metrics"].get("eval/l1").is_some());
    for key in [
        "health/D_real",
        "health/D_fake",
        "health/D_accuracy",
        "health/grad_G",
        "health/grad_D",
    ] {
        assert!(run["metrics"].get(key).is_some(), "{key}");
    }
    for key in ["health/diversity", "health/checkerboard", "health/correlation"] {
        assert!(run["metrics"].get(key).is_some(), "{key}");
    }
}

#[test]
fn a_palette_is_gathered_from_label_maps_and_not_from_pictures() {
    let world = World::new();
    let set = data().display().to_string();
    world.ok(&format!("data palette {set} --side b -o p.txt"));
    assert!(fs::read_to_string(world.path("p.txt")).unwrap().lines().count() >= 3);
    let text = world.refused(&format!("data palette {set} --side a"));
    assert!(text.contains("these are no label maps"), "{text}");
}

#[test]
fn tiles_that_are_too_small_are_refused_with_what_is_needed() {
    let world = World::new();
    world.ok("train tiny.toml --name t --set optim.epochs=1 --set optim.decay_epochs=0");
    let photos = data().join("val").display().to_string();
    let text = world.refused(&format!("translate t {photos} -o out --tile 24"));
    assert!(
        text.contains("tiles of 24 pixels are too small") && text.contains("use 32 or more"),
        "{text}"
    );
    let done = world.run(&format!("translate t {photos} -o out --tile 32 --overlap 8"));
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(
        done.stderr.contains("pixels around them, and tiles are smaller"),
        "{}",
        done.stderr
    );
}

#[test]
fn shapes_are_made_and_their_outlines_measured() {
    let world = World::new();
    world.ok("data synth shapes -o s --size 64 --train 2 --val 3");
    let rows = world.json("data outlines s/valA s/valB --towards 41,98,210 --json");
    let circularity = |i: usize| rows[i]["circularity"]["mean"].as_f64().unwrap();
    assert!(circularity(0) > 0.96 && circularity(1) < 0.84, "{rows}");
    assert!(rows[0]["distance"]["mean"].as_f64().unwrap() > 100.0);
    assert!(rows[1]["distance"]["mean"].as_f64().unwrap() < 10.0);
    let text = world.refused("data outlines s/valA --towards 41,98");
    assert!(
        text.contains("--towards takes a colour such as 41,98,210"),
        "{text}"
    );
    let text = world.refused("data outlines nowhere");
    assert!(text.contains("nowhere: no such file or folder"), "{text}");
}
