//! CycleGAN on unpaired images, from the experiment to images of both directions.

use std::fs;
use std::path::PathBuf;

use crate::support::{World, data};

/// A world with `cycle.toml` and `set/{train,test}{A,B}`: 5 and 4 images to train on, 2 and 1 held out.
fn world() -> (World, PathBuf) {
    let world = World::new();
    let pictures: Vec<PathBuf> = ["train", "val"]
        .iter()
        .flat_map(|split| fs::read_dir(data().join(split)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    let mut next = pictures.iter().cycle();
    for (folder, count) in [("trainA", 5), ("trainB", 4), ("testA", 2), ("testB", 1)] {
        for i in 0..count {
            world.write(
                &format!("set/{folder}/{folder}{i}.png"),
                fs::read(next.next().unwrap()).unwrap(),
            );
        }
    }
    let set = world.path("set");
    let experiment = format!(
        "model = \"cyclegan\"\n\
         [data]\nroot = {set:?}\nlayout = \"unaligned\"\nload_size = 20\ncrop_size = 16\n\
         [params]\ngenerator = \"resnet_6blocks\"\nn_layers = 1\nngf = 2\nndf = 2\npool_size = 3\n\
         [optim]\nepochs = 2\ndecay_epochs = 1\n\
         [log]\nevery = 1\nimages_every = 5\nprobes = 1\n"
    );
    world.write("cycle.toml", experiment);
    (world, set)
}

#[test]
fn an_unpaired_run_trains_translates_both_ways_and_exports() {
    let (world, set) = world();
    world.ok("data check set --layout unaligned");
    world.ok("train cycle.toml --name c");
    let run = world.json("show c --json");
    assert_eq!((&run["status"], &run["step"]), (&"finished".into(), &15.into()));
    for loss in ["D_A", "G_A", "cycle_A", "idt_A", "D_B", "G_B", "cycle_B", "idt_B"] {
        let metric = &run["metrics"][format!("loss/{loss}")];
        assert_eq!(metric["step"], 15, "{run}");
    }
    assert!(
        run["metrics"].get("eval/l1").is_none(),
        "there is nothing to compare with"
    );
    // Figures and reports call images what they are, direction by direction.
    world.ok("plot images c -o c.svg");
    let svg = fs::read_to_string(world.path("c.svg")).unwrap();
    for way in [
        "A → B: real_A → fake_B → rec_A, idt_A",
        "B → A: real_B → fake_A → rec_B, idt_B",
    ] {
        assert!(svg.contains(way), "{way}");
    }
    world.ok("report c -o c.html");
    let page = fs::read_to_string(world.path("c.html")).unwrap();
    assert!(page.contains("<h4>A → B: real_A → fake_B → rec_A, idt_A</h4>"));
    assert!(page.contains("data-under=\"input\"") && page.contains("aria-label=\"fake_B of"));
    // Sets are compared with sets, there and back, in the training as well as by `evaluate`.
    let scores = world.json("evaluate c --json");
    for key in [
        "swd_A",
        "swd_B",
        "histogram_intersection_A",
        "histogram_intersection_B",
    ] {
        let value = scores["mean"][key].as_f64().unwrap();
        let trained = run["metrics"][format!("eval/{key}")]["last"].as_f64().unwrap();
        assert!((value - trained).abs() < 1e-12, "{key}: {value} {trained}");
    }
    assert!(world.ok("evaluate c").contains("B: back"));
    let text = world.refused("evaluate c --palette tiny.toml");
    assert!(text.contains("c trained on data without pairs"), "{text}");
    for key in ["health/D_real_A", "health/D_accuracy_B", "health/grad_G_B"] {
        assert_eq!(run["metrics"][key]["step"], 15, "{key}");
    }

    world.ok(&format!("translate c {}/testA -o forth", set.display()));
    world.ok(&format!("translate c {}/testB -o back --back", set.display()));
    assert_eq!(fs::read_dir(world.path("forth")).unwrap().count(), 2);

    // The weights file of the generator back knows which way it goes.
    world.ok("weights export c -o w");
    for network in ["G_A", "G_B", "D_A", "D_B"] {
        assert!(
            world
                .path(&format!("w/latest_net_{network}.safetensors"))
                .exists()
        );
    }
    world.ok(&format!(
        "translate w/latest_net_G_B.safetensors {}/testB -o back2",
        set.display()
    ));
    let back = |folder: &str| fs::read(world.path(folder).join("testB0.png")).unwrap();
    assert!(back("back") == back("back2"), "the images differ");
    let text = world.refused(&format!(
        "translate w/latest_net_G_A.safetensors {}/testB -o x --back",
        set.display()
    ));
    assert!(text.contains("holds G_A; to translate back takes G_B"), "{text}");
}

#[test]
fn settings_that_do_not_go_together_are_refused_with_their_place() {
    let (world, _) = world();
    let text = world.refused("train cycle.toml --set data.channels_b=1");
    assert!(
        text.contains("`params.lambda_identity = 0.5`: the identity loss"),
        "{text}"
    );
    let text = world.refused("train cycle.toml --set data.root=nowhere");
    assert!(text.contains("nowhere: no such folder"), "{text}");
    world.ok("train tiny.toml --name p");
    let text = world.refused("translate p set/testA -o x --back");
    assert!(text.contains("pix2pix translates one way only"), "{text}");
}
