//! Going back to the last checkpoint after a loss that is not finite.

use diptych_domain::spec::OnDivergence;
use diptych_domain::{CheckpointKind, LogLevel, RunEvent};

use super::{Session, Sink, log};
use crate::clock::wall;
use crate::error::RunnerError;
use crate::meter::Meter;

/// How often a run goes back before it counts as diverged.
pub(super) const ATTEMPTS: u32 = 3;

/// What `rollbacks` of them leave of the learning rate. The steps from a checkpoint are the same each time, to the bit; with half the
/// rate they are not, and large rates are what most often makes a loss run away.
pub(super) fn rate_factor(rollbacks: u32) -> f64 {
    0.5f64.powi(i32::try_from(rollbacks).unwrap_or(i32::MAX))
}

impl Session<'_> {
    /// Goes back to the newest sound checkpoint, where the experiment asks for that and it has not been done too often; whether it
    /// has. What was told about the steps in between stays told.
    pub(super) fn roll_back(&mut self, problem: &str, sink: &mut Sink<'_>) -> Result<bool, RunnerError> {
        let attempt = self.progress.rollbacks + 1;
        if self.spec.optim.on_divergence == OnDivergence::Stop || attempt > ATTEMPTS {
            return Ok(false);
        }
        self.finish_flush(sink);
        let Some(newest) = self.folder.newest()? else {
            return Ok(false);
        };
        let (from, meta) = (self.progress.step, newest.checkpoint.meta());
        newest.checkpoint.restore(self.model.as_mut())?;
        self.progress.resume(meta);
        self.progress.rollbacks = attempt;
        self.alarms.restore(&meta.alarms);
        self.loader = self.feed.start(self.progress.step);
        self.meter = Meter::default();
        self.options.control.set_step(self.progress.step);
        let message = format!(
            "{problem}; back to the checkpoint of step {} with 1/{} of the learning rate (rollback {attempt} of {ATTEMPTS})",
            self.progress.step,
            1u32 << attempt
        );
        sink(RunEvent::RolledBack {
            from,
            step: self.progress.step,
            epoch: self.progress.epoch(),
            wall: wall(),
            message: message.clone(),
        });
        log(sink, LogLevel::Warn, message);
        // A run that is resumed here must know that it went back.
        self.save(&[CheckpointKind::Last], sink)?;
        Ok(true)
    }
}
