use std::path::PathBuf;

/// Exchange network weights with other tools
#[derive(clap::Subcommand)]
pub enum Command {
    Export(ExportArgs),
    Import(ImportArgs),
}

/// Write a run's networks as safetensors under their public tensor names
#[derive(clap::Args)]
#[command(
    after_help = "Writes latest_net_G.safetensors, latest_net_D.safetensors and so on: one file a network. The experiment \
                        goes into each file's metadata.

Examples:
  diptych weights export brisk-otter -o weights
  diptych weights export brisk-otter -o weights --which best
  diptych weights export .diptych/runs/0193/checkpoints/best.safetensors -o weights"
)]
pub struct ExportArgs {
    /// The run (name, id, or the start of either), or a checkpoint file
    source: String,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The checkpoint: last, best, or a step
    #[arg(long, default_value = "last")]
    which: String,
}

/// Make a run that starts from weights
#[derive(clap::Args)]
#[command(
    after_help = "The run holds the weights as its first checkpoint: `translate` and `evaluate` use them as they are, and \
                        `resume` trains on from them. Networks that no file gives start as in a new run.

Examples:
  diptych weights import latest_net_G.safetensors --experiment experiments/facades.toml --set data.root=D
  diptych weights import G=gen.safetensors D=disc.safetensors --experiment facades.toml --name tuned"
)]
pub struct ImportArgs {
    /// NETWORK=FILE, or files named like latest_net_G.safetensors
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The experiment whose networks these are [default: the one in the first file's metadata]
    #[arg(long, value_name = "FILE")]
    experiment: Option<PathBuf>,
    /// Change a key of the experiment; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The run's name
    #[arg(long)]
    name: Option<String>,
    /// A tag to find the run by; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}
