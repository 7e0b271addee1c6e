//! One command in, a tracked run out.

use std::collections::HashSet;

use crate::support::World;

#[test]
fn a_trained_run_is_tracked_and_can_be_looked_at() {
    let world = World::new();
    let train = world.run("train tiny.toml --name first --tag try --tag tiny --note hello --threads 2");
    assert_eq!(train.code, 0, "{}", train.stderr);

    let runs = world.json("runs --json");
    let run = &runs.as_array().unwrap()[0];
    assert_eq!(run["name"], "first");
    assert_eq!(run["status"], "finished");
    assert_eq!(run["model"], "pix2pix");
    assert_eq!(run["tags"], serde_json::json!(["tiny", "try"]));
    assert_eq!(run["note"], "hello");
    assert_eq!((run["epoch"].as_u64(), run["step"].as_u64()), (Some(3), Some(24)));
    assert_eq!(run["params"]["generator"], "unet_32");
    assert_eq!(run["params"]["lambda_l1"], 100.0);
    assert!(run["created"].as_f64() <= run["updated"].as_f64());
    for key in [
        "loss/G_GAN",
        "loss/G_L1",
        "loss/D_real",
        "loss/D_fake",
        "eval/l1",
        "eval/psnr",
        "eval/ssim",
        "optim/lr",
    ] {
        for of in ["last", "min", "max", "best", "step"] {
            assert!(
                run["metrics"][key][of].is_number(),
                "{key} {of}: {}",
                run["metrics"]
            );
        }
    }

    assert_eq!(
        world
            .json("runs --json tag:try params.ngf = 4")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(world.json("runs --json not first").as_array().unwrap().len(), 0);
    let table = world.ok("runs --sort -eval/psnr.best");
    assert!(table.contains("first") && table.contains("finished"), "{table}");
    assert!(table.lines().all(|l| l.chars().count() <= 80), "{table}");

    let id = run["id"].as_str().unwrap();
    for reference in ["first", id, &id[..20], "fir"] {
        let shown = world.json(&format!("show {reference} --json"));
        assert_eq!(shown["id"], id);
        assert!(!shown["checkpoints"].as_array().unwrap().is_empty());
        assert!(shown["environment"]["cpu"].is_string());
    }
    let page = world.ok("show first");
    assert!(page.lines().all(|l| l.chars().count() <= 80), "{page}");
    for part in ["unet_32", "checkpoints", "eval/psnr", "G_L1", "environment"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn metrics_come_out_as_csv_and_json() {
    let world = World::new();
    world.ok("train tiny.toml --name m --set optim.epochs=1 --set optim.decay_epochs=0");
    let csv = world.ok("metrics m");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("run,key,step,epoch,wall,value"));
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    assert!(rows.iter().all(|r| r.len() == 6 && r[0] == "m"));
    let steps: HashSet<&str> = rows
        .iter()
        .filter(|r| r[1] == "loss/G_L1")
        .map(|r| r[2])
        .collect();
    assert_eq!(steps.len(), 8);

    let one = world.json("metrics m --metric eval/psnr --format json");
    let one = one.as_array().unwrap();
    assert!(!one.is_empty());
    assert!(
        one.iter()
            .all(|p| p["key"] == "eval/psnr" && p["value"].is_number() && p["step"].is_u64())
    );

    let keys = |arguments: &str| {
        let points = world.json(&format!("metrics {arguments} --json"));
        let keys = points.as_array().unwrap().iter();
        let keys: std::collections::BTreeSet<String> =
            keys.map(|p| p["key"].as_str().unwrap().to_owned()).collect();
        keys.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        keys("model:pix2pix --metric loss/D*,eval/l1"),
        "eval/l1 loss/D_fake loss/D_real"
    );
    // A group of which everything has been named before is no mistake.
    assert_eq!(keys("m --metric loss/D*,loss/D_f*"), "loss/D_fake loss/D_real");
    let error = world.refused("metrics m --metric lost/*");
    assert!(error.contains("no such metric"), "{error}");
    let error = world.refused("metrics params.ngff=1");
    assert!(
        error.contains("no run has the parameter `params.ngff` (did you mean `params.ngf`?)"),
        "{error}"
    );
    assert!(error.contains("none of 1 runs matches"), "{error}");
    let error = world.refused("metrics m -o points.parqet");
    assert!(error.contains("did you mean `parquet`?"), "{error}");

    let error = world.refused("metrics m --metric eval/psrn");
    assert!(error.contains("did you mean `eval/psnr`?"), "{error}");
    let error = world.refused("metrics m --format xml");
    assert!(error.contains("csv") && error.contains("json"), "{error}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let world = World::new();
    let binary = env!("CARGO_BIN_EXE_diptych");
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!(
            "'{binary}' models pix2pix --json | head -c 10; '{binary}' completions bash | head -n 1"
        ))
        .env("DIPTYCH_HOME", world.path("home"))
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_rest_answers_too() {
    let world = World::new();
    assert!(world.ok("models").contains("pix2pix"));
    assert!(world.ok("models pix2pix").contains("lambda_l1"));
    assert_eq!(world.json("models pix2pix --json")["name"], "pix2pix");
    assert_eq!(world.json("runs --json"), serde_json::json!([]));
    assert_eq!(world.json("doctor --json")["home"]["writable"], true);
    let bench = world.json("bench --size 32 --width 2 --steps 3 --json");
    for key in [
        "seconds_per_step",
        "q1",
        "q3",
        "images_per_second",
        "peak_bytes",
        "threads",
    ] {
        assert!(bench[key].is_number(), "{key}: {bench}");
    }
    assert_eq!(bench["device"], "cpu");
}
