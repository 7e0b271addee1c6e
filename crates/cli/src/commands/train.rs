use std::path::PathBuf;

use crate::Context;
use crate::compute::ComputeArgs;
use crate::experiment;
use crate::failure::Failure;
use crate::launch::{self, Label};
use crate::session::Session;

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
    #[command(flatten)]
    label: Label,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let (spec, plugin) = experiment::load(&context.registry, &args.experiment, &args.set)?;
    let compute = args.compute.settle()?;
    let session = Session::open(context)?;
    let run = launch::create(&session, &spec, &compute, args.label)?;
    let outcome = launch::train(&session, plugin, &run, &compute)?;
    launch::conclude(&session, &run, &outcome)
}
