//! From a checked experiment to a tracked run, and from a tracked run to its end: what `train`, `resume` and `demo` share.

use std::path::Path;

use diptych_data::palette::Palette;
use diptych_data::{DataError, Dataset, Split};
use diptych_domain::spec::Layout;
use diptych_domain::{ExperimentSpec, RunStatus, RunSummary};
use diptych_models::Plugin;
use diptych_runner::{Barrier, RunnerError, TrainOptions, TrainOutcome};
use diptych_store::{NewRun, ProcessIdentity, WriterProblem};

use crate::compute::Compute;
use crate::drive::drive;
use crate::failure::{Failure, ResultExt, chain};
use crate::session::Session;
use crate::{environment, interrupt, output};

/// What a new run is called and remembered by.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// The name asked for.
    pub name: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Free text.
    pub note: String,
}

/// Makes a run of an experiment whose data is there and can be read; mistakes in either are found before anything is made.
pub fn create(
    session: &Session,
    spec: &ExperimentSpec,
    compute: &Compute,
    label: Label,
) -> Result<RunSummary, Failure> {
    let fingerprint = check_data(spec)?;
    create_unchecked(session, spec, compute, label, Some(fingerprint))
}

/// Makes a run without looking at its data.
pub fn create_unchecked(
    session: &Session,
    spec: &ExperimentSpec,
    compute: &Compute,
    label: Label,
    data_fingerprint: Option<String>,
) -> Result<RunSummary, Failure> {
    session.wait(session.home.create_run(NewRun {
        name: label.name,
        tags: label.tags,
        note: label.note,
        environment: environment::describe(compute).into_iter().collect(),
        code_version: environment::VERSION.into(),
        data_fingerprint,
        device: compute.device.to_string(),
        ..NewRun::new(spec.clone())
    }))
}

/// Opens the splits and reads their first images; the fingerprint of the training split.
fn check_data(spec: &ExperimentSpec) -> Result<String, Failure> {
    let wrong = |e: DataError| Failure::usage(format!("data.root: {}", chain(&e)));
    let train = Dataset::open(&spec.data, Split::Train).map_err(wrong)?;
    train.load_eval(0).map_err(wrong)?;
    if !spec.data.palette.is_empty() {
        let file = Path::new(&spec.data.root).join(&spec.data.palette);
        Palette::read(&file).map_err(|e| Failure::usage(format!("data.palette: {}", chain(&e))))?;
    }
    if spec.data.layout != Layout::Single {
        match Dataset::open(&spec.data, Split::Val) {
            Ok(val) => val.load_eval(0).map(drop).map_err(wrong)?,
            // Without a held-out split there is no evaluation, and the probes are training images; the training says so.
            Err(DataError::MissingSplit { .. } | DataError::Empty { .. }) => {}
            Err(e) => return Err(wrong(e)),
        }
    }
    train.fingerprint().map_err(wrong)
}

/// Trains a run to its end, or until someone stops it. Everything that happens goes to the store and to the screen.
pub fn train(
    session: &Session,
    plugin: &dyn Plugin,
    run: &RunSummary,
    compute: &Compute,
) -> Result<TrainOutcome, Failure> {
    let claim = session.wait(session.home.claim(&run.id, &ProcessIdentity::current()))?;
    output::note(format!(
        "{} on {} with {} threads; Ctrl-C stops it cleanly",
        run.name, compute.device, compute.threads
    ));
    let mut options = TrainOptions::new(session.home.run_dir(&run.id), compute.device);
    let control = options.control.clone();
    interrupt::install(move || control.request_stop())?;
    let writer = session.home.writer(claim.clone())?;
    let logger = writer.logger();
    let points = writer.logger();
    // Where the store is in trouble the checkpoint counts all the same; `tell` says so.
    options.before_checkpoint = Barrier::new(move || drop(points.flush()));
    let mut told = None;
    let outcome = drive(
        plugin,
        &run.spec,
        &options,
        move |event| logger.log(event),
        || {
            let problem = writer.problem();
            if problem != told {
                tell(&problem);
                told = problem;
            }
            writer.stop_requested()
        },
    );
    let saved = writer.close();
    // Two ends that the runner cannot tell as an event.
    match &outcome {
        Ok(Err(RunnerError::Busy { .. })) => {
            session.wait(session.home.release(&claim, run.status, run.message.as_deref()))?;
        }
        Err(panic) => {
            let message = panic.to_string();
            session.wait(session.home.release(&claim, RunStatus::Failed, Some(&message)))?;
        }
        Ok(_) => {}
    }
    let outcome = outcome?.map_err(|e| {
        failure(e).because(format!(
            "{} failed; `diptych resume {0}` continues once this is mended",
            run.name
        ))
    })?;
    saved?;
    Ok(outcome)
}

/// Says that the database has trouble, or has it no longer. Training goes on meanwhile.
fn tell(problem: &Option<WriterProblem>) {
    match problem {
        None => output::note("the store can be written again; nothing is lost"),
        Some(WriterProblem::Retrying { message }) => {
            output::note(format!(
                "warning: the store cannot be written for now: {message}; trying again"
            ));
        }
        Some(WriterProblem::Stopped { message }) => {
            output::note(format!("warning: this run is no longer recorded: {message}"));
        }
        Some(_) => output::note("warning: the store reports a problem"),
    }
}

/// Says how a training ended, and what to do next.
pub fn conclude(session: &Session, run: &RunSummary, outcome: &TrainOutcome) -> Result<(), Failure> {
    let name = &run.name;
    let at = format!("step {} of {}", outcome.step, outcome.total_steps);
    match outcome.status {
        RunStatus::Stopped if interrupt::received() => Err(Failure::interrupted(format!(
            "{name} stopped at {at}; `diptych resume {name}` continues"
        ))),
        RunStatus::Stopped => {
            output::note(format!(
                "{name} was asked to stop, at {at}; `diptych resume {name}` continues"
            ));
            Ok(())
        }
        RunStatus::Diverged => Err(Failure::new(format!(
            "{name} diverged at {at}: {}; `diptych show {name}` has its metrics",
            outcome.message.as_deref().unwrap_or("a loss is not finite")
        ))),
        _ => {
            output::note(format!(
                "{name} finished: step {}, epoch {}, in {}\n`diptych show {name}` shows it; `diptych translate {name} \
                 INPUT -o DIR` applies it",
                outcome.step,
                outcome.epoch,
                session.home.run_dir(&run.id).display()
            ));
            Ok(())
        }
    }
}

/// Which of the runner's errors are the user's to mend.
pub fn failure(error: RunnerError) -> Failure {
    let text = chain(&error);
    match error {
        RunnerError::Busy { .. }
        | RunnerError::NoImages { .. }
        | RunnerError::DataChanged { .. }
        | RunnerError::TileTooSmall { .. }
        | RunnerError::Overlap { .. }
        | RunnerError::Data(
            DataError::MissingRoot { .. } | DataError::MissingSplit { .. } | DataError::Empty { .. },
        ) => Failure::usage(text),
        _ => Failure::new(text),
    }
}

/// The plugin of a stored run; its spec is checked again, since it may come from another version.
pub fn plugin_of<'r>(
    registry: &'r diptych_models::Registry,
    run: &RunSummary,
) -> Result<&'r dyn Plugin, Failure> {
    let plugin = registry.get(&run.model).usage()?;
    plugin.validate(&run.spec).usage()?;
    Ok(plugin)
}
