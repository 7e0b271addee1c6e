//! Takes the terminal and gives it back, whatever happens.

use std::io::{self, Stdout, Write};

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// The terminal that is drawn on.
pub type Screen = Terminal<CrosstermBackend<Stdout>>;

/// Has the terminal; dropping it gives it back.
pub struct Guard;

impl Guard {
    /// Takes the terminal, and sees to it that a panic gives it back before its message is printed. A panic of a task is that task's
    /// failure, and told as one: the dashboard goes on, and nothing may be printed over it.
    pub fn take() -> io::Result<(Self, Screen)> {
        give_back_in_panics(give_back);
        enable_raw_mode()?;
        let guard = Self;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableMouseCapture,
            EnableBracketedPaste
        )?;
        Ok((guard, Terminal::new(CrosstermBackend::new(io::stdout()))?))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// From now on a panic of this thread gives the terminal back before anything else is told of it.
fn give_back_in_panics(give_back: impl Fn() + Send + Sync + 'static) {
    let owner = std::thread::current().id();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == owner {
            give_back();
            hook(info);
        } else {
            tracing::error!("{info}");
        }
    }));
}

/// What fails here cannot be helped.
fn give_back() {
    let _ = restore(&mut io::stdout());
    let _ = disable_raw_mode();
}

/// Writes what ends everything that [`Guard::take`] began.
fn restore(out: &mut impl Write) -> io::Result<()> {
    execute!(
        out,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    )
}

/// Asks the terminal for its status (DSR), which all answer.
pub fn ask_status() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(b"\x1b[5n")?;
    out.flush()
}

/// Asks the terminal to put text into the clipboard (OSC 52); inside tmux this needs `set -g set-clipboard on`.
pub fn copy(text: &str) -> io::Result<()> {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut out = io::stdout();
    write!(out, "\x1b]52;c;{encoded}\x07")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_panic_restores_the_terminal_before_its_message_is_printed() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let before = panic::take_hook();
        let printed = written.clone();
        panic::set_hook(Box::new(move |info| {
            printed.lock().unwrap().extend(info.to_string().into_bytes());
        }));
        let restored = written.clone();
        give_back_in_panics(move || restore(&mut *restored.lock().unwrap()).unwrap());
        let caught = panic::catch_unwind(|| panic!("a view has broken"));
        // Those of other threads are told, not printed.
        let elsewhere = std::thread::spawn(|| panic!("a task has broken")).join();
        panic::set_hook(before);
        assert!(caught.is_err() && elsewhere.is_err());
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let at = |part: &str| {
            text.find(part)
                .unwrap_or_else(|| panic!("{part:?} is missing in {text:?}"))
        };
        let message = at("a view has broken");
        for sequence in ["\x1b[?2004l", "\x1b[?1000l", "\x1b[?1049l", "\x1b[?25h"] {
            assert!(at(sequence) < message, "{sequence:?}");
        }
        assert!(!text.contains("a task has broken"), "{text:?}");
    }
}
