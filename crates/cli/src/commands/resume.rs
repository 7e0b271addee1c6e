use diptych_domain::RunStatus;

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::Failure;
use crate::session::Session;
use crate::{interrupt, launch};

/// Continue a stopped, failed or crashed run from its last checkpoint
#[derive(clap::Args)]
#[command(
    after_help = "The experiment comes from the run itself, and so do `--exact` and, unless given, the number of threads: on the CPU \
                        the numbers are those of a run that was never interrupted, bit for bit.

Examples:
  diptych resume brisk-otter
  diptych resume 0193"
)]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Stop cleanly when standard input ends: how a sweep holds its runs
    #[arg(long, hide = true)]
    stop_with_stdin: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    if args.stop_with_stdin {
        interrupt::watch_stdin()?;
    }
    let session = Session::open(context)?;
    let run = session.find(&args.run)?;
    if run.status == RunStatus::Finished {
        return Err(Failure::usage(format!(
            "run {} has finished: all {} epochs are done; `diptych train` starts a new run",
            run.name,
            run.spec.optim.total_epochs()
        )));
    }
    let plugin = launch::plugin_of(&context.registry, &run)?;
    let compute = launch::compute_of(&session, &run, args.compute)?;
    if interrupt::received() {
        return Err(Failure::interrupted(format!("{} was not begun", run.name)));
    }
    let outcome = launch::train(&session, plugin, &run, &compute)?;
    launch::conclude(&session, &run, &outcome)
}
