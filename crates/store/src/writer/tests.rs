use diptych_domain::{CheckpointKind, ImageRole, LogLevel, MetricKey, RunEvent, RunId, RunStatus};

use crate::testing::{ended, home, run, spec, started, values, writer};
use crate::{Home, NewRun, Series};

mod trouble;

async fn read(home: &Home, id: &RunId, key: &str) -> Series {
    home.metrics(id, &MetricKey::new(key), ..).await.unwrap()
}

async fn summary(home: &Home, id: &RunId, key: &str) -> diptych_domain::MetricSummary {
    home.summary(id).await.unwrap().metrics[&MetricKey::new(key)]
}

/// A value that depends on the step, so that a lost or repeated one shows.
fn value(step: u64) -> f64 {
    (step as f64 * 0.7).sin()
}

#[tokio::test]
async fn points_come_back_whole_from_tail_and_chunks() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    writer.log(started(0));
    // Flushes of many sizes: into the tail, over the fold limit, over a chunk's end.
    let mut step = 0;
    for size in [1, 3, 1, 700, 20_000, 1, 40_000, 2, 9_000, 5] {
        for _ in 0..size {
            step += 1;
            writer.log(values(step, &[("loss/a", value(step)), ("loss/b", -value(step))]));
        }
        writer.flush().unwrap();
        let (a, b) = (read(&home, &id, "loss/a").await, read(&home, &id, "loss/b").await);
        assert_eq!(a.steps, (1..=step).collect::<Vec<_>>());
        assert!(a.steps.iter().zip(&a.values).all(|(s, v)| *v == value(*s)));
        assert!(a.values.iter().zip(&b.values).all(|(a, b)| *a == -b));
        assert!(a.epochs.iter().zip(&a.steps).all(|(e, s)| *e == s / 10));
        assert!(a.walls.iter().zip(&a.steps).all(|(w, s)| *w == 1e9 + *s as f64));
    }
    let s = summary(&home, &id, "loss/a").await;
    assert_eq!((s.count, s.step, s.last), (step, step, value(step)));
    let all: Vec<f64> = (1..=step).map(value).collect();
    assert_eq!(s.min, all.iter().copied().fold(f64::INFINITY, f64::min));
    assert_eq!(s.max, all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    assert_eq!(s.best, s.min, "a loss is better lower");
}

#[tokio::test]
async fn steps_can_be_read_by_range() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    for step in 1..=50_000 {
        writer.log(values(step, &[("loss/a", value(step))]));
    }
    writer.flush().unwrap();
    writer.log(values(50_001, &[("loss/a", value(50_001))]));
    writer.flush().unwrap();
    let key = MetricKey::new("loss/a");
    let steps = async |range: (std::ops::Bound<u64>, std::ops::Bound<u64>)| {
        home.metrics(&id, &key, range).await.unwrap().steps
    };
    use std::ops::Bound::{Excluded, Included, Unbounded};
    assert_eq!(
        steps((Included(4090), Included(4100))).await,
        (4090..=4100).collect::<Vec<_>>()
    );
    assert_eq!(steps((Excluded(49_999), Unbounded)).await, [50_000, 50_001]);
    assert_eq!(steps((Unbounded, Excluded(3))).await, [1, 2]);
    assert_eq!(steps((Unbounded, Excluded(0))).await, [] as [u64; 0]);
    assert!(read(&home, &id, "loss/never").await.is_empty());
    assert_eq!(home.metric_keys(&id).await.unwrap(), std::slice::from_ref(&key));
}

#[tokio::test]
async fn late_keys_and_late_steps_find_their_place() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    for step in [1, 2, 5, 6] {
        writer.log(values(step, &[("loss/a", step as f64)]));
    }
    writer.flush().unwrap();
    writer.log(values(3, &[("loss/a", 3.0)]));
    writer.log(values(4, &[("loss/a", -4.0), ("eval/psnr", 20.0)]));
    writer.log(values(6, &[("loss/a", 6.5), ("eval/psnr", 25.0)]));
    writer.flush().unwrap();
    let a = read(&home, &id, "loss/a").await;
    assert_eq!(a.steps, [1, 2, 3, 4, 5, 6, 6]);
    assert_eq!(a.values, [1.0, 2.0, 3.0, -4.0, 5.0, 6.0, 6.5]);
    let s = summary(&home, &id, "loss/a").await;
    assert_eq!((s.last, s.step, s.min, s.count), (6.5, 6, -4.0, 7));
    let psnr = summary(&home, &id, "eval/psnr").await;
    assert_eq!((psnr.best, psnr.last), (25.0, 25.0), "a PSNR is better higher");
    assert_eq!(read(&home, &id, "eval/psnr").await.steps, [4, 6]);
}

#[tokio::test]
async fn nan_and_infinity_survive() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    writer.log(values(1, &[("loss/a", f64::NAN), ("loss/b", 1.0)]));
    writer.log(values(2, &[("loss/a", f64::INFINITY), ("loss/b", f64::NAN)]));
    writer.flush().unwrap();
    let a = read(&home, &id, "loss/a").await;
    assert!(a.values[0].is_nan() && a.values[1] == f64::INFINITY);
    let (a, b) = (
        summary(&home, &id, "loss/a").await,
        summary(&home, &id, "loss/b").await,
    );
    assert!(a.last == f64::INFINITY && a.min.is_nan() && a.max.is_nan() && a.count == 2);
    assert!(b.last.is_nan() && b.min == 1.0 && b.max == 1.0);
}

fn image(step: u64) -> RunEvent {
    RunEvent::Image {
        step,
        epoch: step / 10,
        wall: 1e9,
        role: ImageRole("output".into()),
        probe: 2,
        caption: "val/7.jpg".into(),
        path: format!("images/{step}.png").into(),
        width: 256,
        height: 128,
    }
}

fn checkpoint(step: u64, path: &str, kind: CheckpointKind) -> RunEvent {
    RunEvent::Checkpoint {
        step,
        epoch: step / 10,
        wall: 1e9,
        kind,
        path: path.into(),
        bytes: 1234,
        score: (kind == CheckpointKind::Best).then_some(0.5),
    }
}

#[tokio::test]
async fn a_rewind_takes_back_what_will_be_made_again() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let last = 60_000_u64; // chunks before, at and after the cut, and a tail
    let cut = 20_123;
    let first = writer(&home, &id).await;
    first.log(started(0));
    for step in 1..=last {
        let v = if step > cut {
            1e6 * value(step)
        } else {
            value(step)
        };
        first.log(values(step, &[("loss/a", v)]));
    }
    first.flush().unwrap();
    first.log(values(last + 1, &[("loss/a", -1e9), ("late/key", 1.0)]));
    for step in [cut - 1, cut, cut + 1] {
        first.log(image(step));
        first.log(checkpoint(
            step,
            &format!("checkpoints/{step}"),
            CheckpointKind::Periodic,
        ));
        first.log(RunEvent::EpochEnded {
            epoch: step / 10,
            step,
            wall: 1e9,
        });
    }
    first.flush().unwrap();
    assert_eq!(home.summary(&id).await.unwrap().step, last + 1);
    // Rewound in the same process, with points on both sides of the event in one batch.
    first.log(values(last + 2, &[("loss/a", 7e9)]));
    first.log(started(cut));
    first.log(values(cut + 1, &[("loss/a", 0.25)]));
    first.flush().unwrap();

    let a = read(&home, &id, "loss/a").await;
    assert_eq!(a.steps, (1..=cut + 1).collect::<Vec<_>>());
    assert_eq!(a.values.last(), Some(&0.25));
    let s = summary(&home, &id, "loss/a").await;
    assert_eq!((s.count, s.step, s.last), (cut + 1, cut + 1, 0.25));
    assert!(s.min >= -1.0 && s.max <= 1.0, "{s:?}");
    assert_eq!(home.metric_keys(&id).await.unwrap(), [MetricKey::new("loss/a")]);
    let run = home.summary(&id).await.unwrap();
    assert_eq!((run.step, run.epoch), (cut + 1, cut / 10));
    assert_eq!(
        home.images(&id)
            .await
            .unwrap()
            .iter()
            .map(|i| i.step)
            .collect::<Vec<_>>(),
        [cut - 1, cut]
    );
    assert_eq!(
        home.checkpoints(&id)
            .await
            .unwrap()
            .iter()
            .map(|c| c.step)
            .collect::<Vec<_>>(),
        [cut - 1, cut]
    );
    let events = home.events(&id).await.unwrap();
    assert_eq!(events.iter().filter(|e| e.kind == "epoch").count(), 2);
    assert!(events.iter().any(|e| e.kind == "rewound"));

    // And to before the first point.
    first.log(started(0));
    first.flush().unwrap();
    assert!(read(&home, &id, "loss/a").await.is_empty());
    assert!(home.summary(&id).await.unwrap().metrics.is_empty());

    // Nothing is lost: what was taken out is kept with the rewind that did it.
    let superseded = home.superseded(&id).await.unwrap();
    let of = |back_to: u64| {
        let found = superseded
            .iter()
            .find(|s| s.back_to == back_to && s.key.as_str() == "loss/a");
        found.map(|s| s.series.clone()).unwrap()
    };
    let late = of(cut);
    assert_eq!(
        (late.steps[0], late.steps.len() as u64),
        (cut + 1, last + 2 - cut)
    );
    assert_eq!(
        (late.values[0], late.values.last()),
        (1e6 * value(cut + 1), Some(&7e9))
    );
    assert_eq!(of(0).steps, (1..=cut + 1).collect::<Vec<_>>());
    assert_eq!(of(0).values.last(), Some(&0.25));
}

#[tokio::test]
async fn a_fork_takes_over_the_points_up_to_its_step_and_keeps_them() {
    let (_dir, home) = home().await;
    let parent = run(&home, "parent").await;
    let writer = writer(&home, &parent).await;
    writer.log(started(0));
    for step in 1..=5000 {
        writer.log(values(step, &[("loss/a", value(step))]));
    }
    writer.log(values(5000, &[("eval/late", 1.0)]));
    writer.flush().unwrap();
    let new = NewRun {
        parent: Some((parent.clone(), 4500)),
        ..NewRun::new(spec())
    };
    let fork = home.create_run(new).await.unwrap();
    let own = read(&home, &fork.id, "loss/a").await;
    let theirs = read(&home, &parent, "loss/a").await;
    assert_eq!(own.steps, (1..=4500).collect::<Vec<_>>());
    assert_eq!(
        (&own.values[..], &own.walls[..]),
        (&theirs.values[..4500], &theirs.walls[..4500])
    );
    let s = fork.metrics[&MetricKey::new("loss/a")];
    assert_eq!((s.count, s.step, s.last), (4500, 4500, value(4500)));
    assert!(!fork.metrics.contains_key(&MetricKey::new("eval/late")));

    // What happens to the parent later changes nothing.
    writer.log(started(10));
    writer.flush().unwrap();
    assert_eq!(read(&home, &fork.id, "loss/a").await.len(), 4500);
}

#[tokio::test]
async fn another_process_goes_on_where_the_first_left() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    for part in 0..3_u64 {
        let writer = writer(&home, &id).await;
        writer.log(started(part * 100));
        for step in part * 100 + 1..=part * 100 + 100 {
            writer.log(values(step, &[("loss/a", value(step))]));
        }
        if part == 1 {
            // Not closed in order: its points stay in the tail.
            writer.flush().unwrap();
            drop(writer);
            sqlx::query("UPDATE runs SET owner = NULL")
                .execute(&home.pool)
                .await
                .unwrap();
        } else {
            writer.log(ended(RunStatus::Stopped, part * 100 + 100));
            writer.close().unwrap();
        }
    }
    assert_eq!(
        read(&home, &id, "loss/a").await.steps,
        (1..=300).collect::<Vec<_>>()
    );
    assert_eq!(summary(&home, &id, "loss/a").await.count, 300);
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM tails")
        .fetch_one(&home.pool)
        .await
        .unwrap();
    assert_eq!(rows, 0, "an ended run is folded");
}

#[tokio::test]
async fn files_lines_and_the_end_are_recorded() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    writer.log(started(0));
    writer.log(image(3));
    writer.log(checkpoint(3, "checkpoints/last", CheckpointKind::Last));
    writer.log(checkpoint(3, "checkpoints/best", CheckpointKind::Best));
    writer.log(checkpoint(9, "checkpoints/last", CheckpointKind::Last));
    writer.log(checkpoint(9, "checkpoints/9", CheckpointKind::Periodic));
    writer.log(RunEvent::CheckpointRemoved {
        path: "checkpoints/9".into(),
    });
    writer.log(RunEvent::Log {
        level: LogLevel::Warn,
        wall: 1e9,
        message: "slow disk".into(),
    });
    writer.log(RunEvent::Ended {
        status: RunStatus::Diverged,
        step: 12,
        epoch: 1,
        wall: 3e9,
        message: Some("loss/G_L1 is NaN at step 12".into()),
    });
    writer.close().unwrap();

    let image = &home.images(&id).await.unwrap()[0];
    assert_eq!(
        (image.probe, image.width, image.height, image.caption.as_str()),
        (2, 256, 128, "val/7.jpg")
    );
    let kept = home.checkpoints(&id).await.unwrap();
    let brief: Vec<_> = kept.iter().map(|c| (c.step, c.kind, c.score)).collect();
    assert_eq!(
        brief,
        [
            (3, CheckpointKind::Best, Some(0.5)),
            (9, CheckpointKind::Last, None)
        ]
    );
    let lines = home.log_lines(&id).await.unwrap();
    assert_eq!(
        (lines[0].level, lines[0].message.as_str()),
        (LogLevel::Warn, "slow disk")
    );
    let text = std::fs::read_to_string(home.run_dir(&id).join("log.txt")).unwrap();
    assert_eq!(text, "2001-09-09T01:46:40.000Z warn  slow disk\n");
    let run = home.summary(&id).await.unwrap();
    assert_eq!(
        (run.status, run.step, run.total_steps, run.updated),
        (RunStatus::Diverged, 12, 1000, 3e9)
    );
    assert_eq!(run.message.as_deref(), Some("loss/G_L1 is NaN at step 12"));
    let kinds: Vec<_> = home
        .events(&id)
        .await
        .unwrap()
        .into_iter()
        .map(|e| e.kind)
        .collect();
    assert_eq!(kinds, ["created", "claimed", "started", "diverged"]);
    assert_eq!(home.details(&id).await.unwrap().owner, None);
}

#[tokio::test]
async fn the_end_is_final() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    writer.log(ended(RunStatus::Finished, 5));
    writer.flush().unwrap();
    writer.log(RunEvent::Log {
        level: LogLevel::Info,
        wall: 1e9,
        message: "bye".into(),
    });
    writer.close().unwrap();
    assert_eq!(home.summary(&id).await.unwrap().status, RunStatus::Finished);
    assert_eq!(home.detect_crashed().await.unwrap(), []);
    assert_eq!(home.log_lines(&id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_handle_that_outlives_its_writer_does_no_harm() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    let logger = writer.logger();
    writer.close().unwrap();
    for step in 0..100_000 {
        logger.log(values(step, &[("loss/a", 1.0)]));
    }
    assert!(home.summary(&id).await.unwrap().metrics.is_empty());
}

#[tokio::test]
async fn health_and_rollbacks_are_history_and_no_point_is_lost() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    writer.log(started(0));
    (1..=13).for_each(|step| writer.log(values(step, &[("loss/a", value(step))])));
    writer.log(RunEvent::Health {
        step: 12,
        epoch: 1,
        wall: 1e9,
        raised: true,
        message: "outputs have collapsed since step 12".into(),
    });
    writer.log(RunEvent::RolledBack {
        from: 13,
        step: 10,
        epoch: 1,
        wall: 1e9,
        message: "loss a is NaN at step 13".into(),
    });
    writer.flush().unwrap();
    let summary_of = home.summary(&id).await.unwrap();
    assert_eq!((summary_of.step, summary_of.epoch), (10, 1));
    (11..=14).for_each(|step| writer.log(values(step, &[("loss/a", -value(step))])));
    writer.flush().unwrap();
    let events = home.events(&id).await.unwrap();
    let told = |kind: &str| {
        let event = events.iter().find(|e| e.kind == kind).unwrap();
        (event.step, event.detail.clone().unwrap())
    };
    assert_eq!(
        told("health"),
        (12, "outputs have collapsed since step 12".to_owned())
    );
    assert_eq!(told("rolled_back"), (10, "loss a is NaN at step 13".to_owned()));
    let all = read(&home, &id, "loss/a").await;
    assert_eq!(
        all.steps,
        (1..=14).collect::<Vec<u64>>(),
        "10 before going back and 4 after"
    );
    assert_eq!(all.values[10..], [11, 12, 13, 14].map(|step| -value(step)));
    let superseded = home.superseded(&id).await.unwrap();
    let steps: Vec<u64> = superseded.iter().flat_map(|s| s.series.steps.clone()).collect();
    assert_eq!(steps, [11, 12, 13]);
    assert_eq!(home.summary(&id).await.unwrap().step, 14);
}
