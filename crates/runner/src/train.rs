//! Training: from a resolved experiment to a trained model, with everything that happens told as events.

mod progress;
mod session;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diptych_domain::{DeviceChoice, ExperimentSpec, LogLevel, RunEvent, RunStatus};
use diptych_models::Plugin;

use crate::checkpoint::CheckpointFolder;
use crate::clock::wall;
use crate::control::Control;
use crate::error::RunnerError;
use session::Session;

/// How a training runs, apart from what the experiment says.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// The run's folder: `checkpoints/` and `images/` are made in it.
    pub run_dir: PathBuf,
    /// Where to compute; already settled (not `Auto`).
    pub device: DeviceChoice,
    /// A checkpoint is written whenever this much wall time has passed since the latest, so that a crash costs no more.
    pub checkpoint_interval: Duration,
    /// Losses are checked for NaN and infinity every so many steps. On a CPU that is free; on a GPU it waits for the device.
    pub check_every: u64,
    /// Stops the training and tells its step.
    pub control: Control,
    /// What must be on disk before a checkpoint may count: a run that is resumed at a checkpoint never repeats the steps
    /// before it, so whatever was told about them has to be kept by then.
    pub before_checkpoint: Barrier,
}

/// Something to wait for before a checkpoint is put in place; nothing by default. Called on the thread that waits for
/// the disk, so it may block.
#[derive(Clone, Default)]
pub struct Barrier(Option<Arc<dyn Fn() + Send + Sync>>);

impl Barrier {
    /// Waits by calling `wait`.
    pub fn new(wait: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(wait)))
    }

    pub(crate) fn pass(&self) {
        if let Some(wait) = &self.0 {
            wait();
        }
    }
}

impl std::fmt::Debug for Barrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Barrier(set)"
        } else {
            "Barrier(none)"
        })
    }
}

impl TrainOptions {
    /// The defaults for a run in `run_dir`: a checkpoint at least every five minutes; losses checked each step on a CPU and
    /// with each log line (`check_every` 0) elsewhere.
    pub fn new(run_dir: impl Into<PathBuf>, device: DeviceChoice) -> Self {
        Self {
            run_dir: run_dir.into(),
            device,
            checkpoint_interval: Duration::from_secs(300),
            check_every: u64::from(device == DeviceChoice::Cpu),
            control: Control::new(),
            before_checkpoint: Barrier::default(),
        }
    }
}

/// How a training ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOutcome {
    /// `Finished`, `Stopped` or `Diverged`.
    pub status: RunStatus,
    /// Steps done.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// Steps of the whole run.
    pub total_steps: u64,
    /// The best evaluation (`eval/l1`).
    pub best: Option<f64>,
    /// What went wrong, for `Diverged`.
    pub message: Option<String>,
}

/// Trains the experiment to its end, or until it is stopped or diverges. It begins at the run's newest sound checkpoint, exactly as
/// if it had never stopped, or at step 0 where there is none yet. The last event is `Ended`, whatever happens.
///
/// Same spec and device: the same numbers, bit for bit on a CPU, however often the training is stopped and resumed.
///
/// # Errors
/// Data, model, checkpoint and file errors. They are also told as `Ended { status: Failed }`, except
/// [`RunnerError::Busy`]: there another process is at work, and the run goes on.
pub fn train(
    plugin: &dyn Plugin,
    spec: &ExperimentSpec,
    options: &TrainOptions,
    sink: &mut dyn FnMut(RunEvent),
) -> Result<TrainOutcome, RunnerError> {
    let session = match Session::open(plugin, spec, options, sink) {
        Ok(session) => session,
        Err(e @ RunnerError::Busy { .. }) => return Err(e),
        Err(e) => {
            ended(
                sink,
                RunStatus::Failed,
                reached(&options.run_dir),
                Some(e.to_string()),
            );
            return Err(e);
        }
    };
    session.run(sink)
}

/// Step and epoch of the run's newest checkpoint.
fn reached(run_dir: &Path) -> (u64, u64) {
    let found = CheckpointFolder::new(run_dir).list().unwrap_or_default();
    let newest = found.iter().find_map(|checkpoint| checkpoint.as_ref().ok());
    newest.map_or((0, 0), |checkpoint| {
        (checkpoint.meta().step, checkpoint.meta().epoch)
    })
}

fn log(sink: &mut dyn FnMut(RunEvent), level: LogLevel, message: String) {
    sink(RunEvent::Log {
        level,
        wall: wall(),
        message,
    });
}

fn ended(
    sink: &mut dyn FnMut(RunEvent),
    status: RunStatus,
    (step, epoch): (u64, u64),
    message: Option<String>,
) {
    sink(RunEvent::Ended {
        status,
        step,
        epoch,
        wall: wall(),
        message,
    });
}
