//! Ctrl-C and SIGTERM.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::output;

static SIGNALS: AtomicU32 = AtomicU32::new(0);
static ON_FIRST: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// From now on the first Ctrl-C (or SIGTERM) calls `on_first`, and the second ends the process at once with exit code 130.
/// Only the first call of a process counts.
pub fn install(on_first: impl Fn() + Send + Sync + 'static) -> Result<(), ctrlc::Error> {
    if ON_FIRST.set(Box::new(on_first)).is_err() {
        return Ok(());
    }
    ctrlc::set_handler(|| {
        if SIGNALS.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(130);
        }
        output::note(
            "\nStopping after this step; a checkpoint is written. Press Ctrl-C again to exit at once.",
        );
        if let Some(act) = ON_FIRST.get() {
            act();
        }
    })
}

/// Whether a signal has come.
pub fn received() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}
