//! Asking a run to stop.

use diptych_domain::RunId;

use super::create::pk;
use crate::error::Result;
use crate::home::{Home, now};

impl Home {
    /// Asks the process that trains this run to stop: it will finish its step, write a checkpoint and end. Says
    /// whether there is such a process; where there is none nothing changes.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be written.
    pub async fn request_stop(&self, run: &RunId) -> Result<bool> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        let changed = sqlx::query!(
            "UPDATE runs SET stop_requested = 1 WHERE pk = ? AND status = 'running'",
            run
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if changed > 0 {
            let now = now();
            sqlx::query!(
                "INSERT INTO events (run, wall, kind, step, epoch)
                 SELECT pk, ?, 'stop_requested', step, epoch FROM runs WHERE pk = ?",
                now,
                run
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Whether this run has been asked to stop. A trainer asks [`crate::RunWriter::stop_requested`] instead, which
    /// costs nothing.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn stop_requested(&self, run: &RunId) -> Result<bool> {
        Ok(self.details(run).await?.stop_requested)
    }

    /// Takes a request to stop back.
    ///
    /// # Errors
    /// As [`Home::request_stop`].
    pub async fn clear_stop(&self, run: &RunId) -> Result<()> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        sqlx::query!("UPDATE runs SET stop_requested = 0 WHERE pk = ?", run)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
