//! Images and weights in and out.

use std::fs;

use crate::support::{World, data};

#[test]
fn a_run_translates_evaluates_and_exports() {
    let world = World::new();
    world.ok("train tiny.toml --name g");
    let val = data().join("val");
    let count = fs::read_dir(&val).unwrap().count();

    world.ok(&format!("translate g {} --side a -o out", val.display()));
    assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), count);

    let scores = world.json("evaluate g --json");
    for key in ["l1", "psnr", "ssim"] {
        assert!(scores["mean"][key].is_number(), "{scores}");
    }
    assert_eq!(scores["images"].as_array().unwrap().len(), count);
    let text = world.ok("evaluate g --eval --which best");
    assert!(text.contains("PSNR"), "{text}");

    world.ok("weights export g -o w");
    for network in ["G", "D"] {
        assert!(
            world
                .path(&format!("w/latest_net_{network}.safetensors"))
                .exists()
        );
    }
    // The weights file knows its experiment, and gives the same image.
    let image = fs::read_dir(&val).unwrap().next().unwrap().unwrap().path();
    world.ok(&format!("translate g {} --side a -o a --eval", image.display()));
    world.ok(&format!(
        "translate w/latest_net_G.safetensors {} --side a -o b --eval",
        image.display()
    ));
    let only = |dir: &str| {
        let mut files = fs::read_dir(world.path(dir)).unwrap();
        fs::read(files.next().unwrap().unwrap().path()).unwrap()
    };
    assert!(only("a") == only("b"), "the images differ");

    // And a run made from the weights continues from them.
    world.ok("weights import w/latest_net_G.safetensors w/latest_net_D.safetensors --name imported");
    world.ok("weights export imported -o w2");
    world.ok(&format!(
        "translate imported {} --side a -o c --eval",
        image.display()
    ));
    assert!(only("a") == only("c"), "the images differ");
    let imported = world.json("show imported --json");
    assert_eq!(
        imported["checkpoints"][0]["path"], "checkpoints/last.safetensors",
        "{imported}"
    );
    world.ok("resume imported");
    assert_eq!(world.json("show imported --json")["status"], "finished");
}
