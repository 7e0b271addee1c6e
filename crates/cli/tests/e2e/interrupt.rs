//! Stopping, dying and continuing.

use std::fs;

use serde_json::Value;

use crate::support::{World, finish, signal};

fn underway(run: &Value) -> bool {
    run["status"] == "running" && run["step"].as_u64() > Some(4)
}

/// The exported weights of a run, byte for byte.
fn weights(world: &World, run: &str) -> Vec<Vec<u8>> {
    world.ok(&format!("weights export {run} -o weights-{run}"));
    ["G", "D"]
        .map(|n| fs::read(world.path(&format!("weights-{run}/latest_net_{n}.safetensors"))).unwrap())
        .into()
}

const LONG: &str = "train tiny.toml --threads 1 --set optim.epochs=8";

#[test]
fn ctrl_c_stops_cleanly_and_resume_ends_where_an_unbroken_run_ends() {
    let world = World::new();
    world.ok(&format!("{LONG} --name unbroken"));
    let child = world.spawn(&format!("{LONG} --name broken"));
    world.wait_for("broken", underway);
    signal(&child, "-INT");
    let done = finish(child);
    assert_eq!(done.code, 130, "{}", done.stderr);
    assert!(done.stderr.contains("diptych resume broken"), "{}", done.stderr);
    let stopped = world.wait_for("broken", |r| r["status"] == "stopped");
    assert!(stopped["step"].as_u64() < Some(72), "{stopped}");

    world.ok("resume broken --threads 1");
    let resumed = world.json("show broken --json");
    assert_eq!(resumed["status"], "finished");
    assert_eq!(resumed["step"], 72);
    assert!(
        weights(&world, "unbroken") == weights(&world, "broken"),
        "the weights differ"
    );

    let error = world.refused("resume broken");
    assert!(error.contains("finished"), "{error}");
}

#[test]
fn a_killed_run_is_seen_as_crashed_and_resumes_to_the_same_end() {
    let world = World::new();
    world.ok(&format!("{LONG} --name unbroken"));
    let mut child = world.spawn(&format!("{LONG} --name broken"));
    world.wait_for("broken", |r| underway(r) && r["epoch"].as_u64() > Some(0));
    child.kill().unwrap();
    child.wait().unwrap();
    world.wait_for("broken", |r| r["status"] == "crashed");
    world.ok("resume broken --threads 1");
    assert!(
        weights(&world, "unbroken") == weights(&world, "broken"),
        "the weights differ"
    );
}

#[test]
fn stop_from_another_process_and_only_one_of_two_resumes() {
    let world = World::new();
    let long = "--threads 1 --set optim.epochs=4000";
    let child = world.spawn(&format!("train tiny.toml --name a {long}"));
    world.wait_for("a", underway);
    let error = world.refused("resume a");
    assert!(error.contains("is being trained by process"), "{error}");
    world.ok("stop a");
    assert_eq!(finish(child).code, 0);
    assert_eq!(world.json("show a --json")["status"], "stopped");

    let two = [
        world.spawn("resume a --threads 1"),
        world.spawn("resume a --threads 1"),
    ];
    world.wait_for("a", |r| r["status"] == "running");
    // One is refused at once; the other goes on until it is stopped.
    std::thread::sleep(std::time::Duration::from_secs(1));
    world.ok("stop a");
    let mut codes = two.map(|c| finish(c).code);
    codes.sort_unstable();
    assert_eq!(codes, [0, 2]);
}
