use std::path::PathBuf;

/// Make and verify data sets
#[derive(clap::Subcommand)]
pub enum Command {
    Synth(SynthArgs),
    Check(CheckArgs),
}

/// Make a paired data set by procedure
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych data synth facades -o datasets/synth
  diptych data synth edges -o datasets/edges --train 500 --val 50 --size 128 --seed 2")]
pub struct SynthArgs {
    /// facades, edges or maps
    kind: String,
    /// The folder to make; it must not hold images yet
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Training pairs
    #[arg(long, default_value_t = 200)]
    train: u32,
    /// Held-out pairs
    #[arg(long, default_value_t = 20)]
    val: u32,
    /// Side of each image in pixels
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(8..=4096))]
    size: u32,
    /// The same seed makes the same files
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Read every file of a data set and report what is wrong with it
#[derive(clap::Args)]
#[command(after_help = "Exit code 2 where anything would stop a training.

Examples:
  diptych data check datasets/facades
  diptych data check datasets/horse2zebra --layout unaligned --json")]
pub struct CheckArgs {
    /// The data set's folder, which holds train/, val/ or test/
    root: PathBuf,
    /// aligned, unaligned or single
    #[arg(long, default_value = "aligned")]
    layout: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}
