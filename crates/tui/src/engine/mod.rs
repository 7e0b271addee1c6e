//! What touches the world: the terminal, the store, files, the machine. Effects run on tasks of their own and answer with events.

pub mod curves;
mod details;
mod figures;
pub mod machine;
mod paths;
mod perform;
pub mod pictures;
mod reader;
pub mod run;
mod terminal;
mod times;

pub use run::{Options, TuiError, run};
