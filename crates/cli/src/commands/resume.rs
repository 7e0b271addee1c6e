use crate::compute::ComputeArgs;

/// Continue a stopped, failed or crashed run from its last checkpoint
#[derive(clap::Args)]
#[command(
    after_help = "The experiment comes from the run itself. On the CPU, with as many threads as before, the numbers are \
                        those of a run that was never interrupted, bit for bit.

Examples:
  diptych resume brisk-otter
  diptych resume 0193"
)]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    #[command(flatten)]
    compute: ComputeArgs,
}
