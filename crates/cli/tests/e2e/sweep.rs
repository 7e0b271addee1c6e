//! Sweeps: every cell once, whatever is killed, stopped, broken or started twice.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{World, data, finish, signal};

/// A world with `sweep.toml`: the tiny experiment with `sections` below it.
fn world(sections: &str) -> World {
    let world = World::new();
    let tiny = fs::read_to_string(world.path("tiny.toml")).unwrap();
    world.write("sweep.toml", format!("name = \"abl\"\n{tiny}{sections}"));
    world
}

const TWELVE: &str = "[sweep]\n\"params.n_layers\" = [1, 2]\nseed = [1, 2]\n[sweep.loss]\n\
                      L1 = { params.lambda_gan = 0 }\ncGAN = { params.lambda_l1 = 0 }\n\"L1+cGAN\" = {}\n";

fn runs(world: &World, query: &str) -> Vec<Value> {
    world
        .json(&format!("runs --json {query}"))
        .as_array()
        .unwrap()
        .clone()
}

fn names(runs: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = runs
        .iter()
        .map(|r| r["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How often each run has been claimed by a trainer.
fn claims(world: &World, run: &str) -> usize {
    let shown = world.json(&format!("show {run} --json"));
    let events = shown["events"].as_array().unwrap();
    events.iter().filter(|e| e["kind"] == "claimed").count()
}

#[test]
fn twelve_cells_killed_in_the_middle_and_run_again_are_twelve_finished_runs() {
    let world = world(TWELVE);
    let command = "sweep sweep.toml --jobs 2 --threads 1 --set optim.epochs=15";
    let mut child = world.spawn(command);
    let underway = |r: &Value| r["status"] == "running" && (16..90).contains(&r["step"].as_u64().unwrap());
    wait_until("four have finished and one is underway", || {
        let runs = runs(&world, "");
        runs.iter().filter(|r| r["status"] == "finished").count() >= 4 && runs.iter().any(underway)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    // Its children stop by themselves.
    wait_until("nothing is in training", || {
        runs(&world, "status:running").is_empty()
    });
    let before = runs(&world, "");
    let finished: Vec<String> = names(&runs(&world, "status:finished"));
    assert!(finished.len() < 12, "it finished before it could be killed");
    let begun: Vec<&Value> = before
        .iter()
        .filter(|r| r["status"] != "finished" && r["step"].as_u64() > Some(0))
        .collect();
    assert!(!begun.is_empty(), "{before:?}");

    let again = world.json(&format!("{command} --json"));
    assert_eq!(
        (&again["finished"], &again["interrupted"]),
        (&json!(12), &json!(false))
    );
    let cell = &again["cells"][0];
    assert_eq!(
        (&cell["run"], &cell["step"]),
        (&json!("abl-n_layers1-seed1-L1"), &json!(128))
    );
    assert!(cell["metrics"]["eval/l1"]["best"].is_number(), "{cell}");
    let all = runs(&world, "sweep:abl");
    assert_eq!(all.len(), 12);
    assert_eq!(runs(&world, "").len(), 12, "a cell was trained twice");
    assert!(all.iter().all(|r| r["status"] == "finished" && r["step"] == 128));
    let cells: HashSet<String> = all
        .iter()
        .map(|r| r["sweeps"][0]["factors"].to_string())
        .collect();
    assert_eq!(cells.len(), 12);
    for run in finished {
        assert_eq!(claims(&world, &run), 1, "{run} was trained again");
    }
    // One that was stopped in the middle has the numbers of one that was not.
    let broken = &begun[0];
    let of = |key: &str| broken["sweeps"][0]["factors"][key].clone();
    let mut train = format!(
        "train tiny.toml --name unbroken --threads 1 --set optim.epochs=15 --set seed={} --set params.n_layers={}",
        of("seed"),
        of("params.n_layers")
    );
    train += match of("loss").as_str().unwrap() {
        "L1" => " --set params.lambda_gan=0",
        "cGAN" => " --set params.lambda_l1=0",
        _ => "",
    };
    world.ok(&train);
    let losses = |run: &str| -> Vec<(u64, f64)> {
        let points = world.json(&format!("metrics {run} --metric loss/D_real --format json"));
        let point = |p: &Value| (p["step"].as_u64().unwrap(), p["value"].as_f64().unwrap());
        points.as_array().unwrap().iter().map(point).collect()
    };
    let broken = losses(broken["name"].as_str().unwrap());
    assert_eq!(broken.len(), 128);
    assert_eq!(broken, losses("unbroken"));

    // The factor of variants can be asked for like any key.
    assert_eq!(runs(&world, "sweep:abl sweep.loss=cGAN").len(), 4);
    assert_eq!(runs(&world, "sweep.loss:L1 seed=2 params.n_layers=1").len(), 2);
    let page = world.ok("show abl-n_layers1-seed1-cGAN");
    assert!(page.contains("abl: n_layers=1 seed=1 loss=cGAN"), "{page}");
}

#[test]
fn two_sweeps_at_once_share_the_cells_and_ctrl_c_stops_cleanly() {
    let world = world("[sweep]\nseed = [1, 2, 3, 4]\n");
    // One that `train` has trained is a cell like any other.
    world.ok("train tiny.toml --name by-hand --set seed=3 --set optim.epochs=60 --threads 1");
    let command = "sweep sweep.toml --threads 1 --set optim.epochs=60";
    let first = world.spawn(&format!("{command} --jobs 2"));
    wait_until("two are in training", || {
        runs(&world, "status:running").len() == 2
    });
    signal(&first, "-INT");
    let done = finish(first);
    assert_eq!(done.code, 130, "{}", done.stderr);
    assert!(
        done.stderr.contains("1 of 4 cells have finished"),
        "{}",
        done.stderr
    );
    assert_eq!(runs(&world, "status:stopped").len(), 2, "{}", done.stderr);
    assert!(runs(&world, "status:running").is_empty());

    let two = [world.spawn(command), world.spawn(&format!("{command} --jobs 2"))];
    for done in two.map(finish) {
        assert_eq!(done.code, 0, "{}", done.stderr);
    }
    let all = runs(&world, "");
    assert_eq!(all.len(), 4, "{:?}", names(&all));
    assert_eq!(runs(&world, "status:finished sweep:abl").len(), 4);
    assert_eq!(runs(&world, "sweep:abl by-hand").len(), 1);
    // What was stopped was continued once, the rest trained once.
    let claims: Vec<usize> = names(&all).iter().map(|run| claims(&world, run)).collect();
    assert_eq!(claims.iter().sum::<usize>(), 6, "{claims:?}");
}

#[test]
fn a_cell_that_fails_leaves_the_others_alone_and_begins_anew() {
    // The last image is broken, which only training finds out.
    let files: Vec<_> = fs::read_dir(data().join("train"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    let name = files[0].extension().unwrap().to_str().unwrap().to_owned();
    let world = world(&format!(
        "[sweep.set]\ngood = {{ data.root = {:?} }}\nbroken = {{ data.root = \"broken\" }}\n\
         [sweep.rate]\nusual = {{}}\nmad = {{ optim.lr = 1e30 }}\n",
        data()
    ));
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        world.write(&format!("broken/train/{name}"), bytes);
    }
    let bad = world.write(&format!("broken/train/zzz.{name}"), "no image");
    let done = world.run("sweep sweep.toml --jobs 2 --threads 1 --tag t --note n");
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(
        done.stderr.contains("3 of 4 cells did not finish"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("zzz"), "{}", done.stderr);
    assert!(
        done.stdout.contains("diverged") && done.stdout.contains("failed"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.lines().all(|l| l.chars().count() <= 80),
        "{}",
        done.stdout
    );
    assert_eq!(names(&runs(&world, "status:finished")), ["abl-good-usual"]);
    assert_eq!(runs(&world, "tag:t note:n").len(), 4);
    assert_eq!(
        names(&runs(&world, "status:diverged")),
        ["abl-broken-mad", "abl-good-mad"]
    );

    fs::remove_file(bad).unwrap();
    let plan = world.json("sweep sweep.toml --jobs 2 --threads 1 --dry-run --json");
    let cell = |at: usize| &plan["cells"][at];
    assert_eq!(cell(0)["factors"], json!({"set": "good", "rate": "usual"}));
    assert_eq!(
        (&cell(0)["status"], &cell(0)["steps_left"]),
        (&json!("finished"), &json!(0))
    );
    assert_eq!(
        (&cell(1)["status"], &cell(1)["todo"]),
        (&json!("diverged"), &json!("leave (--retry)"))
    );
    assert_eq!(
        (&cell(2)["status"], &cell(2)["steps"]),
        (&json!("failed"), &json!(24))
    );
    assert_eq!(cell(2)["run"], "abl-broken-usual");
    assert!(cell(2)["seconds"].as_f64() > Some(0.0) && plan["seconds"].as_f64() > Some(0.0));
    assert_eq!(runs(&world, "").len(), 4, "a dry run trains nothing");
    let retry = world.json("sweep sweep.toml --dry-run --json --retry");
    assert_eq!(retry["cells"][1]["todo"], "train anew");
    let done = world.run("sweep sweep.toml --threads 1");
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(
        done.stderr.contains("2 of 4 cells diverged before")
            && done
                .stderr
                .contains("2 of 4 cells did not finish; they diverged, and only --retry trains them again"),
        "{}",
        done.stderr
    );
    assert_eq!(runs(&world, "status:diverged").len(), 2, "what diverged is left");
    assert!(!done.stderr.contains("other settings"), "{}", done.stderr);
    // Another size of the same sweep would be taken for it in tables.
    let done = world.run("sweep sweep.toml --dry-run --set params.ngf=5");
    assert!(
        done.stderr
            .contains("have the same values of its factors and other settings"),
        "{}",
        done.stderr
    );
    let done = world.run("sweep sweep.toml --dry-run --set params.ngf=5 --name wider");
    assert!(!done.stderr.contains("other settings"), "{}", done.stderr);
    assert_eq!(
        names(&runs(&world, "status:finished")),
        ["abl-broken-usual-2", "abl-good-usual"]
    );
    // Finished is finished, but not in silence where the images are others now.
    fs::remove_file(world.path("broken/train").join(files[0].file_name().unwrap())).unwrap();
    let done = world.run("sweep sweep.toml --threads 1");
    let warning = "warning: abl-broken-usual-2 was trained on other images";
    assert!(done.stderr.contains(warning), "{}", done.stderr);
    assert_eq!(runs(&world, "status:finished").len(), 2);
}

#[test]
fn sweeps_are_refused_before_anything_is_trained() {
    let world = world("[sweep]\n\"params.n_layers\" = [1, 2]\nseed = [1, 2]\n");
    for (set, expected) in [
        ("seed=7", "is a factor of the sweep"),
        (
            "params.n_layers=[1,9]",
            "--set: `params.n_layers = 9`: expected a whole number from 1 to 6",
        ),
        ("params.n_layer=[1]", "did you mean `n_layers`?"),
        ("params.n_layers=[]", "expected at least one value"),
        ("sed=[1]", "did you mean `seed`?"),
        ("seed=[1,1]", "in the list twice"),
        ("optim.lr=-1", "expected a number above 0"),
        ("data.root=[\"nowhere\"]", "nowhere"),
        // What the plugin refuses in one cell of four.
        (
            "params.n_layers=[1,4]",
            "in the cell n_layers=4 seed=1 and 1 more",
        ),
    ] {
        let error = world.refused(&format!("sweep sweep.toml --set {set}"));
        assert!(error.contains(expected), "--set {set}: {error}");
    }
    let error = world.refused("sweep tiny.toml");
    assert!(error.contains("tiny.toml has no [sweep]"), "{error}");
    let error = world.refused("sweep sweep.toml --name=");
    assert!(error.contains("--name"), "{error}");
    let error = world.refused("sweep sweeep.toml");
    assert!(error.contains("sweep.toml?"), "{error}");
    let error = world.refused("train sweep.toml");
    assert!(error.contains("`diptych sweep sweep.toml`"), "{error}");
    assert!(world.refused("sweep sweep.toml --jobs 0").contains("1..=1024"));
    assert_eq!(world.json("runs --json"), json!([]));
}
