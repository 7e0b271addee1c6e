//! Several processes on one home, and what is left of one that is killed.
//!
//! The tests start this test binary again, as a child that runs one "test" which does nothing unless it is told
//! by an environment variable what to do.
#![allow(clippy::unwrap_used)] // helpers of tests, which may

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{MetricKey, RunEvent, RunId, RunStatus};
use diptych_store::{Home, NewRun, ProcessIdentity, RunWriter, StoreError};

const KEYS: [&str; 4] = ["loss/G_GAN", "loss/G_L1", "loss/D_real", "loss/D_fake"];

fn wall() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

fn step_of(step: u64) -> RunEvent {
    RunEvent::Metrics {
        step,
        epoch: 1,
        wall: wall(),
        values: KEYS
            .iter()
            .enumerate()
            .map(|(i, k)| (MetricKey::new(*k), step as f64 + i as f64))
            .collect(),
    }
}

fn new_run(name: &str) -> NewRun {
    let spec: ExperimentSpec = serde_json::from_str(r#"{"model": "pix2pix"}"#).unwrap();
    NewRun {
        name: Some(name.into()),
        ..NewRun::new(spec)
    }
}

async fn train(home: &Home, name: &str) -> RunWriter {
    let run = home.create_run(new_run(name)).await.unwrap();
    let claim = home.claim(&run.id, &ProcessIdentity::current()).await.unwrap();
    let writer = home.writer(claim).unwrap();
    writer.log(RunEvent::Started {
        step: 0,
        epoch: 0,
        total_steps: 0,
        total_epochs: 0,
        wall: wall(),
    });
    writer
}

/// What a child does: `forever`, until it is killed, or `short`, a run from beginning to end with reads in between.
#[tokio::test]
async fn child() {
    let (Ok(task), Ok(path)) = (std::env::var("STORE_TEST_TASK"), std::env::var("STORE_TEST_HOME")) else {
        return;
    };
    let home = Home::open(path).await.unwrap();
    let writer = train(&home, "child").await;
    if task == "forever" {
        for step in 1.. {
            writer.log(step_of(step));
            println!("step {step} {}", wall());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    for step in 1..=400 {
        writer.log(step_of(step));
        if step % 40 == 0 {
            writer.flush().unwrap();
            home.list().await.unwrap();
            home.detect_crashed().await.unwrap();
        }
    }
    writer.log(RunEvent::Ended {
        status: RunStatus::Finished,
        step: 400,
        epoch: 1,
        wall: wall(),
        message: None,
    });
    writer.close().unwrap();
}

fn spawn(task: &str, home: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("STORE_TEST_TASK", task)
        .env("STORE_TEST_HOME", home)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

async fn one_run(home: &Home) -> RunId {
    home.list().await.unwrap()[0].id.clone()
}

#[tokio::test]
async fn a_killed_process_loses_nothing_older_than_half_a_second() {
    for steps in [3, 120, 500] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = spawn("forever", dir.path());
        let mut logged: Vec<(u64, f64)> = Vec::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while logged.len() < steps && out.read_line(&mut line).unwrap() > 0 {
            // libtest prints the test's name in front of its first line.
            if let Some(at) = line.find("step ") {
                let mut words = line[at + 5..].split_whitespace().map(str::to_owned);
                let (step, wall) = (words.next().unwrap(), words.next().unwrap());
                logged.push((step.parse().unwrap(), wall.parse().unwrap()));
            }
            line.clear();
        }
        child.kill().unwrap();
        let killed = wall();
        child.wait().unwrap();
        assert_eq!(logged.len(), steps);

        let home = Home::open(dir.path()).await.unwrap();
        let id = one_run(&home).await;
        assert_eq!(home.detect_crashed().await.unwrap(), std::slice::from_ref(&id));
        let summary = home.summary(&id).await.unwrap();
        assert_eq!(summary.status, RunStatus::Crashed);
        let old = logged
            .iter()
            .filter(|(_, at)| killed - at > 0.5)
            .map(|(step, _)| *step)
            .max();
        for (i, key) in KEYS.into_iter().enumerate() {
            let key = MetricKey::new(key);
            let kept = home.metrics(&id, &key, ..).await.unwrap();
            let last = kept.steps.last().copied().unwrap_or(0);
            assert_eq!(kept.steps, (1..=last).collect::<Vec<_>>(), "no gaps");
            assert!(
                kept.steps
                    .iter()
                    .zip(&kept.values)
                    .all(|(s, v)| *v == *s as f64 + i as f64)
            );
            assert!(last >= old.unwrap_or(0), "kept up to {last}, but {old:?} was old");
            if let Some(one) = summary.metrics.get(&key) {
                assert_eq!(
                    (one.count, one.step),
                    (last, last),
                    "the summary is of the same transaction"
                );
            }
        }
        // It can be taken up again.
        home.claim(&id, &ProcessIdentity::current()).await.unwrap();
    }
}

#[tokio::test]
async fn a_living_process_keeps_its_run_to_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = spawn("forever", dir.path());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("step ") && out.read_line(&mut line).unwrap() > 0 {}
    let home = Home::open(dir.path()).await.unwrap();
    let id = one_run(&home).await;
    assert_eq!(home.detect_crashed().await.unwrap(), []);
    let refused = home.claim(&id, &ProcessIdentity::current()).await.unwrap_err();
    let pid = child.id();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(refused, StoreError::AlreadyRunning { owner, .. } if owner.pid == pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_trainers_and_readers_share_a_home() {
    let dir = tempfile::tempdir().unwrap();
    let mut children: Vec<Child> = (0..5).map(|_| spawn("short", dir.path())).collect();
    let home = Home::open(dir.path()).await.unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let home = home.clone();
            tokio::spawn(async move {
                let writer = train(&home, "thread").await;
                for step in 1..=400 {
                    writer.log(step_of(step));
                    if step % 100 == 0 {
                        home.list().await.unwrap();
                        home.add_tags(writer.run(), &[format!("at-{step}")])
                            .await
                            .unwrap();
                    }
                }
                tokio::task::spawn_blocking(|| writer.close())
                    .await
                    .unwrap()
                    .unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.await.unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    for child in &mut children {
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "a child hangs");
            home.list().await.unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(child.wait().unwrap().success());
    }
    let runs = home.list().await.unwrap();
    assert_eq!(runs.len(), 9);
    for run in &runs {
        for key in KEYS {
            assert_eq!(run.metrics[&MetricKey::new(key)].count, 400, "{} {key}", run.name);
        }
    }
    let finished = runs.iter().filter(|r| r.status == RunStatus::Finished).count();
    assert_eq!(finished, 5);
}
