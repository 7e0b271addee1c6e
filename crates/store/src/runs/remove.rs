//! Putting runs aside, and deleting them.

use std::path::Path;

use diptych_domain::{RunId, RunStatus};

use super::create::pk;
use super::list::parse_status;
use crate::error::{Result, StoreError};
use crate::home::{Home, now};
use crate::process::ProcessIdentity;

impl Home {
    /// Puts a run aside, or takes it back: lists and queries leave archived runs out, unless they ask for them.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be written.
    pub async fn set_archived(&self, run: &RunId, archived: bool) -> Result<()> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        sqlx::query!("UPDATE runs SET archived = ? WHERE pk = ?", archived, run)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// How many bytes a run's files take up, and its points in the database about.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read. Files that cannot be read do not count.
    pub async fn run_bytes(&self, run: &RunId) -> Result<u64> {
        let mut tx = self.read().await?;
        let row = pk(&mut tx, run).await?;
        let points = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(length(c.data)), 0) AS "n!: i64"
               FROM chunks c JOIN metrics m ON m.pk = c.metric WHERE m.run = ?"#,
            row
        )
        .fetch_one(&mut *tx)
        .await?;
        drop(tx);
        Ok(points as u64 + folder_bytes(&self.run_dir(run)))
    }

    /// Deletes a run: its row with everything that hangs on it, then its files. Forks of it stay. Says how many bytes of files
    /// that freed; the database's own file does not shrink, it fills the room again.
    ///
    /// # Errors
    /// [`StoreError::AlreadyRunning`] while a living process trains it, an unknown run, where the database cannot be written, or
    /// [`StoreError::Unwritable`] where files could not be removed (the run is gone from the database then).
    pub async fn delete_run(&self, run: &RunId) -> Result<u64> {
        let mut tx = self.write().await?;
        let row = pk(&mut tx, run).await?;
        let found = sqlx::query!(
            "SELECT name, status, owner, heartbeat FROM runs WHERE pk = ?",
            row
        )
        .fetch_one(&mut *tx)
        .await?;
        let status = parse_status(run.as_str(), &found.status)?;
        let owner = found.owner.as_deref().and_then(ProcessIdentity::from_json);
        let here = ProcessIdentity::current();
        if matches!(status, RunStatus::Running | RunStatus::Queued)
            && let Some(owner) = owner.filter(|o| !o.is_gone(&here, now() - found.heartbeat))
        {
            return Err(StoreError::AlreadyRunning {
                run: found.name,
                owner: Box::new(owner),
            });
        }
        sqlx::query!("DELETE FROM runs WHERE pk = ?", row)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let folder = self.run_dir(run);
        let bytes = folder_bytes(&folder);
        match std::fs::remove_dir_all(&folder) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Unwritable { path: folder, source })
            }
            _ => Ok(bytes),
        }
    }
}

/// The sizes of all files below `folder` that can be seen.
fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
