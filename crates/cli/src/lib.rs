//! The `diptych` command as a library, so that a binary with models of its own is one line:
//! `diptych::run(Registry::builtin().with(MyModel))`.
//!
//! This crate wires the others together. It alone prints, handles signals and exits.

mod args;
mod checkpoints;
mod commands;
mod compute;
mod dashboard;
mod drive;
mod environment;
mod experiment;
mod failure;
mod figures;
mod generator;
mod gpu;
mod interrupt;
mod launch;
mod output;
mod progress;
mod render;
mod report;
mod selection;
mod session;
mod sweep;
mod weights_file;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
/// What a plugin is written with: `use diptych::plugin::*`.
pub use diptych_models::prelude as plugin;
pub use diptych_models::{Registry, RegistryError};

use args::Cli;
use failure::Failure;

/// What every command gets.
struct Context {
    /// The plugins.
    registry: Arc<Registry>,
    /// `--home`.
    home: Option<std::path::PathBuf>,
}

/// Runs the command that the process was started with; returns its exit code. A plugin whose declaration is not sound
/// ([`Registry::check`]) is refused before anything is done.
pub fn run(registry: Registry) -> ExitCode {
    if let Err(e) = registry.check() {
        return Failure::from(e).report();
    }
    let cli = Cli::parse();
    // Warnings of the libraries, on standard error like everything that is not a result; not over a dashboard.
    if !matches!(cli.command, args::Command::Tui(_)) {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_writer(std::io::stderr)
            .with_target(false)
            .without_time()
            .init();
    }
    let context = Context {
        registry: Arc::new(registry),
        home: cli.home,
    };
    match commands::dispatch(&context, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
