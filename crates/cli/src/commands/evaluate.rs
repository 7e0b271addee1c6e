use crate::compute::ComputeArgs;

/// Compute a run's metrics on a held-out split
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych evaluate brisk-otter
  diptych evaluate brisk-otter --split test --which best --json")]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    /// The split, a folder of the data set
    #[arg(long, default_value = "val")]
    split: String,
    /// Running statistics and no dropout
    #[arg(long)]
    eval: bool,
    /// The checkpoint: last, best, or a step
    #[arg(long, default_value = "last")]
    which: String,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}
