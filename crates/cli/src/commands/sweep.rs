use std::path::PathBuf;

use diptych_runner::schedule::trains_nothing;
use diptych_runner::sweep::{Action, threads_per_job};

use crate::Context;
use crate::compute::{Compute, ComputeArgs};
use crate::failure::Failure;
use crate::render::{human, terminal};
use crate::session::Session;
use crate::sweep::dispatch::{self, Options};
use crate::sweep::estimate::estimate;
use crate::sweep::memory;
use crate::sweep::plan::{self, Plan};
use crate::sweep::report;
use crate::sweep::survey::{Standing, namesakes, survey};
use crate::{environment, interrupt, launch, output};

/// Train every combination of some settings, several at a time; what has finished is not trained again
#[derive(clap::Args)]
#[command(
    after_help = "FILE is an experiment with a [sweep]: keys of the experiment, each with a list of values, and factors of your own \
                  whose values are named variants, for settings that change together. Every combination is a cell:

  [sweep]
  \"params.n_layers\" = [1, 3, 5]
  seed = [1, 2, 3]
  [sweep.loss]
  \"L1\" = { params.lambda_gan = 0 }
  \"L1+GAN\" = { params.conditional = false }
  \"L1+cGAN\" = {}

Each cell is one run, recognised by its settings. Run the same command again and cells that have finished are left, those \
that were stopped or have crashed go on from their last checkpoint, those that failed and those that are missing are trained anew, and \
those that another process trains are waited for. A cell that diverged would do so again at the same step: it is left, unless \
--retry asks for a new run. Ctrl-C stops every training cleanly, with a checkpoint; so \
does the end of this process, even by `kill -9`. `diptych runs sweep:NAME` lists the runs, `sweep.loss = L1` picks some.

Exit code 1 where a cell did not finish.

Examples:
  diptych sweep experiments/pix2pix-losses.toml --set data.root=datasets/facades --dry-run
  diptych sweep experiments/pix2pix-losses.toml --set data.root=datasets/facades --jobs 2
  diptych sweep experiments/pix2pix-losses.toml --set data.root=D --set 'seed=[4, 5]' --set 'loss=[\"L1\", \"L1+cGAN\"]'
  diptych sweep experiments/facades-small.toml --set data.root=D --set 'params.lambda_l1=[10, 100]'"
)]
pub struct Args {
    /// The experiment file (TOML) with a [sweep]
    file: PathBuf,
    /// Trainings at once; each gets its share of the cores, unless --threads gives each its number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// List the cells, how each stands and how long it will take, and train nothing
    #[arg(long)]
    dry_run: bool,
    /// Train anew what diverged, too: for when the code or the images have changed since
    #[arg(long)]
    retry: bool,
    /// Change a key in every cell, such as optim.lr=1e-4; with a list, make it a factor or replace a factor's values. One size
    /// that is not square, for every cell, is written data.crop_size=256x128
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// What the sweep is called; its runs' names begin with it [default: the experiment's name, else the file's]
    #[arg(long)]
    name: Option<String>,
    /// A tag for every new run; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A note about every new run
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let (plan, data) = plan::load(&context.registry, &args.file, &args.set, args.name.as_deref())?;
    let jobs = usize::from(args.jobs);
    let share = threads_per_job(environment::cores(), jobs.min(plan.cells.len()));
    let compute = ComputeArgs {
        threads: args.compute.threads.or_else(|| u16::try_from(share).ok()),
        ..args.compute
    }
    .settle()?;
    let session = Session::open(context)?;
    let runs = session.wait(session.home.list())?;
    if let [first, more @ ..] = namesakes(&plan, &runs)?.as_slice() {
        output::note(format!(
            "warning: {} runs of the sweep {}, such as {first}, have the same values of its factors and other settings; give \
             this one another name with --name, or tables by factor will mix them",
            more.len() + 1,
            plan.name
        ));
    }
    if let Some(cell) = plan.cells.iter().find(|cell| trains_nothing(&cell.spec.optim)) {
        output::note(format!(
            "warning: the learning rate is 0 in every epoch of {}, for it has only one: nothing is learnt",
            cell.label()
        ));
    }
    let standings = survey(&plan, runs, args.retry)?;
    if args.dry_run {
        return dry_run(context, &plan, &standings, &compute, jobs, args.json);
    }
    output::note(format!(
        "{}: {} cells, {} at a time with {} {} each on {}; Ctrl-C stops them cleanly",
        plan.name,
        plan.cells.len(),
        jobs,
        compute.threads,
        if compute.threads == 1 { "thread" } else { "threads" },
        compute.device,
    ));
    let left = || {
        standings
            .iter()
            .filter(|s| matches!(s.action, Action::Leave { .. }))
    };
    if let Some(run) = left().next().and_then(|standing| standing.run.as_ref()) {
        output::note(format!(
            "{} of {} cells diverged before, such as {}, and would again: they are left; --retry trains them anew",
            left().count(),
            plan.cells.len(),
            run.name,
        ));
    }
    let options = Options {
        jobs,
        args: args.compute,
        compute,
        tags: args.tag,
        note: args.note,
        fingerprints: data
            .iter()
            .map(launch::Splits::fingerprint)
            .collect::<Result<_, _>>()?,
    };
    let ended = dispatch::dispatch(&session, &plan, &standings, &options)?;
    let interrupted = interrupt::received();
    if args.json {
        output::json(&report::trained_document(&plan, &ended, interrupted))?;
    } else {
        let table = report::trained(&plan, &ended);
        output::line(table.render_styled(terminal::width(), terminal::colours()))?;
    }
    let (finished, all) = (report::finished(&ended), plan.cells.len());
    if interrupted {
        return Err(Failure::interrupted(format!(
            "{} stopped: {finished} of {all} cells have finished; the same command continues",
            plan.name
        )));
    }
    if finished < all {
        let diverged = report::diverged(&ended);
        let again = match (diverged, all - finished - diverged) {
            (0, _) => "the same command tries them again".to_owned(),
            (_, 0) => "they diverged, and only --retry trains them again".to_owned(),
            (diverged, _) => format!(
                "the same command tries them again, but for the {diverged} that diverged, which takes --retry"
            ),
        };
        return Err(Failure::new(format!(
            "{} of {all} cells did not finish; {again}",
            all - finished
        )));
    }
    output::note(format!(
        "{}: all {all} cells have finished; `diptych runs sweep:{}` lists their runs{}",
        plan.name,
        plan.name,
        report::comparison(&plan, &ended).map_or_else(String::new, |c| format!("\n`{c}` is their table")),
    ));
    Ok(())
}

fn dry_run(
    context: &Context,
    plan: &Plan,
    standings: &[Standing],
    compute: &Compute,
    jobs: usize,
    json: bool,
) -> Result<(), Failure> {
    let free = memory::available();
    let estimate = estimate(&context.registry, plan, standings, compute, jobs)?;
    if json {
        let document = report::planned_document(plan, standings, &estimate, jobs, compute.threads);
        return output::json(&document);
    }
    let table = report::planned(plan, standings, &estimate);
    output::line(table.render_styled(terminal::width(), terminal::colours()))?;
    let left = estimate.cells.iter().filter(|s| **s != 0.0).count();
    let timed = match estimate.architectures {
        all if all == estimate.timed => String::new(),
        all => format!(" ({} of {all} architectures timed)", estimate.timed),
    };
    output::note(format!(
        "{} cells, {left} to train: about {} with {jobs} at a time{timed}, evaluations and checkpoints not counted",
        plan.cells.len(),
        human::duration(estimate.total),
    ));
    let at_once = jobs.min(left);
    if let (Some(peak), Some(free), true) = (estimate.peak, free, at_once > 1)
        && let Some(warning) = memory::warning(at_once, peak, free)
    {
        output::note(warning);
    }
    Ok(())
}
