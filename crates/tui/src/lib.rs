//! The dashboard in a terminal.
//!
//! # Map
//! - [`action`]: everything that a key can do; [`keys`]: which key does it where. Help, palette and context bar come from these.
//! - [`state`]: all that is known; [`update`]: how an [`event`] changes it and which [`effect`]s that asks for.
//! - [`views`]: a folder a view; [`overlay`]: forms, lists, questions and help over them; [`widgets`]: what they share.
//! - [`screen`]: draws a state. Drawing looks at the state and at nothing else.
//! - [`engine`]: the loop, the terminal, and what does the effects.
//! - [`host`]: what the dashboard asks of the program around it, which can train.
//! - [`session`]: what is kept between sessions; [`export`]: what a view is exported as.

pub mod action;
pub mod effect;
pub mod engine;
pub mod event;
pub mod export;
pub mod host;
pub mod keys;
pub mod overlay;
pub mod screen;
pub mod session;
pub mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod update;
pub mod views;
pub mod widgets;

pub use engine::pictures::Via;
pub use engine::{Options, TuiError, run};
pub use host::{Host, Job, Wanted};
pub use keys::Keymap;
pub use theme::{Depth, Theme};
