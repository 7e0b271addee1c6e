//! The history that a fork takes over.
//!
//! It is copied: a run's points and summaries then need no other run to be read, and nothing happens to them where the parent is
//! deleted, or rewound. A point costs about ten bytes.

use sqlx::SqliteConnection;

use super::fold::{append_to_chunks, decode_chunk, read_tail, to_db};
use super::rewind::put_summary;
use super::series::Series;
use super::stats::Stats;
use crate::error::Result;

/// Copies every point of `parent` up to and including `step` to `run`, which has none yet.
pub(crate) async fn inherit(
    connection: &mut SqliteConnection,
    parent: i64,
    step: u64,
    run: i64,
) -> Result<()> {
    let last = to_db(step);
    let metrics = sqlx::query!("SELECT pk, key FROM metrics WHERE run = ? ORDER BY key", parent)
        .fetch_all(&mut *connection)
        .await?;
    let mut tail = read_tail(connection, parent, None).await?;
    for metric in metrics {
        let chunks = sqlx::query!(
            "SELECT seq, data FROM chunks WHERE metric = ? AND first_step <= ? ORDER BY seq",
            metric.pk,
            last
        )
        .fetch_all(&mut *connection)
        .await?;
        let mut points = Series::default();
        for chunk in chunks {
            points.append(&mut decode_chunk(metric.pk, chunk.seq, &chunk.data)?);
        }
        if let Some(mut newest) = tail.remove(&metric.pk) {
            points.append(&mut newest);
        }
        points.retain_steps(|s| s <= step);
        if points.is_empty() {
            continue;
        }
        let own = sqlx::query!(
            "INSERT INTO metrics (run, key, points, last_step) VALUES (?, ?, 0, 0)",
            run,
            metric.key
        )
        .execute(&mut *connection)
        .await?
        .last_insert_rowid();
        put_summary(connection, own, &Stats::of(&points)).await?;
        append_to_chunks(connection, own, points).await?;
    }
    Ok(())
}
