//! The commands, one file each: its arguments and what it does.

pub mod archive;
pub mod bench;
pub mod compare;
pub mod completions;
pub mod data;
pub mod delete;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod fork;
pub mod metrics;
pub mod models;
pub mod note;
pub mod plot;
pub mod queue;
pub mod report;
pub mod resume;
pub mod runs;
pub mod show;
pub mod stop;
pub mod sweep;
pub mod tag;
pub mod train;
pub mod translate;
pub mod tui;
pub mod weights;
pub mod why;

use crate::Context;
use crate::args::Command;
use crate::failure::Failure;

/// Runs a command.
pub fn dispatch(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(context, args),
        Command::Train(args) => train::run(context, args),
        Command::Resume(args) => resume::run(context, args),
        Command::Sweep(args) => sweep::run(context, args),
        Command::Queue(args) => queue::run(context, args),
        Command::Tui(args) => tui::run(context, args),
        Command::Stop(args) => stop::run(context, args),
        Command::Archive(args) => archive::run(context, args),
        Command::Delete(args) => delete::run(context, args),
        Command::Tag(args) => tag::run(context, args),
        Command::Note(args) => note::run(context, args),
        Command::Runs(args) => runs::run(context, args),
        Command::Show(args) => show::run(context, args),
        Command::Fork(args) => fork::run(context, args),
        Command::Compare(args) => compare::run(context, args),
        Command::Why(args) => why::run(context, args),
        Command::Metrics(args) => metrics::run(context, args),
        Command::Plot(args) => plot::run(context, *args),
        Command::Report(args) => report::run(context, args),
        Command::Translate(args) => translate::run(context, args),
        Command::Evaluate(args) => evaluate::run(context, args),
        Command::Data(command) => data::run(command),
        Command::Models(args) => models::run(context, args),
        Command::Weights(command) => weights::run(context, command),
        Command::Bench(args) => bench::run(context, args),
        Command::Doctor(args) => doctor::run(context, args),
        Command::Completions(args) => completions::run(args),
    }
}
