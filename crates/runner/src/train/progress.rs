//! Where a run stands: everything beside the tensors that a checkpoint keeps.

use diptych_domain::ExperimentSpec;

use crate::checkpoint::CheckpointMeta;
use crate::plateau::Plateau;
use crate::probes::At;

/// Counters and histories of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Progress {
    pub step: u64,
    pub steps_per_epoch: u64,
    pub total_epochs: u64,
    /// Epochs whose closing work (evaluation, checkpoints) is done.
    pub closed_epochs: u64,
    pub best: Option<f64>,
    pub plateau: Plateau,
    /// How often the run went back to a checkpoint.
    pub rollbacks: u32,
}

impl Progress {
    pub fn new(spec: &ExperimentSpec, steps_per_epoch: u64) -> Self {
        Self {
            step: 0,
            steps_per_epoch,
            total_epochs: spec.optim.total_epochs(),
            closed_epochs: 0,
            best: None,
            plateau: Plateau::default(),
            rollbacks: 0,
        }
    }

    pub fn total_steps(&self) -> u64 {
        self.total_epochs * self.steps_per_epoch
    }

    /// Epochs completed.
    pub fn epoch(&self) -> u64 {
        self.step / self.steps_per_epoch
    }

    pub fn done(&self) -> bool {
        self.step >= self.total_steps()
    }

    /// The present step and the epoch that it is in (0 before the first).
    pub fn at(&self) -> At {
        At {
            step: self.step,
            epoch: self.step.div_ceil(self.steps_per_epoch),
        }
    }

    /// The epoch that the next step is in.
    pub fn next_epoch(&self) -> u64 {
        self.epoch() + 1
    }

    /// Whether an epoch is complete and its closing work is still to do.
    pub fn epoch_to_close(&self) -> bool {
        self.step > 0 && self.step.is_multiple_of(self.steps_per_epoch) && self.closed_epochs < self.epoch()
    }

    /// Whether every `every`-th of something is due at `count`; 0 is never.
    pub fn due(count: u64, every: u32) -> bool {
        every > 0 && count.is_multiple_of(u64::from(every))
    }

    /// Takes in an evaluation of which less is better; true where it is the best so far.
    pub fn observe(&mut self, score: f64) -> bool {
        self.plateau.observe(score);
        let better = score.is_finite() && self.best.is_none_or(|best| score < best);
        if better {
            self.best = Some(score);
        }
        better
    }

    pub fn resume(&mut self, meta: &CheckpointMeta) {
        self.step = meta.step;
        self.closed_epochs = meta.closed_epochs;
        self.best = meta.best;
        self.plateau = meta.plateau;
        self.rollbacks = meta.rollbacks;
    }

    pub fn meta(
        &self,
        model: &str,
        spec: &str,
        seed: u64,
        networks: &[String],
        alarms: String,
    ) -> CheckpointMeta {
        CheckpointMeta {
            model: model.to_owned(),
            spec: spec.to_owned(),
            seed,
            step: self.step,
            epoch: self.epoch(),
            steps_per_epoch: self.steps_per_epoch,
            closed_epochs: self.closed_epochs,
            best: self.best,
            plateau: self.plateau,
            rollbacks: self.rollbacks,
            alarms,
            networks: networks.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(step: u64) -> Progress {
        Progress {
            step,
            steps_per_epoch: 4,
            total_epochs: 3,
            closed_epochs: 0,
            best: None,
            plateau: Plateau::default(),
            rollbacks: 0,
        }
    }

    #[test]
    fn epochs_count_from_one_and_close_at_their_last_step() {
        let at = |step| {
            (
                progress(step).at().epoch,
                progress(step).epoch(),
                progress(step).next_epoch(),
            )
        };
        assert_eq!(at(0), (0, 0, 1));
        assert_eq!(at(1), (1, 0, 1));
        assert_eq!(at(4), (1, 1, 2));
        assert_eq!(at(5), (2, 1, 2));
        assert!(
            !progress(0).epoch_to_close() && !progress(3).epoch_to_close() && progress(4).epoch_to_close()
        );
        assert!(!progress(11).done() && progress(12).done());
    }

    #[test]
    fn zero_is_never_due() {
        assert!(!Progress::due(0, 0) && !Progress::due(5, 0));
        assert!(Progress::due(10, 5) && !Progress::due(11, 5));
    }

    #[test]
    fn only_finite_gains_are_best() {
        let mut p = progress(0);
        assert!(!p.observe(f64::NAN) && !p.observe(f64::INFINITY));
        assert!(p.observe(0.5) && !p.observe(0.5) && p.observe(0.4));
        assert_eq!(p.best, Some(0.4));
    }
}
