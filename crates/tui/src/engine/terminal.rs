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

/// What fails here cannot be helped.
fn give_back() {
    let _ = execute!(
        io::stdout(),
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

/// Asks the terminal to put text into the clipboard (OSC 52); inside tmux this needs `set -g set-clipboard on`.
pub fn copy(text: &str) -> io::Result<()> {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut out = io::stdout();
    write!(out, "\x1b]52;c;{encoded}\x07")?;
    out.flush()
}
