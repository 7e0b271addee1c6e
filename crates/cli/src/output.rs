//! Standard output: the only place that writes to it, so that a closed pipe ends a command quietly.

use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Standard output, buffered; flush before the end by [`finish`].
pub fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Flushes, with errors that dropping would swallow.
pub fn finish(mut out: impl Write) -> Result<(), Failure> {
    Ok(out.flush()?)
}

/// Writes text and a line end.
pub fn line(text: impl AsRef<str>) -> Result<(), Failure> {
    let mut out = stdout();
    writeln!(out, "{}", text.as_ref().trim_end_matches('\n'))?;
    finish(out)
}

/// Writes one JSON document and a line end.
pub fn json(document: &impl Serialize) -> Result<(), Failure> {
    let mut out = stdout();
    serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?;
    writeln!(out)?;
    finish(out)
}

/// Writes a line to standard error: notes that are not the command's result.
pub fn note(text: impl AsRef<str>) {
    // Where standard error is closed nobody reads notes.
    let _ = writeln!(io::stderr(), "{}", text.as_ref());
}

/// Writes a question to standard error, without a line end.
pub fn ask(question: &str) {
    let mut err = io::stderr();
    let _ = write!(err, "{question}");
    let _ = err.flush();
}
