//! Checkpoints of a training in progress.

use std::time::{Duration, Instant};

use diptych_domain::{CheckpointKind, LogLevel};

use super::{Session, Sink, log};
use crate::checkpoint::CheckpointError;
use crate::clock::wall;
use diptych_domain::RunEvent;

/// How long to wait after a failed write before trying again.
const RETRY: Duration = Duration::from_secs(30);

impl Session<'_> {
    /// Writes the present state and tells each file.
    pub(super) fn save(
        &mut self,
        kinds: &[CheckpointKind],
        sink: &mut Sink<'_>,
    ) -> Result<(), CheckpointError> {
        let meta = self
            .progress
            .meta(&self.spec.model, &self.spec_json, self.spec.seed, &self.networks);
        let saved = self.folder.save(self.model.as_ref(), &meta, kinds)?;
        self.saved_at = Instant::now();
        self.retry_at = None;
        if kinds.contains(&CheckpointKind::Last) {
            self.saved_step = Some(meta.step);
        }
        for file in saved {
            sink(RunEvent::Checkpoint {
                step: meta.step,
                epoch: meta.epoch,
                wall: wall(),
                kind: file.kind,
                path: file.path,
                bytes: file.bytes,
                score: meta.best.filter(|_| file.kind == CheckpointKind::Best),
            });
        }
        Ok(())
    }

    /// As `save`; but a failed write (a full disk, say) in the midst of a run is told, and tried again later, rather than
    /// losing the run: the older checkpoints are still there. Says whether it was written.
    pub(super) fn save_or_warn(
        &mut self,
        kinds: &[CheckpointKind],
        sink: &mut Sink<'_>,
    ) -> Result<bool, CheckpointError> {
        match self.save(kinds, sink) {
            Err(e @ CheckpointError::Write { .. }) => {
                let seconds = RETRY.as_secs();
                log(sink, LogLevel::Error, format!("{e}; trying again in {seconds} s"));
                self.retry_at = Some(Instant::now() + RETRY);
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    /// Writes a checkpoint where one has been due for long enough.
    pub(super) fn save_if_time(&mut self, sink: &mut Sink<'_>) -> Result<(), CheckpointError> {
        let due = match self.retry_at {
            Some(at) => Instant::now() >= at,
            None => self.saved_at.elapsed() >= self.options.checkpoint_interval,
        };
        if due && self.saved_step != Some(self.progress.step) && !self.progress.done() {
            self.save_or_warn(&[CheckpointKind::Last], sink)?;
        }
        Ok(())
    }

    /// Makes sure that the newest checkpoint holds the present step.
    pub(super) fn save_present(&mut self, sink: &mut Sink<'_>) -> Result<(), CheckpointError> {
        if self.saved_step == Some(self.progress.step) {
            return Ok(());
        }
        self.save(&[CheckpointKind::Last], sink)
    }
}
