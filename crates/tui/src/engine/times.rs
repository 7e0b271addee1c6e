//! How long frames take: `tui --times FILE`, for measuring.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use crate::event::Event;
use crate::state::State;

/// Collects times, where somebody wants them.
pub struct Times {
    file: Option<PathBuf>,
    begun: Instant,
    /// When the first key that has not been drawn yet came in.
    pressed: Option<Instant>,
    seen_runs: bool,
    lines: String,
}

impl Times {
    /// Writes them to a file when the dashboard is left.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self {
            file,
            begun: Instant::now(),
            pressed: None,
            seen_runs: false,
            lines: "what,milliseconds\n".into(),
        }
    }

    /// An event has come in.
    pub fn event(&mut self, event: &Event) {
        if matches!(event, Event::Key(_) | Event::Mouse(_)) {
            self.pressed.get_or_insert_with(Instant::now);
        }
    }

    /// A frame has been drawn; `began` says since when.
    pub fn frame(&mut self, state: &State, began: Instant) {
        if self.file.is_none() {
            return;
        }
        let mut line = |what: &str, since: Instant| {
            // Writing into a text cannot fail.
            let _ = writeln!(self.lines, "{what},{:.3}", since.elapsed().as_secs_f64() * 1e3);
        };
        line("draw", began);
        if let Some(pressed) = self.pressed.take() {
            line("key to frame", pressed);
        }
        if state.runs.loaded && !self.seen_runs {
            self.seen_runs = true;
            line("first runs", self.begun);
        }
    }

    /// Writes what was collected.
    pub fn write(self) -> std::io::Result<()> {
        match self.file {
            Some(file) => std::fs::write(file, self.lines),
            None => Ok(()),
        }
    }
}
