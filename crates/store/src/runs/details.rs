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
    /// The version or commit of the code that made it.
    pub code_version: String,
    /// A hash over the data set.
    pub data_fingerprint: Option<String>,
    /// The run it branched from, and the step at which it did.
    pub parent: Option<(RunId, u64)>,
    /// Epochs of the whole run (0: not known yet).
    pub total_epochs: u64,
    /// The process that trains it, or trained it last if that ended without a word.
    pub owner: Option<ProcessIdentity>,
    /// When that process was last heard of: seconds since the Unix epoch.
    pub heartbeat: f64,
    /// Whether it has been asked to stop.
    pub stop_requested: bool,
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
            r#"SELECT r.spec_hash, r.spec, r.code_version, r.data_fingerprint, r.total_epochs, r.owner, r.heartbeat,
                      r.stop_requested AS "stop_requested: bool", r.parent_step, p.id AS "parent?"
               FROM runs r LEFT JOIN runs p ON p.pk = r.parent WHERE r.pk = ?"#,
            run
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(RunDetails {
            spec_hash: row.spec_hash,
            spec_json: row.spec,
            code_version: row.code_version,
            data_fingerprint: row.data_fingerprint,
            parent: row
                .parent
                .zip(row.parent_step)
                .map(|(id, step)| (RunId::from_stored(id), step as u64)),
            total_epochs: row.total_epochs as u64,
            owner: row.owner.as_deref().and_then(ProcessIdentity::from_json),
            heartbeat: row.heartbeat,
            stop_requested: row.stop_requested,
        })
    }
}
