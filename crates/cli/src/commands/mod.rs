//! The commands, one file each: its arguments and what it does.

pub mod bench;
pub mod completions;
pub mod data;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod metrics;
pub mod models;
pub mod resume;
pub mod runs;
pub mod show;
pub mod stop;
pub mod train;
pub mod translate;
pub mod weights;

use crate::Context;
use crate::args::Command;
use crate::failure::Failure;

/// Runs a command.
pub fn dispatch(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Models(args) => models::run(context, args),
        Command::Bench(args) => bench::run(context, args),
        Command::Completions(args) => completions::run(args),
    }
}
