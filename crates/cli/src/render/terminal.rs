//! What standard output is.

use std::io::{self, IsTerminal};

/// Columns of the terminal on standard output; enough for long lines where it is none.
pub fn width() -> usize {
    if let Some(columns) = std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .filter(|c| *c > 0)
    {
        return columns;
    }
    if !io::stdout().is_terminal() {
        return 200;
    }
    usize::from(columns()).max(40)
}

/// Columns of the terminal on standard error; 80 where it is none.
pub fn error_width() -> usize {
    terminal_size::terminal_size_of(io::stderr())
        .map_or(80, |(terminal_size::Width(columns), _)| columns.into())
}

fn columns() -> u16 {
    terminal_size::terminal_size_of(io::stdout()).map_or(80, |(terminal_size::Width(columns), _)| columns)
}

/// Whether to colour: a terminal, and `NO_COLOR` unset or empty.
pub fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Whether the terminal shows 24-bit colours.
pub fn true_colour() -> bool {
    colours() && std::env::var("COLORTERM").is_ok_and(|v| v == "truecolor" || v == "24bit")
}
