//! Everything that can happen to the dashboard, in one type.

use crossterm::event::{KeyEvent, MouseEvent};

use crate::effect::Reply;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has so many columns and rows now.
    Resize(u16, u16),
    /// Time has passed: seconds since the Unix epoch.
    Tick(f64),
    /// An effect is done.
    Reply(Box<Reply>),
    /// The system wants the process to end.
    Terminate,
}
