//! What happens at the end of an epoch and at the end of a training.

use diptych_domain::{CheckpointKind, LogLevel, RunEvent, RunStatus};

use super::{End, Session, Sink, log};
use crate::checkpoint::CheckpointError;
use crate::clock::wall;
use crate::error::RunnerError;
use crate::train::progress::Progress;

impl Session<'_> {
    /// The closing work of an epoch, if one was just completed: evaluation, best, plateau, checkpoints. Where a stop comes during
    /// the evaluation, all of it is left for the resumed run.
    pub(super) fn close_epoch(&mut self, sink: &mut Sink<'_>) -> Result<(), RunnerError> {
        if !self.progress.epoch_to_close() {
            return Ok(());
        }
        // Whether the last best was kept decides which score is to beat.
        self.finish_flush(sink);
        let (epoch, last, log) = (self.progress.epoch(), self.progress.done(), &self.spec.log);
        let (mut kinds, best) = (Vec::new(), self.progress.best);
        if last || Progress::due(epoch, log.checkpoint_every) {
            kinds.push(CheckpointKind::Last);
        }
        if Progress::due(epoch, log.keep_every) {
            kinds.push(CheckpointKind::Periodic);
        }
        let wanted = Progress::due(epoch, log.evaluate_every) || (last && log.evaluate_every > 0);
        if wanted && self.judge.is_some() {
            let Some(score) = self.evaluate(sink)? else {
                return Ok(());
            };
            if self.progress.observe(score) {
                kinds.push(CheckpointKind::Best);
            }
        }
        self.progress.closed_epochs = epoch;
        sink(RunEvent::EpochEnded {
            epoch,
            step: self.progress.step,
            wall: wall(),
        });
        if last {
            self.save_present(&kinds, sink)?;
        } else {
            self.save_behind(&kinds, best, sink)?;
        }
        Ok(())
    }

    /// Writes what must be written at the end, and turns the end into a status and a message.
    pub(super) fn settle(
        &mut self,
        end: Result<End, RunnerError>,
        sink: &mut Sink<'_>,
    ) -> Result<(RunStatus, Option<String>), RunnerError> {
        self.finish_flush(sink);
        let status = match end {
            Ok(End::Finished) => RunStatus::Finished,
            Ok(End::Stopped) => RunStatus::Stopped,
            Ok(End::Diverged(problem)) => return Ok(self.diverged(problem)),
            Err(RunnerError::Checkpoint(e @ CheckpointError::NonFinite { .. })) => {
                return Ok(self.diverged(e.to_string()));
            }
            Err(e @ RunnerError::Data(_)) => {
                // The model is sound; once the data is mended the run can go on from here.
                if let Err(e) = self.save_present(&[], sink) {
                    log(sink, LogLevel::Error, e.to_string());
                }
                return Err(e);
            }
            Err(e) => return Err(e),
        };
        match self.save_present(&[], sink) {
            Ok(()) => Ok((status, None)),
            Err(e @ CheckpointError::NonFinite { .. }) => Ok(self.diverged(e.to_string())),
            Err(e) => Err(e.into()),
        }
    }

    fn diverged(&self, problem: String) -> (RunStatus, Option<String>) {
        let kept = match self.saved_step {
            Some(step) => format!("the last checkpoint holds step {step}"),
            None => "there is no checkpoint yet".to_owned(),
        };
        let kept = match self.progress.rollbacks {
            0 => kept,
            n => format!("{kept}, and the run has gone back {n} times"),
        };
        (RunStatus::Diverged, Some(format!("{problem}; {kept}")))
    }
}
