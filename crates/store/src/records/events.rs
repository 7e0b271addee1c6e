//! A run's history.

use diptych_domain::RunId;

use crate::error::Result;
use crate::home::Home;
use crate::runs::pk;

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// When: seconds since the Unix epoch.
    pub wall: f64,
    /// What: `created`, `claimed`, `started`, `rewound`, `epoch`, `stop_requested`, `crashed`, `health`,
    /// `rolled_back`, or the status that a
    /// process ended with.
    pub kind: String,
    /// Steps done by then.
    pub step: u64,
    /// Epochs completed by then.
    pub epoch: u64,
    /// More about it: an error, a process.
    pub detail: Option<String>,
}

impl Home {
    /// A run's history, oldest first.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn events(&self, run: &RunId) -> Result<Vec<EventRecord>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let rows = sqlx::query!(
            "SELECT wall, kind, step, epoch, detail FROM events WHERE run = ? ORDER BY pk",
            run
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|r| EventRecord {
                wall: r.wall,
                kind: r.kind,
                step: r.step as u64,
                epoch: r.epoch as u64,
                detail: r.detail,
            })
            .collect())
    }
}
