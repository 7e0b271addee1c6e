/// Show everything about a run
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych show brisk-otter
  diptych show brisk-otter --json | jq .params")]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}
