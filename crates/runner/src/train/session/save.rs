//! Checkpoints of a training in progress. Training waits while the state is read, but not for the disk: another thread does that.

use std::io;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use diptych_domain::{CheckpointKind, LogLevel, RunEvent};

use super::{Session, Sink, log};
use crate::checkpoint::{CheckpointError, CheckpointMeta, Saved};
use crate::clock::wall;

/// How long to wait after a failed write before trying again.
const RETRY: Duration = Duration::from_secs(30);

type Outcome = Result<Vec<Saved>, CheckpointError>;

/// A checkpoint on its way to the disk. Dropping it waits, so that no thread outlives the run's lock.
pub(super) struct Flush {
    thread: Option<JoinHandle<Outcome>>,
    meta: CheckpointMeta,
    /// The best score before this checkpoint: the one to beat if this one is not kept.
    best_before: Option<f64>,
}

impl Flush {
    /// Waits for the disk.
    fn finish(&mut self) -> Outcome {
        let joined = self.thread.take().map(JoinHandle::join);
        joined.unwrap_or_else(|| Ok(Ok(Vec::new()))).unwrap_or_else(|_| {
            Err(CheckpointError::Write {
                path: "checkpoints".into(),
                source: io::Error::other("the writing thread died"),
            })
        })
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        // Whoever wants to know the outcome has asked before.
        let _ = self.finish();
    }
}

impl Session<'_> {
    /// Writes the present state, waits for the disk, and tells each file.
    pub(super) fn save(
        &mut self,
        kinds: &[CheckpointKind],
        sink: &mut Sink<'_>,
    ) -> Result<(), CheckpointError> {
        self.finish_flush(sink);
        let meta = self.meta();
        let pending = self.folder.write(self.model.as_ref(), &meta, kinds)?;
        self.options.before_checkpoint.pass();
        let saved = pending.commit()?;
        self.tell_saved(&meta, saved, sink);
        Ok(())
    }

    /// Begins to write the present state in the midst of a run. A failed write (a full disk, say) is told, and tried again
    /// later, rather than losing the run: the older checkpoints are still there.
    pub(super) fn save_behind(
        &mut self,
        kinds: &[CheckpointKind],
        best_before: Option<f64>,
        sink: &mut Sink<'_>,
    ) -> Result<(), CheckpointError> {
        if kinds.is_empty() {
            return Ok(());
        }
        self.finish_flush(sink);
        let meta = self.meta();
        let pending = match self.folder.write(self.model.as_ref(), &meta, kinds) {
            Err(e @ CheckpointError::Write { .. }) => {
                self.not_saved(&e, best_before, sink);
                return Ok(());
            }
            other => other?,
        };
        self.saved_at = Instant::now();
        let barrier = self.options.before_checkpoint.clone();
        let spawned = Builder::new().name("checkpoint".into()).spawn(move || {
            barrier.pass();
            pending.commit()
        });
        match spawned {
            Ok(thread) => {
                self.flush = Some(Flush {
                    thread: Some(thread),
                    meta,
                    best_before,
                });
            }
            // The checkpoint went with the closure.
            Err(source) => {
                let path = "checkpoints".into();
                self.not_saved(&CheckpointError::Write { path, source }, best_before, sink);
            }
        }
        Ok(())
    }

    /// Writes a checkpoint where one has been due for long enough; tells one that has reached the disk meanwhile.
    pub(super) fn save_if_time(&mut self, sink: &mut Sink<'_>) -> Result<(), CheckpointError> {
        if let Some(flush) = &self.flush {
            if !flush.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return Ok(());
            }
            self.finish_flush(sink);
        }
        let due = match self.retry_at {
            Some(at) => Instant::now() >= at,
            None => self.saved_at.elapsed() >= self.options.checkpoint_interval,
        };
        if due && self.saved_step != Some(self.progress.step) && !self.progress.done() {
            self.save_behind(&[CheckpointKind::Last], self.progress.best, sink)?;
        }
        Ok(())
    }

    /// Makes sure that the newest checkpoint holds the present step, and that it is on disk.
    pub(super) fn save_present(
        &mut self,
        kinds: &[CheckpointKind],
        sink: &mut Sink<'_>,
    ) -> Result<(), CheckpointError> {
        self.finish_flush(sink);
        if kinds.is_empty() && self.saved_step == Some(self.progress.step) {
            return Ok(());
        }
        self.save(
            if kinds.is_empty() {
                &[CheckpointKind::Last]
            } else {
                kinds
            },
            sink,
        )
    }

    /// Waits for the checkpoint under way, if any, and tells what became of it.
    pub(super) fn finish_flush(&mut self, sink: &mut Sink<'_>) {
        let Some(mut flush) = self.flush.take() else {
            return;
        };
        match flush.finish() {
            Ok(saved) => self.tell_saved(&flush.meta, saved, sink),
            Err(e) => self.not_saved(&e, flush.best_before, sink),
        }
    }

    fn meta(&self) -> CheckpointMeta {
        self.progress.meta(
            &self.spec.model,
            &self.spec_json,
            self.spec.seed,
            &self.networks,
            self.alarms.state(),
        )
    }

    fn not_saved(&mut self, error: &CheckpointError, best_before: Option<f64>, sink: &mut Sink<'_>) {
        let seconds = RETRY.as_secs();
        log(
            sink,
            LogLevel::Error,
            format!("{error}; trying again in {seconds} s"),
        );
        self.retry_at = Some(Instant::now() + RETRY);
        self.progress.best = best_before;
    }

    fn tell_saved(&mut self, meta: &CheckpointMeta, saved: Vec<Saved>, sink: &mut Sink<'_>) {
        self.saved_at = Instant::now();
        self.retry_at = None;
        for file in saved {
            if file.kind == CheckpointKind::Last {
                self.saved_step = Some(meta.step);
            }
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
    }
}
