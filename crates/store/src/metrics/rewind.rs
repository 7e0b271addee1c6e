//! Taking back the points of steps that are about to be made again.

use sqlx::SqliteConnection;

use super::fold::{Points, Tail, decode_chunk, put_chunk, to_db};
use super::stats::Stats;
use super::superseded::{keep, keep_chunks, new_rewind};
use crate::error::Result;

/// Takes a run's points of steps after `step` out of its history, keeps them as superseded, and sets every metric's summary
/// right; says how many there were.
pub(crate) async fn rewind(
    connection: &mut SqliteConnection,
    run: i64,
    tail: &mut Tail,
    step: u64,
    wall: f64,
) -> Result<u64> {
    let step_db = to_db(step);
    let late = sqlx::query_scalar!(
        "SELECT count(*) FROM metrics WHERE run = ? AND last_step > ?",
        run,
        step_db
    )
    .fetch_one(&mut *connection)
    .await?;
    if late == 0 {
        return Ok(0);
    }
    tail.fold(connection, run, Points::new()).await?;
    let rewind = new_rewind(connection, run, step, wall).await?;
    keep_chunks(connection, rewind, run, step).await?;
    let cut = sqlx::query!(
        "SELECT m.pk AS metric, c.seq, c.data FROM metrics m JOIN chunks c ON c.metric = m.pk
         WHERE m.run = ? AND c.first_step <= ? AND c.last_step > ?",
        run,
        step_db,
        step_db
    )
    .fetch_all(&mut *connection)
    .await?;
    for chunk in cut {
        let mut points = decode_chunk(chunk.metric, chunk.seq, &chunk.data)?;
        let mut late = points.clone();
        late.retain_steps(|s| s > step);
        keep(connection, rewind, chunk.metric, chunk.seq, &late).await?;
        points.retain_steps(|s| s <= step);
        put_chunk(connection, chunk.metric, chunk.seq, &points).await?;
    }
    sqlx::query!(
        "DELETE FROM chunks WHERE first_step > ? AND metric IN (SELECT pk FROM metrics WHERE run = ?)",
        step_db,
        run
    )
    .execute(&mut *connection)
    .await?;
    recount(connection, run).await
}

/// Makes every metric's summary anew from its chunks; says by how many points they shrank.
async fn recount(connection: &mut SqliteConnection, run: i64) -> Result<u64> {
    let metrics = sqlx::query!("SELECT pk, points FROM metrics WHERE run = ?", run)
        .fetch_all(&mut *connection)
        .await?;
    let mut gone = 0;
    for metric in metrics {
        let chunks = sqlx::query!(
            "SELECT points, first_step, last_step, last_value, min_value, max_value FROM chunks
             WHERE metric = ? ORDER BY seq",
            metric.pk
        )
        .fetch_all(&mut *connection)
        .await?;
        let mut stats = Stats::empty();
        for c in chunks {
            let [last, min, max] = [c.last_value, c.min_value, c.max_value].map(|v| v.unwrap_or(f64::NAN));
            stats.merge(&Stats {
                points: c.points as u64,
                first_step: c.first_step as u64,
                last_step: c.last_step as u64,
                last,
                min,
                max,
            });
        }
        gone += (metric.points as u64).saturating_sub(stats.points);
        put_summary(connection, metric.pk, &stats).await?;
    }
    sqlx::query!("DELETE FROM metrics WHERE run = ? AND points = 0", run)
        .execute(connection)
        .await?;
    Ok(gone)
}

/// Writes a metric's summary.
pub(crate) async fn put_summary(connection: &mut SqliteConnection, metric: i64, stats: &Stats) -> Result<()> {
    let (points, last_step) = (stats.points as i64, to_db(stats.last_step));
    sqlx::query!(
        "UPDATE metrics SET points = ?, last_step = ?, last_value = ?, min_value = ?, max_value = ? WHERE pk = ?",
        points,
        last_step,
        stats.last,
        stats.min,
        stats.max,
        metric
    )
    .execute(connection)
    .await?;
    Ok(())
}
