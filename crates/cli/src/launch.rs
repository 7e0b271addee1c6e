//! From a checked experiment to a tracked run, and from a tracked run to its end: what `train`, `resume` and `demo` share.

use std::path::Path;

use diptych_data::palette::Palette;
use diptych_data::{DataError, Dataset, Split, fingerprint};
use diptych_domain::spec::Layout;
use diptych_domain::{CheckpointKind, DeviceChoice, ExperimentSpec, RunStatus, RunSummary};
use diptych_imgops::arithmetic::Arithmetic;
use diptych_models::{Model, Plugin};
use diptych_runner::{Barrier, CheckpointFolder, CheckpointMeta, RunnerError, TrainOptions, TrainOutcome};
use diptych_store::{CheckpointRecord, NewRun, ProcessIdentity, WriterProblem};

use crate::compute::{Compute, ComputeArgs, EXACT};
use crate::drive::drive;
use crate::failure::{Failure, ResultExt, chain};
use crate::render::human;
use crate::session::Session;
use crate::{environment, interrupt, output};

/// What a new run is called and remembered by.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Label {
    /// The run's name [default: the experiment's name, else two words]
    #[arg(long)]
    pub name: Option<String>,
    /// A tag to find the run by; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// A note about the run
    #[arg(long, default_value = "", hide_default_value = true)]
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

/// Makes a run that goes on from step `at` of another; its data is looked at as in [`create`].
pub fn create_fork(
    session: &Session,
    spec: &ExperimentSpec,
    compute: &Compute,
    label: Label,
    (parent, at): (&RunSummary, u64),
) -> Result<RunSummary, Failure> {
    let data_fingerprint = Some(check_data(spec)?);
    session.wait(session.home.create_run(NewRun {
        data_fingerprint,
        parent: Some((parent.id.clone(), at)),
        ..new_run(spec, compute, label)
    }))
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
        data_fingerprint,
        ..new_run(spec, compute, label)
    }))
}

/// Gives a new run its first checkpoint: it begins where that stands.
pub fn begin_with(
    session: &Session,
    run: &RunSummary,
    model: &dyn Model,
    meta: &CheckpointMeta,
) -> Result<(), Failure> {
    let folder = CheckpointFolder::new(&session.home.run_dir(&run.id));
    folder.prepare()?;
    for saved in folder.save(model, meta, &[CheckpointKind::Last])? {
        let record = CheckpointRecord {
            step: meta.step,
            epoch: meta.epoch,
            wall: human::now(),
            kind: saved.kind,
            path: saved.path,
            bytes: saved.bytes,
            score: None,
        };
        session.wait(session.home.add_checkpoint(&run.id, &record))?;
    }
    Ok(())
}

pub fn new_run(spec: &ExperimentSpec, compute: &Compute, label: Label) -> NewRun {
    NewRun {
        name: label.name,
        tags: label.tags,
        note: label.note,
        environment: environment::describe(compute).into_iter().collect(),
        code_version: environment::VERSION.into(),
        device: compute.device.to_string(),
        ..NewRun::new(spec.clone())
    }
}

/// Where and how to compute what goes on from `run`. Another number of threads or another algorithm rounds sums differently, and
/// it is to go on bit for bit, so both are the run's unless they are given.
pub fn compute_of(session: &Session, run: &RunSummary, mut wanted: ComputeArgs) -> Result<Compute, Failure> {
    let environment = session.wait(session.home.environment(&run.id))?;
    let arithmetic = environment.get("arithmetic");
    wanted.exact |= arithmetic.is_some_and(|a| a == EXACT);
    // A GPU's, of a run on one; with `--device cpu` there is no such choice.
    let of_gpu = arithmetic.and_then(|a| a.parse::<Arithmetic>().ok());
    if let Some(before) = of_gpu.filter(|_| wanted.device != DeviceChoice::Cpu) {
        wanted.precision = wanted.precision.or(Some(before.precision));
        wanted.fast_math |= before.fast;
    }
    if wanted.threads.is_none() {
        let before = environment.get("threads").and_then(|n| n.parse().ok());
        wanted.threads = before.filter(|n| (1..=environment::cores()).contains(&usize::from(*n)));
    }
    wanted.settle()
}

/// Opens the splits and reads their first images; the fingerprint of the files of both.
pub fn check_data(spec: &ExperimentSpec) -> Result<String, Failure> {
    open_data(spec)?.fingerprint()
}

/// Opens the splits and reads their first images.
pub fn open_data(spec: &ExperimentSpec) -> Result<Splits, Failure> {
    let wrong = |e: DataError| Failure::usage(format!("data.root: {}", chain(&e)));
    let train = Dataset::open(&spec.data, Split::Train).map_err(wrong)?;
    train.load_eval(0).map_err(wrong)?;
    if !spec.data.palette.is_empty() {
        let file = Path::new(&spec.data.root).join(&spec.data.palette);
        Palette::read(&file).map_err(|e| Failure::usage(format!("data.palette: {}", chain(&e))))?;
    }
    let mut held_out = None;
    if spec.data.layout != Layout::Single {
        match Dataset::open(&spec.data, Split::Val) {
            Ok(val) => {
                val.load_eval(0).map_err(wrong)?;
                held_out = Some(val);
            }
            // Without a held-out split there is no evaluation, and the probes are training images; the training says so.
            Err(DataError::MissingSplit { .. } | DataError::Empty { .. }) => {}
            Err(e) => return Err(wrong(e)),
        }
    }
    Ok(Splits { train, held_out })
}

/// The splits of a data set.
pub struct Splits {
    pub train: Dataset,
    pub held_out: Option<Dataset>,
}

impl Splits {
    /// A hash over the files of both.
    pub fn fingerprint(&self) -> Result<String, Failure> {
        let sets: Vec<&Dataset> = std::iter::once(&self.train).chain(&self.held_out).collect();
        fingerprint(&sets).map_err(|e| Failure::usage(format!("data.root: {}", chain(&e))))
    }
}

/// Trains a run to its end, or until someone stops it. Everything that happens goes to the store and to the screen.
pub fn train(
    session: &Session,
    plugin: &dyn Plugin,
    run: &RunSummary,
    compute: &Compute,
) -> Result<TrainOutcome, Failure> {
    if run.parent.is_some()
        && CheckpointFolder::new(&session.home.run_dir(&run.id))
            .list()?
            .is_empty()
    {
        return Err(Failure::usage(format!(
            "fork {} has not got its first checkpoint: it was killed while it was made; fork its parent again",
            run.name
        )));
    }
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
