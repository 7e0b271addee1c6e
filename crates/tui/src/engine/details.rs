//! Reads everything about a run.

use diptych_domain::RunId;
use diptych_store::{Home, StoreError};

use crate::effect::RunPage;

/// Reads it.
pub async fn read(home: &Home, run: &RunId) -> Result<Box<RunPage>, String> {
    let page = async || -> Result<RunPage, StoreError> {
        Ok(RunPage {
            details: home.details(run).await?,
            checkpoints: home.checkpoints(run).await?,
            events: home.events(run).await?,
            environment: home.environment(run).await?.into_iter().collect(),
            log: home.log_lines(run).await?,
            folder: home.run_dir(run),
        })
    };
    match page().await {
        Ok(page) => Ok(Box::new(page)),
        Err(StoreError::NotFound { .. }) => Err("this run has been deleted".into()),
        Err(e) => Err(e.to_string()),
    }
}
