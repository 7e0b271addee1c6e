//! Crops that are not square, and crops that the generator does not take as they are.

use serde_json::{Value, json};

use crate::support::World;

/// Width and height of a PNG.
fn extent(bytes: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn a_crop_of_any_shape_goes_through_every_command() {
    let world = World::new();
    let sizes = "--set data.load_size=[56,40] --set data.crop_size=[50,36] --set optim.epochs=1 --set optim.decay_epochs=0";
    let done = world.run(&format!("train tiny.toml --name wide {sizes}"));
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(
        done.stderr
            .contains("crops of 50 x 36 pixels are continued by reflection to 64 x 64"),
        "{}",
        done.stderr
    );
    let image = std::fs::read_dir(world.path("home/runs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let images: Vec<_> = std::fs::read_dir(image.join("images/inputs")).unwrap().collect();
    let probe = std::fs::read(images[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(extent(&probe), (50, 36));

    let show = world.json("show wide --json");
    assert_eq!(show["data"]["crop_size"], json!([50, 36]));
    assert!(world.ok("show wide").contains("50x36"));
    let found = |query: &str| -> usize {
        let runs: Value = world.json(&format!("runs --json {query}"));
        runs.as_array().unwrap().len()
    };
    assert_eq!(found("data.crop_size=50x36"), 1);
    assert_eq!(found("data.crop_size=[50,36]"), 1);
    assert_eq!(found("data.crop_size=36x50"), 0);
    assert!(world.refused("runs data.crop_size>=50x36").contains("no order"));

    // A fork takes other sizes as long as its networks are the same.
    world.ok("fork wide --at latest --set optim.epochs=2 --set data.crop_size=32 --name square");
    let why = world.ok("why wide square");
    assert!(why.contains("data.crop_size") && why.contains("50x36"), "{why}");
    let table = world.ok("compare --by data.crop_size --metric eval/l1 --against data.crop_size=50x36");
    assert!(table.contains("50x36"), "{table}");

    let scores = world.json("evaluate wide --json");
    assert!(scores["mean"]["l1"].as_f64() > Some(0.0), "{scores}");
    world.ok(&format!(
        "translate wide {} -o out --side b",
        crate::support::data().join("val").display()
    ));
    let timed = world.json("bench --size 64x32 --width 2 --steps 1 --json");
    assert_eq!(timed["size"], json!([64, 32]));
    for (size, expected) in [
        ("0x3", "1 to 16384"),
        ("3x", "WIDTHxHEIGHT"),
        ("wide", "WIDTHxHEIGHT"),
    ] {
        let error = world.refused(&format!("bench --size {size}"));
        assert!(error.contains(expected), "{size}: {error}");
    }

    // A sweep over sizes: those that are the same experiment are known again.
    let sizes = sizes.replace("[56,40]", "56x40");
    let sweep = format!("sweep tiny.toml --threads 1 {sizes}")
        .replace("data.crop_size=[50,36]", "data.crop_size=[[50,36],32]");
    world.ok(&sweep);
    assert_eq!(found("sweep:tiny status:finished"), 2);
    assert_eq!(found("sweep.data.crop_size=50x36 name:wide"), 1);
}
