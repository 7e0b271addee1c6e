//! Checkpoints: rows here, files in the run's folder.

use std::path::PathBuf;

use diptych_domain::{CheckpointKind, RunId};
use sqlx::SqliteConnection;

use crate::error::{Result, StoreError};
use crate::home::Home;
use crate::metrics::fold::to_db;
use crate::runs::pk;

/// A checkpoint on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointRecord {
    /// The step it holds.
    pub step: u64,
    /// Completed epochs.
    pub epoch: u64,
    /// When it was written: seconds since the Unix epoch.
    pub wall: f64,
    /// Why it is kept.
    pub kind: CheckpointKind,
    /// The file, relative to the run's folder.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The watched metric's value for [`CheckpointKind::Best`].
    pub score: Option<f64>,
}

impl Home {
    /// Records a checkpoint that a run has before its first training. Those of a training come as events.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be written.
    pub async fn add_checkpoint(&self, run: &RunId, checkpoint: &CheckpointRecord) -> Result<()> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        put_checkpoint(&mut tx, run, checkpoint).await?;
        Ok(tx.commit().await?)
    }

    /// A run's checkpoints, in the order of their steps.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn checkpoints(&self, run: &RunId) -> Result<Vec<CheckpointRecord>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let rows = sqlx::query!(
            "SELECT path, step, epoch, wall, kind, bytes, score FROM checkpoints WHERE run = ? ORDER BY step, wall",
            run
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|r| {
                let kind = [
                    CheckpointKind::Last,
                    CheckpointKind::Best,
                    CheckpointKind::Periodic,
                ]
                .into_iter()
                .find(|k| k.as_str() == r.kind)
                .ok_or_else(|| StoreError::Damaged {
                    what: format!("the kind of checkpoint {}", r.path),
                    problem: format!("`{}` is not one of last, best, periodic", r.kind),
                })?;
                Ok(CheckpointRecord {
                    step: r.step as u64,
                    epoch: r.epoch as u64,
                    wall: r.wall,
                    kind,
                    path: r.path.into(),
                    bytes: r.bytes as u64,
                    score: r.score,
                })
            })
            .collect()
    }
}

/// Writes or replaces the row of a file.
pub(crate) async fn put_checkpoint(
    connection: &mut SqliteConnection,
    run: i64,
    checkpoint: &CheckpointRecord,
) -> Result<()> {
    let (path, kind) = (checkpoint.path.to_string_lossy(), checkpoint.kind.as_str());
    let [step, epoch, bytes] = [checkpoint.step, checkpoint.epoch, checkpoint.bytes].map(to_db);
    let path = path.as_ref();
    sqlx::query!(
        "INSERT OR REPLACE INTO checkpoints (run, path, step, epoch, wall, kind, bytes, score)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        run,
        path,
        step,
        epoch,
        checkpoint.wall,
        kind,
        bytes,
        checkpoint.score
    )
    .execute(connection)
    .await?;
    Ok(())
}
