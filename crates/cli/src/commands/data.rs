mod outlines;
mod palette;

use std::path::PathBuf;

use diptych_data::DataError;
use diptych_data::synth::{self, SynthKind, SynthOptions};
use diptych_domain::spec::Layout;

use crate::failure::{Failure, ResultExt, chain};
use crate::output;
use crate::render::human;

/// Make and verify data sets
#[derive(clap::Subcommand)]
pub enum Command {
    Synth(SynthArgs),
    Check(CheckArgs),
    Palette(palette::Args),
    Outlines(outlines::Args),
}

/// Make a data set by procedure
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych data synth facades -o datasets/synth
  diptych data synth edges -o datasets/edges --train 500 --val 50 --size 128 --seed 2
  diptych data synth shapes -o datasets/shapes --size 64")]
pub struct SynthArgs {
    /// facades, edges or maps (pairs), or shapes (unpaired)
    kind: SynthKind,
    /// The folder to make: a new or empty one, or one that this command has made before
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Training pairs, or images of each domain
    #[arg(long, default_value_t = 200)]
    train: u32,
    /// Held-out pairs, or images of each domain
    #[arg(long, default_value_t = 20)]
    val: u32,
    /// Side of each image in pixels
    #[arg(long, default_value_t = 256)]
    size: u32,
    /// The same seed makes the same files
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Read every file of a data set and report what is wrong with it
#[derive(clap::Args)]
#[command(after_help = "Exit code 2 where anything is wrong that would stop a training.

Examples:
  diptych data check datasets/facades
  diptych data check datasets/horse2zebra --layout unaligned
  diptych data check photos --layout single
  diptych data check datasets/facades --json | jq '.problems[].paths'")]
pub struct CheckArgs {
    /// The data set's folder, which holds train/, val/ or test/
    root: PathBuf,
    /// How the set is meant to be read [default: folders A and B with a name in common are pairs]
    #[arg(long, value_parser = ["aligned", "unaligned", "single"])]
    layout: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Synth(args) => synth(&args),
        Command::Check(args) => check(&args),
        Command::Palette(args) => palette::run(&args),
        Command::Outlines(args) => outlines::run(&args),
    }
}

fn synth(args: &SynthArgs) -> Result<(), Failure> {
    let options = SynthOptions {
        count_train: args.train as usize,
        count_val: args.val as usize,
        size: args.size,
        seed: args.seed,
    };
    let report = synth::generate(args.kind, &options, &args.output).map_err(|e| match e {
        DataError::Io { .. } => e.into(),
        _ => Failure::usage(chain(&e)),
    })?;
    if args.json {
        return output::json(&report);
    }
    let (what, how) = match args.kind.layout() {
        Layout::Unaligned => ("images of each domain", "layout=unaligned".to_owned()),
        _ => ("pairs", format!("direction={}", args.kind.direction())),
    };
    output::line(format!(
        "{}: {} training and {} held-out {what} of {} px, {}\nTrain on it with --set data.root={0} --set data.{how}",
        report.root.display(),
        report.train,
        report.val,
        args.size,
        human::bytes(report.bytes),
    ))
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
    let layout = args.layout.as_deref().map(|word| match word {
        "unaligned" => Layout::Unaligned,
        "single" => Layout::Single,
        _ => Layout::Aligned,
    });
    let report = diptych_data::check::check(&args.root, layout).usage()?;
    if args.json {
        output::json(&report)?;
    } else {
        output::line(report.to_string())?;
    }
    match report.errors() {
        0 => Ok(()),
        1 => Err(Failure::usage(
            "the data set has an error that would stop a training",
        )),
        n => Err(Failure::usage(format!(
            "the data set has {n} errors that would stop a training"
        ))),
    }
}
