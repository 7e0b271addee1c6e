use std::fs::{File, TryLockError};
use std::time::Duration;

use diptych_domain::{RunStatus, RunSummary};
use diptych_store::ProcessIdentity;

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::Failure;
use crate::render::runs;
use crate::render::{human, terminal};
use crate::session::Session;
use crate::sweep::child::Training;
use crate::{interrupt, output};

/// Train the queued runs, one after another
#[derive(clap::Args)]
#[command(
    after_help = "Runs are queued from the dashboard, where cells of an ablation are missing, and by `sweep`; those that a sweep is at
work on are left to it. The dashboard changes their order. One process at a time works a home's queue off: a second one ends at
once. Ctrl-C stops the training with a checkpoint; the run is continued by `resume`.

Examples:
  diptych queue --list
  diptych queue"
)]
pub struct Args {
    /// List what is queued, in order, and train nothing
    #[arg(long)]
    list: bool,
    /// Print JSON (with --list)
    #[arg(long, requires = "list")]
    json: bool,
    #[command(flatten)]
    compute: ComputeArgs,
}

/// How often the training is looked at.
const LOOK: Duration = Duration::from_millis(200);

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    if args.list {
        let waiting = waiting(&session)?;
        if args.json {
            return output::json(&waiting.iter().map(runs::document).collect::<Vec<_>>());
        }
        if waiting.is_empty() {
            output::note("nothing is queued");
            return Ok(());
        }
        let table = runs::table(&waiting, None, human::now());
        return output::line(table.render_styled(terminal::width(), terminal::colours()));
    }
    let path = session.home.path().join("queue.lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            output::note("another process works the queue off");
            return Ok(());
        }
        Err(TryLockError::Error(e)) => return Err(e.into()),
    }
    interrupt::install(|| {})?;
    let (mut done, mut failed) = (0_u32, 0_u32);
    while !interrupt::received() {
        let Some(next) = waiting(&session)?.into_iter().next() else {
            break;
        };
        output::note(format!("{}: training", next.name));
        if train(&session, &next, &args.compute)? {
            done += 1;
        } else {
            failed += 1;
        }
    }
    if interrupt::received() {
        return Err(Failure::interrupted(format!(
            "stopped after {}; `diptych queue` continues with what is queued",
            runs(done)
        )));
    }
    output::note(format!("the queue is empty: {done} trained, {failed} failed"));
    if failed > 0 {
        return Err(Failure::new(format!(
            "{failed} of {} did not finish",
            runs(done + failed)
        )));
    }
    Ok(())
}

fn runs(n: u32) -> String {
    if n == 1 {
        "1 run".into()
    } else {
        format!("{n} runs")
    }
}

/// The queued runs that nobody is about to train, in the order of the queue.
fn waiting(session: &Session) -> Result<Vec<RunSummary>, Failure> {
    let order = session.wait(std::future::ready(session.home.queue_order()))?;
    let here = ProcessIdentity::current();
    let mut waiting = Vec::new();
    for run in session.wait(session.home.list())? {
        if run.status != RunStatus::Queued {
            continue;
        }
        let details = session.wait(session.home.details(&run.id))?;
        let taken = details
            .owner
            .is_some_and(|o| !o.is_gone(&here, human::now() - details.heartbeat));
        if !taken {
            waiting.push(run);
        }
    }
    let place = |run: &RunSummary| order.iter().position(|id| *id == run.id).unwrap_or(usize::MAX);
    waiting.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.id.cmp(&b.id)));
    Ok(waiting)
}

/// Trains a run in a process of its own, to its end or until somebody stops it; says whether it finished.
fn train(session: &Session, run: &RunSummary, compute: &ComputeArgs) -> Result<bool, Failure> {
    let home = &session.home;
    let mut training = Training::start(home.path(), &home.run_dir(&run.id), &run.id, compute)?;
    while training.ended()?.is_none() {
        std::thread::sleep(LOOK);
        if interrupt::received() {
            training.stop();
        }
    }
    let now = session.wait(home.summary(&run.id))?;
    // One that did not even begin would be tried for ever.
    if now.status == RunStatus::Queued && !interrupt::received() {
        let words = training.last_words();
        let claim = session.wait(home.claim(&run.id, &ProcessIdentity::current()))?;
        session.wait(home.release(&claim, RunStatus::Failed, Some(&words)))?;
        output::note(format!("{} could not be begun: {words}", run.name));
    }
    Ok(now.status == RunStatus::Finished)
}
