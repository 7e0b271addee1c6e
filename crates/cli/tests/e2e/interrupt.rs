//! Stopping, dying and continuing.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// Killed without warning, again and again, a run is seen as crashed, keeps its points and ends where an unbroken one ends.
/// `DIPTYCH_KILLS=50` kills that often and also asserts that no point older than half a second is lost.
#[test]
fn a_killed_run_is_seen_as_crashed_and_resumes_to_the_same_end() {
    let asked = std::env::var("DIPTYCH_KILLS")
        .ok()
        .and_then(|n| n.parse::<u32>().ok());
    let kills = asked.unwrap_or(3);
    let world = World::new();
    let train = format!("train tiny.toml --threads 1 --set optim.epochs={}", 20 * kills);
    world.ok(&format!("{train} --name unbroken"));

    let mut child = world.spawn(&format!("{train} --name broken"));
    let (mut state, mut worst, mut crashes) = (1_u64, 0.0_f64, 0);
    for _ in 0..kills {
        let run = world.wait_for("broken", |r| {
            r["status"] == "running" || r["status"] == "finished"
        });
        if run["status"] == "finished" {
            break;
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(300 + (state >> 33) % 600));
        child.kill().unwrap();
        let killed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        child.wait().unwrap();
        let run = world.wait_for("broken", |r| {
            r["status"] == "crashed" || r["status"] == "finished"
        });
        if run["status"] == "crashed" {
            crashes += 1;
            worst = worst.max(killed - run["updated"].as_f64().unwrap());
        }
        child = world.spawn("resume broken --threads 1");
    }
    finish(child);
    assert!(crashes > 0, "it finished before it could be killed");
    assert_eq!(world.json("show broken --json")["status"], "finished");
    // Not one point may be missing: what a killed process had not stored yet lies after its last checkpoint, and is made again.
    let points = |run: &str| -> HashMap<u64, f64> {
        let points = world.json(&format!("metrics {run} --metric loss/G_L1 --format json"));
        let point = |p: &Value| (p["step"].as_u64().unwrap(), p["value"].as_f64().unwrap());
        points.as_array().unwrap().iter().map(point).collect()
    };
    let (unbroken, broken) = (points("unbroken"), points("broken"));
    let missing = unbroken.keys().filter(|step| !broken.contains_key(step)).count();
    assert_eq!(missing, 0, "points are missing");
    assert!(unbroken == broken, "the losses differ");
    assert!(
        weights(&world, "unbroken") == weights(&world, "broken"),
        "the weights differ"
    );
    // Points that were made again are kept, and since training is deterministic they were the same.
    let superseded = world.json("metrics broken --metric loss/G_L1 --superseded --format json");
    for point in superseded.as_array().unwrap() {
        let step = point["step"].as_u64().unwrap();
        assert!(step > point["back_to"].as_u64().unwrap(), "{point}");
        assert_eq!(point["value"].as_f64(), unbroken.get(&step).copied(), "{point}");
    }
    let rewinds = world.json("show broken --json");
    let rewound = rewinds["events"]
        .as_array()
        .unwrap()
        .iter()
        .any(|e| e["kind"] == "rewound");
    assert_eq!(rewound, !superseded.as_array().unwrap().is_empty());
    if asked.is_some() {
        let all = unbroken.len();
        eprintln!(
            "{crashes} crashes, none of {all} points missing; when killed, the newest stored was at most {worst:.3} s old"
        );
        assert!(worst < 0.5, "points of {worst} s were lost");
    }
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
    std::thread::sleep(Duration::from_secs(1));
    world.ok("stop a");
    let mut codes = two.map(|c| finish(c).code);
    codes.sort_unstable();
    assert_eq!(codes, [0, 2]);
}
