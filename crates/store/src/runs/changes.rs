//! What changed since a screen last looked.

use diptych_domain::{RunId, RunSummary};
use sqlx::SqliteConnection;

use super::list::summaries;
use crate::error::Result;
use crate::home::Home;

/// Everything that happened to runs since some revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The revision that these lead to: what to ask with next time.
    pub revision: i64,
    /// The runs that are new, have changed, or have logged something, newest first.
    pub runs: Vec<RunSummary>,
    /// How many runs there are. Where that is not what the caller then has, runs were deleted: [`Home::run_ids`] says which remain.
    pub total: u64,
}

impl Home {
    /// A number that grows with every change to any run.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn revision(&self) -> Result<i64> {
        let mut tx = self.read().await?;
        revision(&mut tx).await
    }

    /// What happened after `revision`. Asking costs some 0.1 ms where nothing has.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn changes_since(&self, since: i64) -> Result<Changes> {
        let mut tx = self.read().await?;
        let revision = revision(&mut tx).await?;
        let changed = if revision == since {
            Vec::new()
        } else {
            sqlx::query_scalar!("SELECT pk FROM runs WHERE revision > ?", since)
                .fetch_all(&mut *tx)
                .await?
        };
        let runs = if changed.is_empty() {
            Vec::new()
        } else {
            summaries(&mut tx, Some(&changed)).await?
        };
        let total = sqlx::query_scalar!("SELECT count(*) FROM runs")
            .fetch_one(&mut *tx)
            .await?;
        Ok(Changes {
            revision,
            runs,
            total: total as u64,
        })
    }

    /// Every run's id, newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn run_ids(&self) -> Result<Vec<RunId>> {
        let ids = sqlx::query_scalar!("SELECT id FROM runs ORDER BY id DESC")
            .fetch_all(&self.pool)
            .await?;
        Ok(ids.into_iter().map(RunId::from_stored).collect())
    }
}

async fn revision(tx: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query_scalar!("SELECT n FROM revision")
        .fetch_one(tx)
        .await?)
}
