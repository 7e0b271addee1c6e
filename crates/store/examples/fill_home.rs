//! Makes a home as large as one wants to try screens on:
//!
//! ```text
//! cargo run --release -p diptych-store --example fill_home -- DIR [RUNS [POINTS [LONG]]]
//! cargo run --release -p diptych-store --example fill_home -- DIR live [POINTS_A_SECOND [SECONDS]]
//! ```
//! The first makes RUNS runs (10,000) with POINTS points (100,000,000) in eight metrics altogether; LONG of them (10) have a
//! million in each of two metrics. Losses fall with noise and rare spikes; runs differ in five parameters and three seeds, some
//! failed, diverged or crashed. The second logs to one more run until the time is up.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a program that prints, run by hand

use std::time::{Duration, Instant};

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{MetricKey, ParamValue, RunEvent, RunStatus};
use diptych_store::blocking::BlockingHome;
use diptych_store::{NewRun, ProcessIdentity, RunWriter};

const KEYS: [&str; 8] = [
    "loss/G_GAN",
    "loss/G_L1",
    "loss/D_real",
    "loss/D_fake",
    "optim/lr",
    "eval/psnr",
    "eval/ssim",
    "health/balance",
];
const LONG_POINTS: u64 = 1_000_000;
/// When the first run was made, in seconds since the Unix epoch.
const BEGAN: f64 = 1.79e9;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = args.first() else {
        println!(
            "usage: fill_home DIR [RUNS [POINTS [LONG]]] | fill_home DIR live [POINTS_A_SECOND [SECONDS]]"
        );
        std::process::exit(2);
    };
    let live = args.get(1).is_some_and(|a| a == "live");
    let numbers: Vec<u64> = args[1 + usize::from(live)..]
        .iter()
        .map(|a| a.replace('_', "").parse().unwrap_or_else(|e| panic!("{a}: {e}")))
        .collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let home = BlockingHome::open(dir).unwrap();
    let began = Instant::now();
    if live {
        log_live(&home, number(0, 1000), number(1, 60));
    } else {
        fill(&home, number(0, 10_000), number(1, 100_000_000), number(2, 10));
    }
    println!("{dir}: done in {:.1} s", began.elapsed().as_secs_f64());
}

fn fill(home: &BlockingHome, runs: u64, points: u64, long: u64) {
    let long = long.min(runs);
    let short_points = points.saturating_sub(long * 2 * LONG_POINTS);
    let steps = short_points / (runs - long).max(1) / KEYS.len() as u64;
    let began = Instant::now();
    for i in 0..runs {
        let created = BEGAN + i as f64 * 600.0;
        let writer = start(home, i, created);
        if i < long {
            log(&writer, i, LONG_POINTS, &KEYS[..2], created);
        } else {
            log(&writer, i, steps, &KEYS, created);
        }
        end(&writer, i, if i < long { LONG_POINTS } else { steps }, created);
        writer.close().unwrap();
        if (i + 1) % 500 == 0 {
            println!("{} runs, {:.0} s", i + 1, began.elapsed().as_secs_f64());
        }
    }
}

fn start(home: &BlockingHome, i: u64, created: f64) -> RunWriter {
    let layers = [1, 2, 3, 4, 5][(i / 3 % 5) as usize];
    let mut spec: ExperimentSpec = serde_json::from_str(r#"{"model": "pix2pix"}"#).unwrap();
    spec.seed = i % 3 + 1;
    for (key, value) in [
        ("n_layers", ParamValue::Int(layers)),
        (
            "ngf",
            ParamValue::Int(if (i / 15).is_multiple_of(2) { 32 } else { 64 }),
        ),
        (
            "lambda_l1",
            ParamValue::Float([10.0, 100.0][(i / 30 % 2) as usize]),
        ),
        ("dropout", ParamValue::Bool((i / 60).is_multiple_of(2))),
        (
            "gan_mode",
            ParamValue::Text(["vanilla", "lsgan"][(i / 120 % 2) as usize].into()),
        ),
    ] {
        spec.params.insert(key.into(), value);
    }
    let new = NewRun {
        name: Some(format!("made-{i}")),
        tags: vec![format!("study-{}", i / 240)],
        code_version: "0.1.0".into(),
        ..NewRun::new(spec)
    };
    let run = home.wait(|home| async move { home.create_run(new).await.unwrap() });
    let claim =
        home.wait(|home| async move { home.claim(&run.id, &ProcessIdentity::current()).await.unwrap() });
    let writer = home.home().writer(claim).unwrap();
    writer.logger().log(RunEvent::Started {
        step: 0,
        epoch: 0,
        total_steps: 2000,
        total_epochs: 20,
        wall: created,
    });
    writer
}

fn log(writer: &RunWriter, run: u64, steps: u64, keys: &[&str], created: f64) {
    let logger = writer.logger();
    let keys: Vec<MetricKey> = keys.iter().map(|k| MetricKey::new(*k)).collect();
    let mut noise = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for step in 1..=steps {
        let values = keys
            .iter()
            .enumerate()
            .map(|(k, key)| (key.clone(), value(run, step, k as u64, &mut noise)))
            .collect();
        logger.log(RunEvent::Metrics {
            step,
            epoch: step / 100,
            wall: created + step as f64 * 0.05,
            values,
        });
    }
}

/// A loss with noise, and now and then a spike, kept in single precision as losses are.
fn value(run: u64, step: u64, key: u64, noise: &mut u64) -> f64 {
    *noise ^= *noise << 13;
    *noise ^= *noise >> 7;
    *noise ^= *noise << 17;
    let random = (*noise >> 40) as f64 / (1 << 24) as f64;
    let level = 1.0 + (run % 7 + key) as f64;
    let falling = level * (0.2 + (-(step as f64) / 500.0).exp()) * (0.8 + 0.4 * random);
    f64::from(if (*noise).is_multiple_of(9973) {
        falling * 20.0
    } else {
        falling
    } as f32)
}

fn end(writer: &RunWriter, run: u64, step: u64, created: f64) {
    let (status, message) = match run % 20 {
        7 => (RunStatus::Failed, Some("no space left on device".to_owned())),
        13 => (RunStatus::Diverged, Some("loss/G_L1 is NaN".to_owned())),
        17 => (RunStatus::Stopped, None),
        _ => (RunStatus::Finished, None),
    };
    writer.logger().log(RunEvent::Ended {
        status,
        step,
        epoch: step / 100,
        wall: created + step as f64 * 0.05,
        message,
    });
}

fn log_live(home: &BlockingHome, points_a_second: u64, seconds: u64) {
    let i = std::process::id().into();
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let writer = start(home, i, now());
    let logger = writer.logger();
    let keys = KEYS.map(MetricKey::new);
    let pause = Duration::from_secs_f64(keys.len() as f64 / points_a_second.max(1) as f64);
    let (began, mut noise, mut step) = (Instant::now(), i | 1, 0);
    while began.elapsed() < Duration::from_secs(seconds) && !writer.stop_requested() {
        step += 1;
        let values = keys
            .iter()
            .enumerate()
            .map(|(k, key)| (key.clone(), value(i, step, k as u64, &mut noise)));
        logger.log(RunEvent::Metrics {
            step,
            epoch: step / 100,
            wall: now(),
            values: values.collect(),
        });
        let due = pause.mul_f64(step as f64);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
    logger.log(RunEvent::Ended {
        status: RunStatus::Stopped,
        step,
        epoch: step / 100,
        wall: now(),
        message: None,
    });
    println!("{step} steps of {} metrics", keys.len());
    writer.close().unwrap();
}
