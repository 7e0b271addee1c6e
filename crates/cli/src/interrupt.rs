//! Ctrl-C, SIGTERM, and the end of a sweep that started this process.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::output;

static SIGNALS: AtomicU32 = AtomicU32::new(0);
static STDIN_ENDED: AtomicBool = AtomicBool::new(false);
static ON_FIRST: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// From now on the first Ctrl-C (or SIGTERM) calls `on_first`, and the second ends the process at once with exit code 130.
/// Only the first call of a process counts.
pub fn install(on_first: impl Fn() + Send + Sync + 'static) -> Result<(), ctrlc::Error> {
    if ON_FIRST.set(Box::new(on_first)).is_err() {
        return Ok(());
    }
    if STDIN_ENDED.load(Ordering::SeqCst) {
        act();
    }
    ctrlc::set_handler(|| {
        if SIGNALS.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(130);
        }
        output::note(
            "\nStopping after this step; a checkpoint is written. Press Ctrl-C again to exit at once.",
        );
        act();
    })
}

/// From now on the end of standard input does what the first Ctrl-C does. A sweep holds the other end of its runs' standard
/// input and writes nothing: it closes it to stop them, and the system closes it when the sweep dies, however that happens.
pub fn watch_stdin() -> io::Result<()> {
    std::thread::Builder::new().name("stdin".into()).spawn(|| {
        // An error is an end too.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        STDIN_ENDED.store(true, Ordering::SeqCst);
        act();
    })?;
    Ok(())
}

/// Calls what [`install`] was given, if it was called yet.
fn act() {
    if let Some(act) = ON_FIRST.get() {
        act();
    }
}

/// Whether a signal, or the end of a watched standard input, has come.
pub fn received() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0 || STDIN_ENDED.load(Ordering::SeqCst)
}
