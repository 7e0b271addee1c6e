use std::time::{Duration, Instant};

use diptych_domain::RunStatus;

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

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

/// How long a step and a checkpoint may take before waiting gives up.
const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let run = session.find(&args.run)?;
    if !session.wait(session.home.request_stop(&run.id))? {
        return Err(Failure::usage(format!(
            "run {} is not running: it is {}",
            run.name, run.status
        )));
    }
    if args.no_wait {
        output::note(format!("asked {} to stop after its step", run.name));
        return Ok(());
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(200));
        session.wait(session.home.detect_crashed())?;
        let now = session.wait(session.home.summary(&run.id))?;
        if now.status != RunStatus::Running {
            output::note(format!("{} is {} at step {}", now.name, now.status, now.step));
            return Ok(());
        }
    }
    Err(Failure::new(format!(
        "{} has not stopped within {} s",
        run.name,
        PATIENCE.as_secs()
    )))
}
