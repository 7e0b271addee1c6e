//! One training process a run: the lock goes with its process, however that ends.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::RunnerError;

const FILE: &str = "train.lock";
/// A killed process holds its lock until the system is done with it, which takes a while where it was writing.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 3000 });
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Held while a process trains a run.
#[derive(Debug)]
pub(crate) struct RunLock {
    /// Closing the file gives the lock back.
    _file: File,
}

impl RunLock {
    /// Makes the run's folder where there is none, and locks it.
    pub fn acquire(run_dir: &Path) -> Result<Self, RunnerError> {
        let path = run_dir.join(FILE);
        let fail = |source| RunnerError::Write {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(run_dir).map_err(fail)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        let deadline = Instant::now() + PATIENCE;
        let mut outcome = file.try_lock();
        while matches!(outcome, Err(TryLockError::WouldBlock)) && Instant::now() < deadline {
            sleep(PAUSE);
            outcome = file.try_lock();
        }
        match outcome {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(RunnerError::Busy { lock: path }),
            // Some network file systems know no locks; a run there goes unguarded.
            Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => {
                Ok(Self { _file: file })
            }
            Err(TryLockError::Error(e)) => Err(fail(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("runs/1");
        let first = RunLock::acquire(&run).unwrap();
        assert!(matches!(RunLock::acquire(&run), Err(RunnerError::Busy { .. })));
        drop(first);
        RunLock::acquire(&run).unwrap();
    }
}
