//! What the store costs: `cargo bench -p diptych-store`. Prints a table; every number is checked against its target,
//! and the exit code is 1 where one is missed.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a program that prints, run by hand

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{MetricKey, ParamValue, RunEvent, RunStatus};
use diptych_store::blocking::BlockingHome;
use diptych_store::{Home, NewRun, ProcessIdentity, RunWriter};

const KEYS: [&str; 8] = [
    "loss/G_GAN",
    "loss/G_L1",
    "loss/D_real",
    "loss/D_fake",
    "optim/lr",
    "perf/images_per_second",
    "health/gradient_G",
    "health/gradient_D",
];

fn main() {
    let mut missed = 0;
    let mut row = |what: &str, measured: f64, unit: &str, least: Option<f64>, most: Option<f64>| {
        let bad = least.is_some_and(|l| measured < l) || most.is_some_and(|m| measured > m);
        missed += u32::from(bad);
        let target = match (least, most) {
            (Some(l), _) => format!("at least {l}"),
            (_, Some(m)) => format!("at most {m}"),
            _ => String::new(),
        };
        let measured = format!("{measured:.4} {unit}");
        println!(
            "| {what:<66} | {measured:>22} | {target:<18} | {} |",
            if bad { "MISSED" } else { "" }
        );
    };
    println!("| what | measured | target | |\n| --- | --- | --- | --- |");

    let (p50, p99) = log_calls();
    row(
        "a log call of 8 metrics, 100 µs apart: median",
        p50,
        "µs",
        None,
        Some(5.0),
    );
    row("the same: 99th percentile", p99, "µs", None, Some(50.0));

    let (rate, bytes) = write(1_000_000, 8, false);
    row(
        "one run, 125,000 steps x 8 random f64: points/s",
        rate / 1e6,
        "M/s",
        Some(1.0),
        None,
    );
    row("the same: database / points", bytes, "bytes", None, Some(16.0));
    let (rate, bytes) = write(4_000_000, 8, false);
    row(
        "one run, 500,000 steps x 8 random f64: points/s",
        rate / 1e6,
        "M/s",
        Some(1.0),
        None,
    );
    row("the same: database / points", bytes, "bytes", None, Some(16.0));
    let (rate, bytes) = write(4_000_000, 8, true);
    row(
        "the same with f32 values: points/s",
        rate / 1e6,
        "M/s",
        Some(1.0),
        None,
    );
    row("the same: database / points", bytes, "bytes", None, Some(16.0));

    let (all, range) = read_million();
    row(
        "one metric of 1,000,000 points read back",
        all,
        "ms",
        None,
        Some(150.0),
    );
    row("1,000 steps out of its middle", range, "ms", None, None);

    let listed = list();
    row(
        "200 runs with 10 metrics and 15 parameters listed",
        listed.list,
        "ms",
        None,
        Some(10.0),
    );
    row(
        "one metric of 10 of them, 1,000 points each",
        listed.ten,
        "ms",
        None,
        None,
    );
    row("home opened", listed.open, "ms", None, None);
    row("a run found by prefix", listed.find, "ms", None, None);
    if missed > 0 {
        std::process::exit(1);
    }
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// A cheap random stream (splitmix64) of numbers in 0..1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn new_run(i: usize) -> NewRun {
    let mut spec: ExperimentSpec = serde_json::from_str(r#"{"model": "pix2pix"}"#).unwrap();
    for p in 0..15 {
        spec.params
            .insert(format!("param_{p}"), ParamValue::Float(p as f64 * 0.1));
    }
    NewRun {
        name: Some(format!("run-{i}")),
        environment: BTreeMap::from([("hostname".into(), "bench".into())]),
        tags: vec!["bench".into()],
        ..NewRun::new(spec)
    }
}

fn start(home: &BlockingHome, i: usize) -> RunWriter {
    let claim = home.wait(|home: Home| async move {
        let run = home.create_run(new_run(i)).await.unwrap();
        home.claim(&run.id, &ProcessIdentity::current()).await.unwrap()
    });
    let writer = home.home().writer(claim).unwrap();
    writer.log(RunEvent::Started {
        step: 0,
        epoch: 0,
        total_steps: 0,
        total_epochs: 0,
        wall: now(),
    });
    writer
}

fn end(writer: RunWriter, step: u64) {
    writer.log(RunEvent::Ended {
        status: RunStatus::Finished,
        step,
        epoch: 1,
        wall: now(),
        message: None,
    });
    writer.close().unwrap();
}

fn event(keys: &[MetricKey], step: u64, wall: f64, random: &mut Random, single: bool) -> RunEvent {
    RunEvent::Metrics {
        step,
        epoch: 1 + step / 400,
        wall,
        values: keys
            .iter()
            .map(|k| {
                let v = random.next();
                (k.clone(), if single { f64::from(v as f32) } else { v })
            })
            .collect(),
    }
}

fn keys(n: usize) -> Vec<MetricKey> {
    (0..n)
        .map(|i| {
            KEYS.get(i)
                .map_or_else(|| MetricKey::loss(&format!("x{i}")), |k| MetricKey::new(*k))
        })
        .collect()
}

/// Median and 99th percentile of a call, making the event included, in µs.
fn log_calls() -> (f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let home = BlockingHome::open(dir.path()).unwrap();
    let writer = start(&home, 0);
    let (keys, mut random) = (keys(8), Random(1));
    let mut times: Vec<Duration> = (1..=30_000)
        .map(|step| {
            let due = Instant::now() + Duration::from_micros(100);
            let before = Instant::now();
            writer.log(event(&keys, step, now(), &mut random, false));
            let took = before.elapsed();
            while Instant::now() < due {
                std::hint::spin_loop();
            }
            took
        })
        .collect();
    end(writer, 30_000);
    times.sort();
    let at = |q: f64| times[(times.len() as f64 * q) as usize].as_secs_f64() * 1e6;
    (at(0.5), at(0.99))
}

/// Points a second from the first log call to everything durable on disk, and bytes a point once the write-ahead log
/// is merged. A step takes 10 ms and a little in the recorded times.
fn write(points: u64, metrics: usize, single: bool) -> (f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let home = BlockingHome::open(dir.path()).unwrap();
    let writer = start(&home, 0);
    let (keys, mut random, steps) = (keys(metrics), Random(2), points / metrics as u64);
    let base = now();
    let before = Instant::now();
    for step in 1..=steps {
        let wall = base + step as f64 * 0.01 + random.next() * 0.001;
        writer.log(event(&keys, step, wall, &mut random, single));
    }
    end(writer, steps);
    let took = before.elapsed().as_secs_f64();
    home.wait(Home::close);
    (points as f64 / took, size(dir.path()) / points as f64)
}

fn size(home: &Path) -> f64 {
    ["diptych.db", "diptych.db-wal"]
        .iter()
        .filter_map(|f| std::fs::metadata(home.join(f)).ok())
        .map(|m| m.len() as f64)
        .sum()
}

/// Median milliseconds of some tries.
fn timed<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let before = Instant::now();
            std::hint::black_box(work());
            before.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn read_million() -> (f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let home = BlockingHome::open(dir.path()).unwrap();
    let writer = start(&home, 0);
    let (keys, mut random) = (keys(1), Random(3));
    for step in 1..=1_000_000 {
        writer.log(event(&keys, step, 1e9 + step as f64 * 0.01, &mut random, false));
    }
    let run = writer.run().clone();
    writer.flush().unwrap(); // still live: part of it is in the tail
    let read = |from: u64, to: u64| {
        let (run, key) = (run.clone(), keys[0].clone());
        home.wait(|home| async move { home.metrics(&run, &key, from..to).await.unwrap() })
    };
    assert_eq!(read(0, u64::MAX).len(), 1_000_000);
    assert_eq!(read(500_000, 501_000).len(), 1_000);
    (timed(|| read(0, u64::MAX)), timed(|| read(500_000, 501_000)))
}

struct Listed {
    list: f64,
    ten: f64,
    open: f64,
    find: f64,
}

fn list() -> Listed {
    let dir = tempfile::tempdir().unwrap();
    let home = BlockingHome::open(dir.path()).unwrap();
    let (keys, mut random) = (keys(10), Random(4));
    let mut runs = Vec::new();
    for i in 0..200 {
        let writer = start(&home, i);
        for step in 1..=1_000 {
            writer.log(event(&keys, step, 1e9 + step as f64 * 0.01, &mut random, false));
        }
        runs.push(writer.run().clone());
        end(writer, 1_000);
    }
    let list = || home.wait(|home| async move { home.list().await.unwrap() });
    assert!(
        list().len() == 200
            && list()
                .iter()
                .all(|r| r.metrics.len() == 10 && r.spec.params.len() == 15)
    );
    let ten = || {
        for run in &runs[..10] {
            let (run, key) = (run.clone(), keys[0].clone());
            let points = home.wait(|home| async move { home.metrics(&run, &key, ..).await.unwrap() });
            assert_eq!(points.len(), 1_000);
        }
    };
    Listed {
        list: timed(list),
        ten: timed(ten),
        open: timed(|| BlockingHome::open(dir.path()).unwrap()),
        find: timed(|| home.wait(|home| async move { home.find_run("run-199").await.unwrap() })),
    }
}
