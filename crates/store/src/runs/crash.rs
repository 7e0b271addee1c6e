//! Finding runs whose process is gone.

use diptych_domain::RunId;

use crate::error::Result;
use crate::home::{Home, now};
use crate::process::ProcessIdentity;

impl Home {
    /// Marks the `running` runs whose process is gone as `crashed` and says which. Every command that looks at runs
    /// calls this first; where none is running it only reads.
    ///
    /// # Errors
    /// Where the database cannot be read or written.
    pub async fn detect_crashed(&self) -> Result<Vec<RunId>> {
        self.detect_crashed_as(&ProcessIdentity::current()).await
    }

    pub(crate) async fn detect_crashed_as(&self, here: &ProcessIdentity) -> Result<Vec<RunId>> {
        let rows = sqlx::query!("SELECT pk, id, owner, heartbeat, claim FROM runs WHERE status = 'running'")
            .fetch_all(&self.pool)
            .await?;
        let now = now();
        let mut crashed = Vec::new();
        for row in rows {
            let owner = row.owner.as_deref().and_then(ProcessIdentity::from_json);
            if owner.is_some_and(|o| !o.is_gone(here, now - row.heartbeat)) {
                continue;
            }
            let mut tx = self.write().await?;
            // Only if nothing has been heard of it since it was looked at.
            let changed = sqlx::query!(
                "UPDATE runs SET status = 'crashed', message = 'its process ended without a word'
                 WHERE pk = ? AND status = 'running' AND claim = ? AND heartbeat = ?",
                row.pk,
                row.claim,
                row.heartbeat
            )
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if changed > 0 {
                sqlx::query!(
                    "INSERT INTO events (run, wall, kind, step, epoch, detail)
                     SELECT pk, ?, 'crashed', step, epoch, owner FROM runs WHERE pk = ?",
                    now,
                    row.pk
                )
                .execute(&mut *tx)
                .await?;
                tx.commit().await?;
                crashed.push(RunId::from_stored(row.id));
            }
        }
        Ok(crashed)
    }
}
