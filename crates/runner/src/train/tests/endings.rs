//! Runs that end badly or are refused.

use super::*;

#[test]
fn a_loss_that_is_not_finite_ends_the_run_with_its_name_and_step() {
    let bench = Bench::new().param("nan_at", 13);
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!((outcome.status, outcome.step), (RunStatus::Diverged, 13));
    let message = outcome.message.unwrap();
    assert_eq!(
        message,
        "loss L1 is NaN at step 13 (epoch 3); the last checkpoint holds step 10"
    );
    assert!(
        matches!(events.last(), Some(RunEvent::Ended { status: RunStatus::Diverged, message: Some(m), .. }) if *m == message)
    );
    assert_eq!(Checkpoint::open(&last(dir.path())).unwrap().meta().step, 10);
    assert!(numbers(&events).values().all(|v| f64::from_bits(*v).is_finite()));
}

#[test]
fn weights_that_are_not_finite_are_never_saved() {
    let bench = Bench::new().param("blow_at", 20);
    let dir = tempfile::tempdir().unwrap();
    let (_, outcome) = bench.train(dir.path());
    assert_eq!(outcome.status, RunStatus::Diverged);
    assert_eq!(
        outcome.message.unwrap(),
        "tensor `G.model.weight` holds a value that is not finite at step 20; the last checkpoint holds step 10"
    );
    assert_eq!(Checkpoint::open(&last(dir.path())).unwrap().meta().step, 10);
}

#[test]
fn errors_are_the_last_event_too() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    bench.train_until(dir.path(), 3);
    // A corrupt image in the midst of an epoch: the state before it is kept.
    for i in 0..5 {
        fs::write(bench.data.path().join(format!("train/{i:02}.png")), "no image").unwrap();
    }
    let (events, outcome) = bench.attempt(&TrainOptions::new(dir.path(), DeviceChoice::Cpu));
    let error = outcome.unwrap_err();
    assert!(matches!(error, RunnerError::Data(_)), "{error}");
    assert!(error.to_string().contains(".png"), "{error}");
    assert!(matches!(
        events.last(),
        Some(RunEvent::Ended { status: RunStatus::Failed, message: Some(m), .. }) if *m == error.to_string()
    ));
}

#[test]
fn other_checkpoints_are_refused() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    bench.train_until(dir.path(), 3);
    write_pairs(&bench.data.path().join("train"), 6);
    let (_, outcome) = bench.attempt(&TrainOptions::new(dir.path(), DeviceChoice::Cpu));
    assert!(matches!(
        outcome,
        Err(RunnerError::DataChanged { before: 5, now: 6 })
    ));

    let model = crate::testing::Line::new(9);
    let folder = CheckpointFolder::new(dir.path());
    let meta = Checkpoint::open(&last(dir.path())).unwrap().meta().clone();
    folder
        .save(
            &model,
            &crate::CheckpointMeta {
                step: 4,
                steps_per_epoch: 6,
                ..meta
            },
            &[CheckpointKind::Last],
        )
        .unwrap();
    let (_, outcome) = bench.attempt(&TrainOptions::new(dir.path(), DeviceChoice::Cpu));
    assert!(matches!(
        outcome,
        Err(RunnerError::Checkpoint(CheckpointError::Architecture { tensor, .. })) if tensor == "G.model.weight"
    ));
}

#[test]
fn one_process_a_run() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let options = TrainOptions::new(dir.path(), DeviceChoice::Cpu);
    let mut refused = None;
    train(&Fake, &bench.spec, &options, &mut |_| {
        if refused.is_none() {
            let (events, outcome) = bench.attempt(&TrainOptions::new(dir.path(), DeviceChoice::Cpu));
            refused = Some((events.len(), matches!(outcome, Err(RunnerError::Busy { .. }))));
        }
    })
    .unwrap();
    assert_eq!(refused, Some((0, true)));
}
