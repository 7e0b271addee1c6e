/// Ask a running run to write a checkpoint and stop
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych stop brisk-otter
  diptych stop brisk-otter --no-wait")]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    /// Return at once instead of waiting until it has stopped
    #[arg(long)]
    no_wait: bool,
}
