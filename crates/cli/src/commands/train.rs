use std::path::PathBuf;

use crate::compute::ComputeArgs;

/// Train a model as an experiment file says, as one tracked run
#[derive(clap::Args)]
#[command(
    after_help = "Ctrl-C finishes the step, writes a checkpoint and exits; `diptych resume` continues. A second Ctrl-C \
                        exits at once.

Examples:
  diptych train experiments/facades.toml --set data.root=datasets/facades
  diptych train experiments/facades-small.toml --set data.root=datasets/facades --name small --tag try
  diptych train experiments/facades.toml --set data.root=D --set params.n_layers=1 --set optim.lr=1e-4"
)]
pub struct Args {
    /// The experiment file (TOML)
    experiment: PathBuf,
    /// Change a key of the experiment, such as optim.lr=1e-4; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The run's name [default: the experiment's name, else two words]
    #[arg(long)]
    name: Option<String>,
    /// A tag to find the run by; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A note about the run
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    #[command(flatten)]
    compute: ComputeArgs,
}
