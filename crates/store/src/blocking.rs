//! A home for code that is not asynchronous.

use std::path::Path;

use tokio::runtime::Runtime;

use crate::error::{Result, StoreError};
use crate::home::Home;

/// A home with a small runtime of its own.
///
/// ```no_run
/// # fn main() -> diptych_store::Result<()> {
/// let home = diptych_store::blocking::BlockingHome::open(".diptych")?;
/// let runs = home.wait(|home| async move { home.list().await })?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct BlockingHome {
    home: Home,
    runtime: Runtime,
}

impl BlockingHome {
    /// As [`Home::open`].
    ///
    /// # Errors
    /// As [`Home::open`]; also where no thread can be started.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|e| StoreError::WriterStopped {
                message: format!("no runtime: {e}"),
            })?;
        let home = runtime.block_on(Home::open(root))?;
        Ok(Self { home, runtime })
    }

    /// The asynchronous home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Waits for something to be done with the home. Not to be called from asynchronous code.
    pub fn wait<F: Future>(&self, work: impl FnOnce(Home) -> F) -> F::Output {
        self.runtime.block_on(work(self.home.clone()))
    }
}
