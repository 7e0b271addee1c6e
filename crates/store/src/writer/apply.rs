//! Writing a batch inside a transaction.

use std::collections::HashMap;

use diptych_domain::{MetricKey, RunEvent};
use sqlx::SqliteConnection;

use super::batch::{Batch, Op, storable};
use super::state::{State, Tracked, metrics};
use crate::error::Result;
use crate::home::now;
use crate::metrics::Series;
use crate::metrics::fold::{Points, to_db};
use crate::metrics::rewind::{put_summary, rewind};
use crate::metrics::stats::Stats;
use crate::records::{CheckpointRecord, put_checkpoint};
use crate::runs::{Claim, lost};

/// Writes everything in `batch`; says whether the run has been asked to stop.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    claim: &Claim,
    state: &mut State,
    batch: &Batch,
) -> Result<bool> {
    let run = claim.pk;
    for op in batch.ops() {
        match op {
            Op::Points(points) => put_points(connection, run, state, points).await?,
            Op::Event(event) => put_event(connection, run, state, event).await?,
        }
    }
    state.step = state.step.max(batch.step);
    beat(connection, claim, state, batch.wall).await
}

/// The heartbeat and the progress. A run that was taken for crashed, wrongly, is running again.
async fn beat(connection: &mut SqliteConnection, claim: &Claim, state: &State, wall: f64) -> Result<bool> {
    let (now, step, epoch) = (now(), to_db(state.step), to_db(state.epoch));
    let row = sqlx::query!(
        r#"UPDATE runs SET heartbeat = ?1, updated = max(updated, ?2), step = ?3, epoch = ?4,
               message = CASE WHEN status = 'crashed' AND NOT ?5 THEN NULL ELSE message END,
               status = CASE WHEN status = 'crashed' AND NOT ?5 THEN 'running' ELSE status END
           WHERE pk = ?6 AND claim = ?7 RETURNING stop_requested AS "stop: bool""#,
        now,
        wall,
        step,
        epoch,
        state.ended,
        claim.pk,
        claim.number
    )
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => Ok(row.stop),
        None => Err(lost(connection, claim).await?),
    }
}

async fn put_points(
    connection: &mut SqliteConnection,
    run: i64,
    state: &mut State,
    points: &HashMap<MetricKey, Series>,
) -> Result<()> {
    let mut by_row = Points::new();
    for (key, series) in points {
        let fresh = Stats::of(series);
        let tracked = match state.metrics.get_mut(key) {
            Some(tracked) => tracked,
            None => {
                let pk = new_metric(connection, run, key).await?;
                let stats = Stats::empty();
                state.metrics.entry(key.clone()).or_insert(Tracked { pk, stats })
            }
        };
        tracked.stats.merge(&fresh);
        put_summary(connection, tracked.pk, &tracked.stats).await?;
        by_row.insert(tracked.pk, series.clone());
    }
    state.tail.add(connection, run, by_row).await
}

async fn new_metric(connection: &mut SqliteConnection, run: i64, key: &MetricKey) -> Result<i64> {
    let key = key.as_str();
    Ok(sqlx::query!(
        "INSERT INTO metrics (run, key, points, last_step) VALUES (?, ?, 0, 0)",
        run,
        key
    )
    .execute(connection)
    .await?
    .last_insert_rowid())
}

async fn put_event(
    connection: &mut SqliteConnection,
    run: i64,
    state: &mut State,
    event: &RunEvent,
) -> Result<()> {
    match event {
        RunEvent::Metrics { .. } => {} // a batch keeps these as points
        RunEvent::Started {
            step,
            epoch,
            total_steps,
            total_epochs,
            wall,
        } => {
            take_back(connection, run, state, *step, *epoch, storable(*wall)).await?;
            let (total_steps, total_epochs) = (to_db(*total_steps), to_db(*total_epochs));
            sqlx::query!(
                "UPDATE runs SET total_steps = ?, total_epochs = ? WHERE pk = ?",
                total_steps,
                total_epochs,
                run
            )
            .execute(&mut *connection)
            .await?;
            note(connection, run, storable(*wall), "started", (*step, *epoch), None).await?;
        }
        RunEvent::EpochEnded { epoch, step, wall } => {
            state.step = state.step.max(*step);
            state.epoch = *epoch;
            note(connection, run, storable(*wall), "epoch", (*step, *epoch), None).await?;
        }
        RunEvent::Health {
            step,
            epoch,
            wall,
            message,
            ..
        } => {
            let at = (*step, *epoch);
            note(connection, run, storable(*wall), "health", at, Some(message)).await?;
        }
        RunEvent::RolledBack {
            step,
            epoch,
            wall,
            message,
            ..
        } => {
            take_back(connection, run, state, *step, *epoch, storable(*wall)).await?;
            let at = (*step, *epoch);
            note(connection, run, storable(*wall), "rolled_back", at, Some(message)).await?;
        }
        RunEvent::Ended {
            status,
            step,
            epoch,
            wall,
            message,
        } => {
            (state.step, state.epoch, state.ended) = (*step, *epoch, true);
            let status = status.as_str();
            sqlx::query!(
                "UPDATE runs SET status = ?, message = ?, owner = NULL, stop_requested = 0 WHERE pk = ?",
                status,
                message,
                run
            )
            .execute(&mut *connection)
            .await?;
            state.tail.fold(connection, run, Points::new()).await?;
            note(
                connection,
                run,
                storable(*wall),
                status,
                (*step, *epoch),
                message.as_deref(),
            )
            .await?;
        }
        RunEvent::Log { level, wall, message } => {
            let (level, wall) = (level.as_str(), storable(*wall));
            sqlx::query!(
                "INSERT INTO log_lines (run, wall, level, message) VALUES (?, ?, ?, ?)",
                run,
                wall,
                level,
                message
            )
            .execute(connection)
            .await?;
        }
        RunEvent::Image { .. } | RunEvent::Checkpoint { .. } | RunEvent::CheckpointRemoved { .. } => {
            put_file(connection, run, event).await?;
        }
    }
    Ok(())
}

async fn put_file(connection: &mut SqliteConnection, run: i64, event: &RunEvent) -> Result<()> {
    match event {
        RunEvent::Image {
            step,
            epoch,
            wall,
            role,
            probe,
            caption,
            path,
            width,
            height,
        } => {
            let (path, wall) = (path.to_string_lossy(), storable(*wall));
            let (path, step, epoch) = (path.as_ref(), to_db(*step), to_db(*epoch));
            sqlx::query!(
                "INSERT OR REPLACE INTO images (run, path, step, epoch, wall, role, probe, caption, width, height)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                run,
                path,
                step,
                epoch,
                wall,
                role.0,
                probe,
                caption,
                width,
                height
            )
            .execute(connection)
            .await?;
        }
        RunEvent::Checkpoint {
            step,
            epoch,
            wall,
            kind,
            path,
            bytes,
            score,
        } => {
            let record = CheckpointRecord {
                step: *step,
                epoch: *epoch,
                wall: storable(*wall),
                kind: *kind,
                path: path.clone(),
                bytes: *bytes,
                score: *score,
            };
            put_checkpoint(connection, run, &record).await?;
        }
        RunEvent::CheckpointRemoved { path } => {
            let path = path.to_string_lossy();
            let path = path.as_ref();
            sqlx::query!("DELETE FROM checkpoints WHERE run = ? AND path = ?", run, path)
                .execute(connection)
                .await?;
        }
        _ => {}
    }
    Ok(())
}

/// Takes back what belongs to steps after `step`: it is about to be made again. Points are superseded; images and checkpoints,
/// whose files will be overwritten, are forgotten.
async fn take_back(
    connection: &mut SqliteConnection,
    run: i64,
    state: &mut State,
    step: u64,
    epoch: u64,
    wall: f64,
) -> Result<()> {
    let step_db = to_db(step);
    let points = rewind(connection, run, &mut state.tail, step, wall).await?;
    if points > 0 {
        state.metrics = metrics(connection, run).await?;
    }
    let images = sqlx::query!("DELETE FROM images WHERE run = ? AND step > ?", run, step_db)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let checkpoints = sqlx::query!("DELETE FROM checkpoints WHERE run = ? AND step > ?", run, step_db)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    sqlx::query!(
        "DELETE FROM events WHERE run = ? AND kind = 'epoch' AND step > ?",
        run,
        step_db
    )
    .execute(&mut *connection)
    .await?;
    let from = std::mem::replace(&mut state.step, step);
    (state.epoch, state.ended) = (epoch, false);
    if points + images + checkpoints > 0 {
        let detail = format!(
            "from step {from}: {points} points superseded, {images} images, {checkpoints} checkpoints deleted"
        );
        note(connection, run, wall, "rewound", (step, epoch), Some(&detail)).await?;
    }
    Ok(())
}

async fn note(
    connection: &mut SqliteConnection,
    run: i64,
    wall: f64,
    kind: &str,
    (step, epoch): (u64, u64),
    detail: Option<&str>,
) -> Result<()> {
    let (step, epoch) = (to_db(step), to_db(epoch));
    sqlx::query!(
        "INSERT INTO events (run, wall, kind, step, epoch, detail) VALUES (?, ?, ?, ?, ?, ?)",
        run,
        wall,
        kind,
        step,
        epoch,
        detail
    )
    .execute(connection)
    .await?;
    Ok(())
}
