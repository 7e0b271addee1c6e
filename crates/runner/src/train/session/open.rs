//! Getting ready: data, model, checkpoint.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use diptych_data::{DataError, Dataset, Loader, LoaderOptions, Split};
use diptych_domain::spec::{Layout, Policy};
use diptych_domain::{ExperimentSpec, LogLevel, Size};
use diptych_models::{BuildContext, Plugin};

use super::judge::Judge;
use super::{Session, Sink, log};
use crate::alarms::Alarms;
use crate::checkpoint::{Checkpoint, CheckpointFolder};
use crate::error::RunnerError;
use crate::health::{self, Direction};
use crate::keys::Keys;
use crate::lock::RunLock;
use crate::meter::Meter;
use crate::probes::Probes;
use crate::schedule::trains_nothing;
use crate::system::Monitor;
use crate::train::TrainOptions;
use crate::train::progress::Progress;

/// Where batches come from.
pub(super) struct Feed {
    train: Arc<Dataset>,
    options: LoaderOptions,
}

impl Feed {
    /// Begins with the batch of that number, counted from 0.
    pub fn start(&self, batch: u64) -> Loader {
        let options = LoaderOptions {
            start_batch: batch,
            ..self.options.clone()
        };
        Loader::start(Arc::clone(&self.train), options)
    }
}

/// Steps whose health is not judged: an epoch, and a twentieth of the run.
fn grace(progress: &Progress) -> u64 {
    progress.steps_per_epoch.max(progress.total_steps() / 20)
}

impl<'a> Session<'a> {
    /// Locks the run, opens its data, builds the model and brings it to where the training begins.
    pub fn open(
        plugin: &dyn Plugin,
        spec: &'a ExperimentSpec,
        options: &'a TrainOptions,
        sink: &mut Sink<'_>,
    ) -> Result<Self, RunnerError> {
        let lock = RunLock::acquire(&options.run_dir)?;
        let folder = CheckpointFolder::new(&options.run_dir);
        folder.prepare()?;
        let spec_json = spec.canonical_json()?;
        plugin.validate(spec)?;
        let train = Arc::new(Dataset::open(&spec.data, Split::Train)?);
        let val = open_val(spec, sink)?;
        let judge = match &val {
            Some(val) if spec.log.evaluate_every > 0 => {
                Judge::new(plugin, spec, &train, Arc::clone(val), sink)?
            }
            _ => None,
        };
        if trains_nothing(&spec.optim) {
            let message = "the learning rate is 0 in every epoch, so nothing is learnt: the linear and the cosine policy reach \
                           0 in the last epoch, as the reference does; give optim.decay_epochs, or optim.policy = \"step\"";
            log(sink, LogLevel::Warn, message.to_owned());
        }
        if let Some(size) = plugin.padded(spec) {
            let Size { width, height } = size;
            let message = format!(
                "crops of {} x {} pixels are continued by reflection to {width} x {height} inside the networks, whose outputs are \
                 cut back; sizes that need none train faster",
                spec.data.crop_size.width, spec.data.crop_size.height
            );
            log(sink, LogLevel::Info, message);
        }
        warn_of_missing_scores(spec, val.is_some(), judge.as_ref(), sink);
        let start = begin(&folder, sink)?;
        let feed = Feed {
            train: Arc::clone(&train),
            options: LoaderOptions {
                seed: spec.seed,
                batch_size: spec.data.batch_size as usize,
                workers: spec.data.workers as usize,
                start_batch: 0,
                shuffle: true,
            },
        };
        let loader = feed.start(start.as_ref().map_or(0, |checkpoint| checkpoint.meta().step));
        let mut progress = Progress::new(spec, loader.batches_per_epoch());
        let mut model = plugin.build(&BuildContext {
            spec: spec.clone(),
            device: options.device,
        })?;
        if let Some(checkpoint) = &start {
            checkpoint.expect_model(plugin.name())?;
            resume(checkpoint, &mut progress, &spec_json, sink)?;
            checkpoint.restore(model.as_mut())?;
        }
        let mut alarms = Alarms::new(grace(&progress));
        let health = health::declared(plugin, &spec.params, &mut alarms);
        let directions = Direction::all(plugin);
        directions.iter().for_each(|d| d.watched_by(&mut alarms));
        if let Some(checkpoint) = &start {
            alarms.restore(&checkpoint.meta().alarms);
        }
        let probes = probes(&options.run_dir, spec, val.as_deref().unwrap_or(&train))?;
        let saved_step = start.map(|checkpoint| checkpoint.meta().step);
        Ok(Self {
            spec,
            options,
            feed,
            loader,
            judge,
            probes,
            folder,
            spec_json,
            networks: plugin
                .networks(&spec.params)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            keys: Keys::new(&plugin.losses(&spec.params)),
            meter: Meter::default(),
            monitor: Monitor::start(options.device),
            health,
            directions,
            alarms,
            saved_step,
            saved_at: Instant::now(),
            retry_at: None,
            lr: 0.0,
            flush: None,
            model,
            progress,
            _lock: lock,
        })
    }
}

/// The checkpoint to begin at, if any.
fn begin(folder: &CheckpointFolder, sink: &mut Sink<'_>) -> Result<Option<Checkpoint>, RunnerError> {
    let Some(newest) = folder.newest()? else {
        return Ok(None);
    };
    for problem in &newest.skipped {
        log(
            sink,
            LogLevel::Warn,
            format!("passing over a checkpoint: {problem}"),
        );
    }
    Ok(Some(newest.checkpoint))
}

fn resume(
    checkpoint: &Checkpoint,
    progress: &mut Progress,
    spec_json: &str,
    sink: &mut Sink<'_>,
) -> Result<(), RunnerError> {
    let meta = checkpoint.meta();
    if meta.steps_per_epoch != progress.steps_per_epoch {
        return Err(RunnerError::DataChanged {
            before: meta.steps_per_epoch,
            now: progress.steps_per_epoch,
        });
    }
    if meta.spec != spec_json {
        let message = "the settings differ from those that the checkpoint was written with; from here on the new ones hold";
        log(sink, LogLevel::Warn, message.to_owned());
    }
    progress.resume(meta);
    Ok(())
}

/// Says once what will be missing for want of held-out images, and what unpaired ones are judged by.
fn warn_of_missing_scores(spec: &ExperimentSpec, held_out: bool, judge: Option<&Judge>, sink: &mut Sink<'_>) {
    let evaluates = spec.log.evaluate_every > 0;
    if evaluates && held_out && judge.is_none() {
        let message = "evaluations are skipped: there is nothing to compare the outputs with";
        log(sink, LogLevel::Info, message.to_owned());
    }
    match judge {
        Some(judge) if spec.data.layout == Layout::Unaligned => {
            let message = format!(
                "nothing is paired: the best checkpoint goes by {}",
                judge.watched()
            );
            log(sink, LogLevel::Info, message);
        }
        None if spec.optim.policy == Policy::Plateau => {
            let message =
                "the plateau policy follows eval/l1; without evaluations the learning rate never falls";
            log(sink, LogLevel::Warn, message.to_owned());
        }
        _ => {}
    }
}

fn probes(run_dir: &Path, spec: &ExperimentSpec, dataset: &Dataset) -> Result<Probes, RunnerError> {
    let count = if spec.log.images_every == 0 {
        0
    } else {
        spec.log.probes as usize
    };
    Probes::load(run_dir, dataset, count)
}

/// The held-out images, if there are any.
fn open_val(spec: &ExperimentSpec, sink: &mut Sink<'_>) -> Result<Option<Arc<Dataset>>, RunnerError> {
    match Dataset::open(&spec.data, Split::Val) {
        Ok(dataset) => Ok(Some(Arc::new(dataset))),
        Err(DataError::MissingSplit { .. } | DataError::Empty { .. }) => {
            let message = "there is no val/ or test/ split: evaluations are skipped, and the probes are training images";
            log(sink, LogLevel::Warn, message.to_owned());
            Ok(None)
        }
        Err(e) => Err(e.into()),
    }
}
