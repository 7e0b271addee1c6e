//! The order in which queued runs are trained: a file in the home, which whoever works the queue off reads.

use std::io::ErrorKind;
use std::path::PathBuf;

use diptych_domain::RunId;

use crate::error::{Result, StoreError};
use crate::home::Home;

/// The file's name: an id a line.
const FILE: &str = "queue.txt";

impl Home {
    fn queue_file(&self) -> PathBuf {
        self.path().join(FILE)
    }

    /// The order of the queue as it was set last. It may name runs that are not queued any more; queued runs that it does not name
    /// come behind it, oldest first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn queue_order(&self) -> Result<Vec<RunId>> {
        let path = self.queue_file();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.split_whitespace().map(RunId::from_stored).collect()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    /// Sets the order of the queue.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn set_queue_order(&self, order: &[RunId]) -> Result<()> {
        let path = self.queue_file();
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let text: String = order.iter().map(|id| format!("{id}\n")).collect();
        std::fs::write(&temporary, text)
            .and_then(|()| std::fs::rename(&temporary, &path))
            .map_err(|source| StoreError::File { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::home;

    #[tokio::test]
    async fn the_order_is_kept() {
        let (_dir, home) = home().await;
        assert_eq!(home.queue_order().unwrap(), []);
        let order = ["b", "a"].map(RunId::from_stored);
        home.set_queue_order(&order).unwrap();
        assert_eq!(home.queue_order().unwrap(), order);
    }
}
