//! What `show` prints beyond a summary.

use diptych_domain::RunId;

use super::create::pk;
use crate::error::Result;
use crate::home::Home;
use crate::process::ProcessIdentity;

/// What is known of a run beyond its summary.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetails {
    /// BLAKE3 of the spec's canonical JSON, in hex: equal for equal experiments.
    pub spec_hash: String,
    /// The spec's canonical JSON as saved, whatever version saved it.
    pub spec_json: String,
    /// The runs forked from it, oldest first, and the steps at which they were.
    pub forks: Vec<Fork>,
    /// Epochs of the whole run (0: not known yet).
    pub total_epochs: u64,
    /// The process that trains it, or trained it last if that ended without a word.
    pub owner: Option<ProcessIdentity>,
    /// When that process was last heard of: seconds since the Unix epoch.
    pub heartbeat: f64,
    /// Whether it has been asked to stop.
    pub stop_requested: bool,
}

/// A run that was forked from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// The step of the checkpoint that it began with.
    pub step: u64,
}

impl Home {
    /// What is known of a run beyond its summary.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn details(&self, run: &RunId) -> Result<RunDetails> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let row = sqlx::query!(
            r#"SELECT spec_hash, spec, total_epochs, owner, heartbeat, stop_requested AS "stop_requested: bool"
               FROM runs WHERE pk = ?"#,
            run
        )
        .fetch_one(&mut *tx)
        .await?;
        let forks = sqlx::query!(
            r#"SELECT id, name, parent_step AS "step!" FROM runs WHERE parent = ? AND parent_step IS NOT NULL ORDER BY id"#,
            run
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(RunDetails {
            spec_hash: row.spec_hash,
            spec_json: row.spec,
            forks: forks
                .into_iter()
                .map(|f| Fork {
                    id: RunId::from_stored(f.id),
                    name: f.name,
                    step: f.step as u64,
                })
                .collect(),
            total_epochs: row.total_epochs as u64,
            owner: row.owner.as_deref().and_then(ProcessIdentity::from_json),
            heartbeat: row.heartbeat,
            stop_requested: row.stop_requested,
        })
    }
}
