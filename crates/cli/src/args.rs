//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    archive, bench, compare, completions, data, delete, demo, doctor, evaluate, fork, metrics, models, note,
    plot, queue, report, resume, runs, show, stop, sweep, tag, train, translate, tui, weights, why,
};

/// An experiment workbench for image-to-image translation
#[derive(Parser)]
#[command(
    name = "diptych",
    version,
    long_version = crate::environment::VERSION,
    after_help = "Start with `diptych demo`, which needs nothing. Exit codes: 0 done, 1 failed, 2 wrong usage or input, \
                  130 interrupted after a clean stop.",
    max_term_width = 100,
    propagate_version = false
)]
pub struct Cli {
    /// Where runs are kept [default: $DIPTYCH_HOME, else ./.diptych]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

/// One command; each is a file in `commands/`.
#[derive(Subcommand)]
pub enum Command {
    Demo(demo::Args),
    Train(train::Args),
    Resume(resume::Args),
    Sweep(sweep::Args),
    Queue(queue::Args),
    Fork(fork::Args),
    Stop(stop::Args),
    Archive(archive::Args),
    Delete(delete::Args),
    Tag(tag::Args),
    Note(note::Args),
    Tui(tui::Args),
    Runs(runs::Args),
    Show(show::Args),
    Compare(compare::Args),
    Why(why::Args),
    Metrics(metrics::Args),
    Plot(Box<plot::Args>),
    Report(report::Args),
    Translate(translate::Args),
    Evaluate(evaluate::Args),
    #[command(subcommand)]
    Data(data::Command),
    Models(models::Args),
    #[command(subcommand)]
    Weights(weights::Command),
    Bench(bench::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself_with_examples() {
        fn check(command: &clap::Command, path: &str) {
            if command.get_name() == "help" {
                return;
            }
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path} has no description");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{path}: {} has no help", arg.get_id());
            }
            if command.has_subcommands() {
                command.get_subcommands().for_each(|c| check(c, &path));
            } else {
                let examples = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(examples.contains("diptych "), "{path} has no example");
            }
        }
        Cli::command().get_subcommands().for_each(|c| check(c, "diptych"));
    }
}
