//! The machine and the toolchain that a run was made with.

use std::collections::BTreeMap;

use diptych_domain::RunId;

use crate::error::Result;
use crate::home::Home;
use crate::runs::pk;

impl Home {
    /// A run's environment by key: `hostname`, `os`, `cpu`, `threads`, `rustc`, `diptych`, ...
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn environment(&self, run: &RunId) -> Result<BTreeMap<String, String>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let rows = sqlx::query!("SELECT key, value FROM environment WHERE run = ?", run)
            .fetch_all(&mut *tx)
            .await?;
        Ok(rows.into_iter().map(|r| (r.key, r.value)).collect())
    }
}
