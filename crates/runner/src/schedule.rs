//! Learning rates as functions of the epoch.
//!
//! The reference steps its scheduler at the *start* of each epoch, so that epoch `e` (from 1) runs with `e` scheduler steps
//! taken: the linear policy starts to fall in the last of its full-rate epochs and reaches zero in the last epoch.

use std::f64::consts::PI;

use diptych_domain::spec::{OptimSpec, Policy};

use crate::plateau::Plateau;

/// Epochs between two drops of the step policy.
const STEP_EPOCHS: u64 = 50;
/// What each drop of the step policy leaves of the rate.
const STEP_FACTOR: f64 = 0.1;

/// The learning rate of epoch `epoch` (from 1). `plateau` is the history that the plateau policy looks at; the other
/// policies depend on the epoch alone.
///
/// The cosine policy has the reference's period of twice `epochs`: it is zero in epoch `epochs` and climbs again where
/// `decay_epochs` follow.
pub fn learning_rate(optim: &OptimSpec, epoch: u64, plateau: &Plateau) -> f64 {
    let factor = match optim.policy {
        Policy::Linear => linear(epoch, u64::from(optim.epochs), u64::from(optim.decay_epochs)),
        Policy::Step => STEP_FACTOR.powi(i32::try_from(epoch / STEP_EPOCHS).unwrap_or(i32::MAX)),
        Policy::Cosine => cosine(epoch, u64::from(optim.epochs)),
        Policy::Plateau => plateau.factor(optim.lr),
    };
    optim.lr * factor
}

/// Whether every epoch has the rate 0: the linear and the cosine policy end there, and a single epoch is the last.
pub fn trains_nothing(optim: &OptimSpec) -> bool {
    let ends_at_zero = matches!(optim.policy, Policy::Linear | Policy::Cosine);
    let mut rates = (1..=optim.total_epochs()).map(|epoch| learning_rate(optim, epoch, &Plateau::default()));
    ends_at_zero && optim.total_epochs() > 0 && rates.all(|rate| rate == 0.0)
}

/// `1 - max(0, k + 1 - epochs) / (decay_epochs + 1)` with `k = epoch` steps taken, never below zero.
fn linear(epoch: u64, epochs: u64, decay_epochs: u64) -> f64 {
    let past = (epoch + 1).saturating_sub(epochs);
    (1.0 - past as f64 / (decay_epochs + 1) as f64).max(0.0)
}

/// `(1 + cos(π k / epochs)) / 2`.
fn cosine(epoch: u64, epochs: u64) -> f64 {
    if epochs == 0 {
        return 1.0;
    }
    0.5 * (1.0 + (PI * epoch as f64 / epochs as f64).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(policy: Policy, epochs: u32, decay_epochs: u32, epoch: u64) -> f64 {
        let optim = OptimSpec {
            policy,
            epochs,
            decay_epochs,
            ..OptimSpec::default()
        };
        learning_rate(&optim, epoch, &Plateau::default())
    }

    #[test]
    fn single_epochs_that_end_at_zero_train_nothing() {
        let with = |policy, epochs, decay_epochs| {
            trains_nothing(&OptimSpec {
                policy,
                epochs,
                decay_epochs,
                ..OptimSpec::default()
            })
        };
        assert!(with(Policy::Linear, 1, 0) && with(Policy::Linear, 0, 1) && with(Policy::Cosine, 1, 0));
        assert!(!with(Policy::Linear, 1, 1) && !with(Policy::Linear, 2, 0) && !with(Policy::Step, 1, 0));
        assert!(!with(Policy::Linear, 0, 0), "nothing is what was asked for");
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 5e-6 * want.abs() + 1e-18,
            "{got} is not {want}"
        );
    }

    #[test]
    fn linear_has_the_reference_rates() {
        for (epoch, want) in [
            (1, 2e-4),
            (99, 2e-4),
            (100, 1.98020e-4),
            (101, 1.96040e-4),
            (150, 9.90099e-5),
            (200, 0.0),
        ] {
            assert_near(rate(Policy::Linear, 100, 100, epoch), want);
        }
    }

    #[test]
    fn linear_never_turns_negative_past_its_end() {
        assert_eq!(rate(Policy::Linear, 1, 0, 5), 0.0);
    }

    #[test]
    fn linear_without_full_rate_epochs_falls_from_the_start() {
        assert_near(rate(Policy::Linear, 0, 3, 1), 2e-4 * 0.5);
    }

    #[test]
    fn step_drops_tenfold_every_fifty_epochs() {
        for (epoch, want) in [
            (1, 2e-4),
            (49, 2e-4),
            (50, 2e-5),
            (99, 2e-5),
            (100, 2e-6),
            (200, 2e-8),
        ] {
            assert_near(rate(Policy::Step, 100, 100, epoch), want);
        }
    }

    #[test]
    fn cosine_falls_to_zero_at_the_last_full_epoch() {
        assert_near(rate(Policy::Cosine, 100, 0, 50), 1e-4);
        assert!(rate(Policy::Cosine, 100, 0, 100).abs() < 1e-18);
        assert_near(rate(Policy::Cosine, 100, 100, 150), 1e-4);
        assert_near(rate(Policy::Cosine, 0, 10, 1), 2e-4);
    }

    /// Recorded by `tests/oracle/schedules.py`. PyTorch updates some rates step by step, so that its rounding adds up.
    #[test]
    fn golden_rates_are_those_of_pytorchs_schedulers() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/schedules.json");
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut policies = std::collections::BTreeMap::new();
        for case in &cases {
            let whole = |key: &str| u32::try_from(case[key].as_u64().unwrap()).unwrap();
            let optim = OptimSpec {
                lr: case["lr"].as_f64().unwrap(),
                policy: serde_json::from_value(case["policy"].clone()).unwrap(),
                epochs: whole("epochs"),
                decay_epochs: whole("decay_epochs"),
                ..OptimSpec::default()
            };
            let mut plateau = Plateau::default();
            let metric = case["metric"].as_array();
            for (i, want) in case["rates"].as_array().unwrap().iter().enumerate() {
                let want = want.as_f64().unwrap();
                let got = learning_rate(&optim, i as u64 + 1, &plateau);
                assert!(
                    (got - want).abs() <= 1e-12 * want + 1e-15 * optim.lr,
                    "epoch {} of {optim:?}: {got} for {want}",
                    i + 1
                );
                if let Some(value) = metric.and_then(|m| m.get(i)) {
                    plateau.observe(value.as_f64().unwrap_or(f64::NAN));
                }
                *policies.entry(format!("{:?}", optim.policy)).or_insert(0) += 1;
            }
        }
        assert_eq!(policies.len(), 4, "{policies:?}");
    }

    #[test]
    fn plateau_follows_its_history() {
        let optim = OptimSpec {
            policy: Policy::Plateau,
            ..OptimSpec::default()
        };
        let mut history = Plateau::default();
        for _ in 0..7 {
            history.observe(0.5);
        }
        assert_near(learning_rate(&optim, 8, &history), 2e-4 * 0.2);
    }
}
