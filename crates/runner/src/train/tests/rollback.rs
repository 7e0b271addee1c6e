//! Going back to a checkpoint where a loss is not finite.

use diptych_domain::spec::OnDivergence;

use super::*;

fn bench() -> Bench {
    Bench::new().param("nan_at", 13).with(|s| {
        s.optim.on_divergence = OnDivergence::Rollback;
        s.optim.decay_epochs = 0;
        s.optim.epochs = 4;
    })
}

/// Where from, where to.
fn rollbacks(events: &[RunEvent]) -> Vec<(u64, u64)> {
    events
        .iter()
        .filter_map(|e| match e {
            RunEvent::RolledBack { from, step, .. } => Some((*from, *step)),
            _ => None,
        })
        .collect()
}

#[test]
fn half_the_rate_from_the_last_checkpoint_and_the_run_finishes() {
    // Rates above 0.02 diverge: 0.05 does, 0.025 does, 0.0125 does not.
    let bench = bench().param("nan_above", 20_000);
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!((outcome.status, outcome.step), (RunStatus::Finished, 20));
    assert_eq!(rollbacks(&events), [(13, 10), (13, 10)]);
    let message = events.iter().find_map(|e| match e {
        RunEvent::RolledBack { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(
        message.unwrap(),
        "loss L1 is NaN at step 13 (epoch 3); back to the checkpoint of step 10 with 1/2 of the learning rate \
         (rollback 1 of 3)"
    );
    let rates: Vec<f64> = events
        .iter()
        .filter_map(|e| match e {
            RunEvent::Metrics { step: 12, values, .. } => values
                .iter()
                .find(|(k, _)| k.as_str() == "optim/lr")
                .map(|(_, v)| *v),
            _ => None,
        })
        .collect();
    // Each time round is told; none takes another's place.
    assert_eq!(rates, [0.05, 0.025, 0.0125]);
    // What was shown on the way is still there.
    assert!(
        dir.path()
            .join("images/step-00000007/probe-00-output.png")
            .exists()
    );
    assert!(
        dir.path()
            .join("images/step-00000014-rollback-2/probe-00-output.png")
            .exists()
    );
}

#[test]
fn after_three_times_it_has_diverged() {
    let bench = bench();
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!((outcome.status, outcome.step), (RunStatus::Diverged, 13));
    assert_eq!(rollbacks(&events).len(), 3);
    assert_eq!(
        outcome.message.unwrap(),
        "loss L1 is NaN at step 13 (epoch 3); the last checkpoint holds step 10, and the run has gone back 3 times"
    );
}

#[test]
fn before_the_first_epoch_there_is_the_untrained_model_to_go_back_to() {
    let bench = Bench::new()
        .param("nan_at", 2)
        .param("nan_above", 30_000)
        .with(|s| s.optim.on_divergence = OnDivergence::Rollback);
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!(outcome.status, RunStatus::Finished);
    assert_eq!(rollbacks(&events), [(2, 0)]);
}

#[test]
fn weights_that_are_not_finite_are_rolled_back_too() {
    let bench = Bench::new()
        .param("blow_at", 20)
        .with(|s| s.optim.on_divergence = OnDivergence::Rollback);
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!(outcome.status, RunStatus::Diverged);
    // The third epoch's checkpoint is one that is kept for good.
    assert_eq!(rollbacks(&events), [(20, 15), (20, 15), (20, 15)]);
}

#[test]
fn a_resumed_run_knows_how_often_it_went_back() {
    let bench = bench().param("nan_above", 20_000);
    let whole = tempfile::tempdir().unwrap();
    bench.train(whole.path());
    // Stopped right after the first time.
    let parts = tempfile::tempdir().unwrap();
    let options = TrainOptions::new(parts.path(), DeviceChoice::Cpu);
    train(&Fake, &bench.spec, &options, &mut |e| {
        if matches!(e, RunEvent::RolledBack { .. }) {
            options.control.request_stop();
        }
    })
    .unwrap();
    let (events, outcome) = bench.train(parts.path());
    assert_eq!(outcome.status, RunStatus::Finished);
    assert_eq!(rollbacks(&events).len(), 1, "the other one was before");
    assert_eq!(tensors(&last(parts.path())), tensors(&last(whole.path())));
}
