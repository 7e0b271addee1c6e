//! The history behind the plateau policy: how long the watched metric has stood still.

/// What each drop leaves of the rate.
const FACTOR: f64 = 0.2;
/// The relative gain that counts as one.
const THRESHOLD: f64 = 0.01;
/// Evaluations without a gain that are borne before a drop.
const PATIENCE: u32 = 5;

/// A drop that would change the rate by no more than this is not made, as in PyTorch.
const SMALLEST_DROP: f64 = 1e-8;

/// The state of the plateau policy for a metric of which less is better; it travels in checkpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    /// Drops so far.
    pub drops: u32,
    /// The best value seen; infinite before the first.
    pub best: f64,
    /// Evaluations since the last gain or drop.
    pub waited: u32,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            drops: 0,
            best: f64::INFINITY,
            waited: 0,
        }
    }
}

impl Plateau {
    /// Takes in one evaluation: more than five in a row that are not 1 % below the best drop the rate.
    /// A value that is not a number counts as no gain.
    pub fn observe(&mut self, value: f64) {
        if value < self.best * (1.0 - THRESHOLD) {
            self.best = value;
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited > PATIENCE {
            self.drops += 1;
            self.waited = 0;
        }
    }

    /// What is left of the full rate `lr`.
    pub fn factor(&self, lr: f64) -> f64 {
        let mut factor = 1.0;
        for _ in 0..self.drops {
            let next = factor * FACTOR;
            if lr * (factor - next) <= SMALLEST_DROP {
                break;
            }
            factor = next;
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(values: &[f64]) -> Plateau {
        let mut plateau = Plateau::default();
        values.iter().for_each(|v| plateau.observe(*v));
        plateau
    }

    #[test]
    fn gains_keep_the_rate() {
        let falling: Vec<f64> = (0..40).map(|i| 0.9_f64.powi(i)).collect();
        assert_eq!(after(&falling).factor(1.0), 1.0);
    }

    #[test]
    fn five_still_evaluations_are_borne_and_the_sixth_drops() {
        assert_eq!(after(&[1.0; 6]).factor(1.0), 1.0);
        assert_eq!(after(&[1.0; 7]).factor(1.0), 0.2);
        assert_eq!(after(&[1.0; 12]).drops, 1);
        assert_eq!(after(&[1.0; 13]).drops, 2);
    }

    #[test]
    fn a_gain_under_one_percent_is_none() {
        assert_eq!(after(&[1.0, 0.995]).waited, 1);
        assert_eq!(after(&[1.0, 0.98]).waited, 0);
        assert_eq!(after(&[1.0, f64::NAN]).waited, 1);
    }
}
