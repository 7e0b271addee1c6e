//! How fast a home can be looked at: `cargo run --release -p diptych-store --example time_home -- DIR`. Medians of 21 readings,
//! with everything in the page cache.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a program that prints, run by hand

use std::time::Instant;

use diptych_domain::{MetricKey, RunId};
use diptych_store::blocking::BlockingHome;

fn main() {
    let dir = std::env::args().nth(1).expect("usage: time_home DIR");
    let home = BlockingHome::open(&dir).unwrap();
    time("the home opened", || drop(BlockingHome::open(&dir).unwrap()));
    for n in [50, 200, 500] {
        time(&format!("the {n} newest runs"), || {
            home.wait(|home| async move { home.list_page(None, n).await.unwrap() });
        });
    }
    let began = Instant::now();
    let runs = home.wait(|home| async move {
        let mut all = Vec::new();
        loop {
            let page = home
                .list_page(all.last().map(|r: &diptych_domain::RunSummary| &r.id), 500)
                .await
                .unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    });
    report(
        &format!("all {} runs in pages of 500", runs.len()),
        began.elapsed().as_secs_f64(),
    );
    let revision = home.wait(|home| async move { home.revision().await.unwrap() });
    time("nothing has changed", || {
        home.wait(|home| async move { home.changes_since(revision).await.unwrap() });
    });
    let mut series: Vec<(u64, RunId, MetricKey)> = runs
        .iter()
        .flat_map(|r| r.metrics.iter().map(|(k, m)| (m.count, r.id.clone(), k.clone())))
        .collect();
    series.sort_by_key(|s| std::cmp::Reverse(s.0));
    series.truncate(10);
    let points: u64 = series.iter().map(|s| s.0).sum();
    for most in [160, 400, 2000] {
        time(
            &format!(
                "{} curves of {points} points in {most} columns each",
                series.len()
            ),
            || {
                for (_, run, key) in &series {
                    let (run, key) = (run.clone(), key.clone());
                    home.wait(|home| async move { home.overview(&run, &key, .., most).await.unwrap() });
                }
            },
        );
    }
    let at_once = home.wait(|home| async move {
        let began = Instant::now();
        let tasks: Vec<_> = series
            .iter()
            .map(|(_, run, key)| {
                let (home, run, key) = (home.clone(), run.clone(), key.clone());
                tokio::spawn(async move { home.overview(&run, &key, .., 400).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        began.elapsed()
    });
    report("the curves in 400 columns, all at once", at_once.as_secs_f64());
}

fn time(what: &str, mut work: impl FnMut()) {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    report(what, times[10]);
}

fn report(what: &str, seconds: f64) {
    println!("{what:<60} {:>9.2} ms", seconds * 1e3);
}
