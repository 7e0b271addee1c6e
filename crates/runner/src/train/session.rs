//! One training in progress.

mod judge;
mod loop_end;
mod open;
mod rollback;
mod save;

use std::time::Instant;

use diptych_data::Loader;
use diptych_domain::spec::{Layout, OnDivergence};
use diptych_domain::{CheckpointKind, ExperimentSpec, LogLevel, MetricKey, RunEvent, RunStatus};
use diptych_models::Model;

use self::judge::Judge;
use self::open::Feed;
use self::rollback::rate_factor;
use self::save::Flush;
use super::progress::Progress;
use super::{TrainOptions, TrainOutcome, ended, log};
use crate::alarms::Alarms;
use crate::checkpoint::{CheckpointError, CheckpointFolder};
use crate::clock::wall;
use crate::error::RunnerError;
use crate::health::Direction;
use crate::keys::Keys;
use crate::lock::RunLock;
use crate::meter::Meter;
use crate::probes::Probes;
use crate::schedule::learning_rate;
use crate::system::Monitor;

type Sink<'s> = dyn FnMut(RunEvent) + 's;

/// Everything that the loop needs; made by `open`.
pub(super) struct Session<'a> {
    spec: &'a ExperimentSpec,
    options: &'a TrainOptions,
    model: Box<dyn Model>,
    feed: Feed,
    loader: Loader,
    judge: Option<Judge>,
    probes: Probes,
    folder: CheckpointFolder,
    progress: Progress,
    spec_json: String,
    networks: Vec<String>,
    keys: Keys,
    meter: Meter,
    monitor: Monitor,
    /// The plugin's own health values with their metrics.
    health: Vec<(&'static str, MetricKey)>,
    directions: Vec<Direction>,
    alarms: Alarms,
    /// The step that the newest `last` checkpoint holds.
    saved_step: Option<u64>,
    saved_at: Instant,
    /// After a failed write: not before then again.
    retry_at: Option<Instant>,
    lr: f64,
    /// The checkpoint on its way to the disk.
    flush: Option<Flush>,
    /// Given back last.
    _lock: RunLock,
}

/// Why the loop ended, if not by an error.
enum End {
    Finished,
    Stopped,
    Diverged(String),
}

impl Session<'_> {
    /// Runs to the end and tells it.
    pub fn run(mut self, sink: &mut Sink<'_>) -> Result<TrainOutcome, RunnerError> {
        let place = |p: &Progress| (p.step, p.epoch());
        let end = self.train(sink);
        let (status, message) = match self.settle(end, sink) {
            Ok(settled) => settled,
            Err(e) => {
                ended(
                    sink,
                    RunStatus::Failed,
                    place(&self.progress),
                    Some(e.to_string()),
                );
                return Err(e);
            }
        };
        ended(sink, status, place(&self.progress), message.clone());
        Ok(TrainOutcome {
            status,
            step: self.progress.step,
            epoch: self.progress.epoch(),
            total_steps: self.progress.total_steps(),
            best: self.progress.best,
            message,
        })
    }

    fn train(&mut self, sink: &mut Sink<'_>) -> Result<End, RunnerError> {
        self.options.control.set_step(self.progress.step);
        sink(RunEvent::Started {
            step: self.progress.step,
            epoch: self.progress.epoch(),
            total_steps: self.progress.total_steps(),
            total_epochs: self.progress.total_epochs,
            wall: wall(),
        });
        if self.spec.log.images_every > 0 {
            self.probes.write_inputs(self.progress.at(), sink)?;
        }
        if self.progress.step == 0 {
            self.baseline(sink)?;
            if self.spec.optim.on_divergence == OnDivergence::Rollback && self.saved_step.is_none() {
                // Something to go back to.
                self.save_behind(&[CheckpointKind::Last], self.progress.best, sink)?;
            }
        } else if self.saved_step.is_none() {
            // A branch must not depend on its parent's files from here on.
            self.save_behind(&[CheckpointKind::Last], self.progress.best, sink)?;
        }
        loop {
            let problem = match self.advance(sink) {
                Ok(End::Diverged(problem)) => problem,
                Err(RunnerError::Checkpoint(e @ CheckpointError::NonFinite { .. })) => e.to_string(),
                end => return end,
            };
            if !self.roll_back(&problem, sink)? {
                return Ok(End::Diverged(problem));
            }
        }
    }

    /// Trains until something ends it.
    fn advance(&mut self, sink: &mut Sink<'_>) -> Result<End, RunnerError> {
        self.close_epoch(sink)?;
        while !self.progress.done() {
            if self.options.control.stop_requested() {
                return Ok(End::Stopped);
            }
            if let Some(problem) = self.step(sink)? {
                return Ok(End::Diverged(problem));
            }
            self.close_epoch(sink)?;
            self.save_if_time(sink)?;
        }
        // A stop during the last epoch's evaluation leaves that to be done on resume.
        Ok(if self.progress.epoch_to_close() {
            End::Stopped
        } else {
            End::Finished
        })
    }

    /// One step with its logging and probes; says what is wrong with a loss that is not finite.
    fn step(&mut self, sink: &mut Sink<'_>) -> Result<Option<String>, RunnerError> {
        self.set_rate();
        let begun = Instant::now();
        let batch = self.loader.next()?;
        let waited = begun.elapsed();
        let step = self.progress.step + 1;
        let logged = step == 1
            || step == self.progress.total_steps()
            || step.is_multiple_of(u64::from(self.spec.log.every.max(1)));
        self.model.watch(logged);
        self.model.train_step(&batch, step)?;
        self.progress.step = step;
        self.options.control.set_step(step);
        let checked = self.options.check_every > 0 && step.is_multiple_of(self.options.check_every);
        let losses = if logged || checked {
            self.model.losses()?
        } else {
            Vec::new()
        };
        self.meter
            .add(batch.a.n, waited, begun.elapsed().saturating_sub(waited));
        let problem = self.divergence(&losses);
        if logged {
            let health = self.model.health()?;
            self.log_step(&losses, &health, sink);
        }
        if problem.is_none() && (self.progress.done() || Progress::due(step, self.spec.log.images_every)) {
            self.write_probes(sink)?;
        }
        Ok(problem)
    }

    fn set_rate(&mut self) {
        self.lr = learning_rate(
            &self.spec.optim,
            self.progress.next_epoch(),
            &self.progress.plateau,
        ) * rate_factor(self.progress.rollbacks);
        self.model.set_learning_rate(self.lr);
    }

    fn divergence(&self, losses: &[(&'static str, f64)]) -> Option<String> {
        let (name, value) = losses.iter().find(|(_, value)| !value.is_finite())?;
        let at = self.progress.at();
        Some(format!(
            "loss {name} is {value} at step {} (epoch {})",
            at.step, at.epoch
        ))
    }

    fn log_step(
        &mut self,
        losses: &[(&'static str, f64)],
        health: &[(&'static str, f64)],
        sink: &mut Sink<'_>,
    ) {
        let mut values = Vec::with_capacity(losses.len() + health.len() + 4);
        // Values that are not finite end the run with a message; stores have no number for them.
        let finite = losses.iter().filter(|(_, value)| value.is_finite());
        values.extend(finite.map(|(name, value)| (self.keys.loss(name), *value)));
        values.push((self.keys.lr.clone(), self.lr));
        if let Some(reading) = self.meter.take() {
            values.push((self.keys.images_per_second.clone(), reading.images_per_second));
            values.push((self.keys.step_seconds.clone(), reading.step_seconds));
            values.push((self.keys.data_wait.clone(), reading.data_wait));
        }
        values.extend(self.monitor.take().unwrap_or_default());
        let known = |name| self.health.iter().find(|(known, _)| *known == name);
        let health: Vec<(MetricKey, f64)> = health
            .iter()
            .filter(|(_, value)| value.is_finite())
            .filter_map(|(name, value)| Some((known(*name)?.1.clone(), *value)))
            .collect();
        values.extend(health.iter().cloned());
        self.emit(values, sink);
        self.observe(&health, sink);
    }

    /// Tells what these values change about the run's health.
    fn observe(&mut self, health: &[(MetricKey, f64)], sink: &mut Sink<'_>) {
        let at = self.progress.at();
        for change in self.alarms.observe(at.step, health) {
            sink(RunEvent::Health {
                step: at.step,
                epoch: at.epoch,
                wall: wall(),
                raised: change.raised,
                message: change.message.clone(),
            });
            let level = if change.raised {
                LogLevel::Warn
            } else {
                LogLevel::Info
            };
            log(sink, level, change.message);
        }
    }

    fn emit(&self, values: Vec<(MetricKey, f64)>, sink: &mut Sink<'_>) {
        let at = self.progress.at();
        sink(RunEvent::Metrics {
            step: at.step,
            epoch: at.epoch,
            wall: wall(),
            values,
        });
    }

    fn write_probes(&mut self, sink: &mut Sink<'_>) -> Result<(), RunnerError> {
        if self.spec.log.images_every == 0 {
            return Ok(());
        }
        let (at, rollbacks) = (self.progress.at(), self.progress.rollbacks);
        let shown = self
            .probes
            .write_outputs(self.model.as_mut(), at, rollbacks, sink)?;
        let paired = self.spec.data.layout == Layout::Aligned;
        let health: Vec<(MetricKey, f64)> = self
            .directions
            .iter()
            .flat_map(|direction| direction.measure(self.probes.pairs(), &shown, paired))
            .collect();
        if !health.is_empty() {
            self.emit(health.clone(), sink);
            self.observe(&health, sink);
        }
        Ok(())
    }

    /// What the untrained model does.
    fn baseline(&mut self, sink: &mut Sink<'_>) -> Result<(), RunnerError> {
        self.write_probes(sink)?;
        if self.spec.log.evaluate_every > 0 {
            self.evaluate(sink)?;
        }
        Ok(())
    }

    /// Evaluates and tells the outcome; gives the score of which less is better. `None` where there is nothing to evaluate on, or a
    /// stop came in between.
    fn evaluate(&mut self, sink: &mut Sink<'_>) -> Result<Option<f64>, RunnerError> {
        let Some(judge) = &self.judge else {
            return Ok(None);
        };
        let Some(verdict) = judge.judge(self.model.as_mut(), &self.options.control)? else {
            return Ok(None);
        };
        let finite = verdict.values.into_iter().filter(|(_, value)| value.is_finite());
        self.emit(finite.collect(), sink);
        Ok(Some(verdict.score))
    }
}
