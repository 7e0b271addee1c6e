//! Runs that begin with a checkpoint of another.

use std::fs;

use serde_json::{Value, json};

use crate::support::World;

/// Every point of a run but those of the machine: metric, step and value.
fn points(world: &World, run: &str) -> Vec<(String, u64, f64)> {
    let all = world.json(&format!("metrics {run} --format json"));
    let point = |p: &Value| {
        let key = p["key"].as_str().unwrap().to_owned();
        (key, p["step"].as_u64().unwrap(), p["value"].as_f64().unwrap())
    };
    let all = all.as_array().unwrap().iter().map(point);
    all.filter(|(key, ..)| !key.starts_with("perf/")).collect()
}

fn weights(world: &World, run: &str) -> Vec<Vec<u8>> {
    world.ok(&format!("weights export {run} -o weights-{run}"));
    ["G", "D"]
        .map(|n| fs::read(world.path(&format!("weights-{run}/latest_net_{n}.safetensors"))).unwrap())
        .into()
}

#[test]
fn an_unchanged_fork_goes_on_as_its_parent_did() {
    let world = World::new();
    // The plateau policy's state has to come along too.
    world.ok("train tiny.toml --threads 1 --name parent --set log.keep_every=1 --set optim.policy=plateau --set optim.epochs=3");
    world.ok("fork parent --at 8 --name child --tag forked --note again");
    assert_eq!(points(&world, "child"), points(&world, "parent"));
    assert!(
        weights(&world, "child") == weights(&world, "parent"),
        "the weights differ"
    );

    let runs = world.json("runs --json tag:forked");
    let (child, parent) = (&runs[0], world.json("show parent --json"));
    assert_eq!(
        child["parent"],
        json!({"id": parent["id"], "name": "parent", "step": 8})
    );
    assert_eq!(
        (&child["note"], &child["step"]),
        (&json!("again"), &parent["step"])
    );
    assert_eq!(parent["forks"][0]["name"], "child");
    assert!(world.ok("show child").contains("parent at step 8"));
    let why = world.json("why parent child --json");
    assert_eq!(why["points"]["agree"], true);
    // And a fork can be forked.
    world.ok("fork child --at latest --name grandchild --set optim.epochs=4");
    assert_eq!(world.json("show grandchild --json")["parent"]["name"], "child");
}

#[test]
fn a_fork_may_change_settings_but_not_the_architecture() {
    let world = World::new();
    world.ok("train tiny.toml --threads 1 --name parent --set log.keep_every=1");
    world.ok(
        "fork parent --at 16 --name longer --set optim.lr=1e-3 --set data.batch_size=2 --set optim.epochs=9",
    );
    let longer = world.json("show longer --json");
    assert_eq!(
        (&longer["status"], &longer["step"]),
        (&json!("finished"), &json!(40))
    );
    let (own, theirs) = (points(&world, "longer"), points(&world, "parent"));
    let until = |all: &[(String, u64, f64)], step: u64| -> Vec<_> {
        all.iter().filter(|p| p.1 <= step).cloned().collect()
    };
    assert_eq!(until(&own, 16), until(&theirs, 16));
    let at = |all: &[(String, u64, f64)]| all.iter().find(|p| p.0 == "optim/lr" && p.1 == 17).unwrap().2;
    assert_ne!(at(&own), at(&theirs));

    for (args, expected) in [
        ("--at 9", "nearest first, 8, 16, 24"),
        ("--at 20", "nearest first, 16, 24, 8"),
        ("--at soon", "expected the step of a checkpoint"),
        ("--at latest", "nothing left to train: step 24 of 24"),
        (
            "--at 8 --set params.ngf=8 --set optim.lr=1",
            "--set: `params.ngf = 8`: a fork keeps",
        ),
        ("--at 8 --set params.norm=instance", "`params.norm = instance`"),
        ("--at 8 --set model=cyclegan", "networks"),
        ("--at 8 --set optim.lrr=1", "did you mean `optim.lr`?"),
        ("--at 8 --set data.root=nowhere", "nowhere"),
    ] {
        let error = world.refused(&format!("fork parent {args}"));
        assert!(error.contains(expected), "{args}: {error}");
    }
    let runs = world.json("runs --json");
    assert_eq!(
        runs.as_array().unwrap().len(),
        2,
        "a refused fork leaves nothing behind"
    );
}
