//! What users get wrong: exit code 2 and a message that says what to do.

use std::fs;

use crate::support::{World, data};

#[test]
fn experiments_are_refused_before_anything_is_made() {
    let world = World::new();
    let cases = [
        ("optim.lr=-1", "--set: `optim.lr = -1`: expected a number above 0"),
        ("optim.learning_rate=1", "unknown key"),
        ("data.crop_siz=32", "did you mean `data.crop_size`?"),
        ("params.n_layer=2", "did you mean `n_layers`?"),
        ("params.n_layers=three", "expected a whole number from 1 to 6"),
        ("data.batch_size=0", "expected a whole number from 1"),
        ("model=pix2pux", "did you mean `pix2pix`?"),
        ("data.crop_size=16", "use 32, or 17 or more, for each side"),
        ("data.crop_size=[40,32]", "such as [40, 36]"),
        (
            "data.crop_size=[36,16]",
            "use 32, or 17 or more, for the shorter side",
        ),
        ("data.crop_size=[1,2,3]", "or [width, height] such as [256, 128]"),
        ("data.crop_size=[0,32]", "or [width, height] such as [256, 128]"),
        ("data.crop_size=-32", "or [width, height] such as [256, 128]"),
        ("data.crop_size=large", "or [width, height] such as [256, 128]"),
        ("data.layout=unaligned", "aligned"),
        ("data.root=nowhere", "nowhere"),
    ];
    for (set, expected) in cases {
        let error = world.refused(&format!("train tiny.toml --set {set}"));
        assert!(error.contains(expected), "--set {set}: {error}");
    }
    assert_eq!(world.json("runs --json"), serde_json::json!([]));
    let error = world.refused("train tinny.toml");
    assert!(error.contains("tiny.toml?"), "{error}");
    world.write("broken.toml", "model = \"pix2pix\"\n[data\n");
    assert!(
        world
            .refused("train broken.toml")
            .contains("broken.toml:2: not valid TOML")
    );
    world.write(
        "sweep.toml",
        "model = \"pix2pix\"\ndata.root = \"a\"\n[sweep]\nseed = [1, 2]\n",
    );
    assert!(
        world
            .refused("train sweep.toml")
            .contains("sweep.toml:3: `sweep`")
    );
}

#[test]
fn data_sets_are_refused_with_the_path() {
    let world = World::new();
    let pair = fs::read_dir(data().join("train"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let good = fs::read(&pair).unwrap();
    let extension = pair.extension().unwrap().to_str().unwrap();

    fs::create_dir_all(world.path("empty/train")).unwrap();
    world.write("text/train/notes.jpg", "this is text");
    world.write(&format!("cut/train/cut.{extension}"), &good[..good.len() / 2]);
    for (root, expected) in [("empty", "no images"), ("text", "notes.jpg"), ("cut", "cut.")] {
        let error = world.refused(&format!("train tiny.toml --set data.root={root}"));
        assert!(error.contains(expected), "{root}: {error}");
        let checked = world.run(&format!("data check {root}"));
        assert_eq!(checked.code, 2, "{}", checked.stderr);
        let told = checked.stdout + &checked.stderr;
        assert!(told.contains(expected), "{root}: {told}");
    }
    assert_eq!(world.json("runs --json"), serde_json::json!([]));
    let clean = world.json(&format!("data check {} --json", data().display()));
    assert_eq!(clean["images"], 10);
}

#[test]
fn weights_of_another_architecture_are_refused_with_the_tensor() {
    let world = World::new();
    world.ok("train tiny.toml --name narrow --set optim.epochs=1 --set optim.decay_epochs=0");
    world.ok("weights export narrow -o w");
    world.write("not-weights.safetensors", "hello");
    for (args, expected) in [
        (
            "weights import w/latest_net_G.safetensors --set params.ngf=8",
            "model.model.0.weight",
        ),
        ("weights import X=w/latest_net_G.safetensors", "no network `X`"),
        ("weights import tiny.toml", "which network is it?"),
        (
            "weights import G=not-weights.safetensors",
            "not a safetensors file",
        ),
        (
            "translate not-weights.safetensors tiny.toml -o out",
            "not a safetensors file",
        ),
    ] {
        let error = world.refused(args);
        assert!(error.contains(expected), "{args}: {error}");
    }
}

#[test]
fn references_and_queries_are_refused_with_a_suggestion() {
    let world = World::new();
    world.ok("train tiny.toml --name only --set optim.epochs=1 --set optim.decay_epochs=0");
    for (args, expected) in [
        ("show onyl", "did you mean `only`?"),
        ("resume nothing", "nothing"),
        ("runs status:runing", "did you mean `running`?"),
        ("runs --sort nmae", "did you mean `name`?"),
        ("translate only nowhere.png -o out", "nowhere.png"),
        ("translate only tiny.toml -o out", "tiny.toml"),
        ("evaluate only --split nothing", "nothing"),
        ("weights export only -o w --which 7", "7"),
        #[cfg(not(feature = "cuda"))]
        ("train tiny.toml --device cuda:0", "--features cuda"),
        ("train tiny.toml --device gpu", "unknown device"),
    ] {
        let error = world.refused(args);
        assert!(error.contains(expected), "{args}: {error}");
    }
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let world = World::new();
    world.write("file", "not a folder");
    let done = world.run("runs --home file/home");
    assert!(done.code == 1 || done.code == 2, "{}", done.stderr);
    assert!(done.stderr.contains("file"), "{}", done.stderr);
}

#[test]
fn a_mistyped_query_makes_no_home() {
    let world = World::new();
    let home = world.path("home");
    assert!(!home.exists(), "a world begins without one");
    for command in ["runs statis:x", "compare statis:x --by seed"] {
        let complaint = world.refused(command);
        assert!(complaint.contains("did you mean `status`?"), "{complaint}");
        assert!(!home.exists(), "{command}");
    }
}
