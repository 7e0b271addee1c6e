//! When the clock, the disk or the database misbehaves.

use diptych_domain::{MetricKey, RunEvent};

use super::{read, summary};
use crate::testing::{home, run, values, writer};
use crate::{StoreError, WriterProblem};

#[tokio::test]
async fn a_clock_that_gives_nonsense_stops_nothing() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    writer.log(RunEvent::EpochEnded {
        epoch: 1,
        step: 2,
        wall: f64::NAN,
    });
    writer.log(RunEvent::Metrics {
        step: 3,
        epoch: 2,
        wall: f64::INFINITY,
        values: vec![(MetricKey::loss("a"), 1.0)],
    });
    writer.close().unwrap();
    let summary = home.summary(&id).await.unwrap();
    assert_eq!((summary.step, summary.epoch), (3, 1));
    assert!(summary.updated.is_finite());
}

#[tokio::test]
async fn points_wait_out_a_database_that_cannot_be_written() {
    let (_dir, mut home) = home().await;
    let id = run(&home, "x").await;
    home.set_busy_timeout(std::time::Duration::from_millis(5));
    let writer = writer(&home, &id).await;
    writer.log(values(1, &[("loss/a", 1.0)]));
    writer.flush().unwrap();

    let lock = home.write().await.unwrap();
    writer.log(values(2, &[("loss/a", 2.0)]));
    let error = writer.flush().unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(matches!(writer.problem(), Some(WriterProblem::Retrying { .. })));
    writer.log(values(3, &[("loss/a", 3.0)]));
    drop(lock);
    writer.flush().unwrap();
    assert_eq!(writer.problem(), None);
    assert_eq!(
        read(&home, &id, "loss/a").await.steps,
        [1, 2, 3],
        "none lost, none twice"
    );
    assert_eq!(
        (summary(&home, &id, "loss/a").await.count, writer.dropped()),
        (3, 0)
    );
}

#[tokio::test]
async fn a_writer_beyond_hope_says_so_and_never_holds_training_up() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let writer = writer(&home, &id).await;
    sqlx::query("DROP TABLE tails").execute(&home.pool).await.unwrap();
    writer.log(values(1, &[("loss/a", 1.0)]));
    let error = writer.flush().unwrap_err();
    assert!(error.to_string().contains("tails"), "{error}");
    for step in 0..100_000 {
        writer.log(values(step, &[("loss/a", 1.0)]));
    }
    assert!(
        matches!(writer.close(), Err(StoreError::WriterStopped { message }) if message.contains("tails"))
    );
}
