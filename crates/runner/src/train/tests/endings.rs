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
fn a_panic_in_a_step_fails_the_run_and_leaves_its_last_checkpoint() {
    let bench = Bench::new().param("panic_at", 13);
    let dir = tempfile::tempdir().unwrap();
    let registry = diptych_models::Registry::builtin().with(Fake);
    let plugin = registry.get("fake").unwrap();
    let mut events = Vec::new();
    let options = TrainOptions::new(dir.path(), DeviceChoice::Cpu);
    let error = train(plugin, &bench.spec, &options, &mut |e| events.push(e)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fake panicked in train_step: stumbled over value 0"
    );
    assert!(matches!(
        events.last(),
        Some(RunEvent::Ended { status: RunStatus::Failed, step: 12, message: Some(m), .. }) if *m == error.to_string()
    ));
    // Not step 12, whose weights the panic has got at.
    assert_eq!(Checkpoint::open(&last(dir.path())).unwrap().meta().step, 10);
    // Mended, it ends as if nothing had happened.
    let mended = bench.param("panic_at", 0);
    let whole = tempfile::tempdir().unwrap();
    mended.train(whole.path());
    assert_eq!(mended.train(dir.path()).1.status, RunStatus::Finished);
    assert_eq!(tensors(&last(dir.path())), tensors(&last(whole.path())));
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
    let (events, outcome) = bench.attempt(&TrainOptions::new(dir.path(), DeviceChoice::Cpu));
    assert!(matches!(
        events[..],
        [RunEvent::Ended {
            status: RunStatus::Failed,
            step: 3,
            ..
        }]
    ));
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

/// Makes the next checkpoint meet a full disk.
#[cfg(target_os = "linux")]
fn fill_disk(run: &Path) {
    std::os::unix::fs::symlink("/dev/full", run.join("checkpoints/new.tmp")).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_for_a_while_costs_one_checkpoint() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let options = TrainOptions::new(dir.path(), DeviceChoice::Cpu);
    let mut events = Vec::new();
    let outcome = train(&Fake, &bench.spec, &options, &mut |e| {
        if matches!(e, RunEvent::Started { .. }) {
            fill_disk(dir.path());
        }
        events.push(e);
    })
    .unwrap();
    assert_eq!(outcome.status, RunStatus::Finished);
    let complaint = events.iter().find_map(|e| match e {
        RunEvent::Log {
            level: LogLevel::Error,
            message,
            ..
        } => Some(message.clone()),
        _ => None,
    });
    let complaint = complaint.unwrap();
    assert!(
        complaint.contains("best.safetensors") && complaint.contains("No space left"),
        "{complaint}"
    );
    assert_eq!(Checkpoint::open(&last(dir.path())).unwrap().meta().step, 20);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_at_the_end_is_an_error_and_the_old_checkpoint_stays() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let options = TrainOptions::new(dir.path(), DeviceChoice::Cpu);
    let mut statuses = Vec::new();
    let outcome = train(&Fake, &bench.spec, &options, &mut |e| match e {
        RunEvent::EpochEnded { epoch: 4, .. } => fill_disk(dir.path()),
        RunEvent::Ended { status, .. } => statuses.push(status),
        _ => {}
    });
    let error = outcome.unwrap_err();
    assert!(matches!(
        &error,
        RunnerError::Checkpoint(CheckpointError::Write { path, source })
            if *path == last(dir.path()) && source.kind() == std::io::ErrorKind::StorageFull
    ));
    assert_eq!(statuses, [RunStatus::Failed]);
    let newest = CheckpointFolder::new(dir.path()).newest().unwrap().unwrap();
    assert!(newest.skipped.is_empty() && newest.checkpoint.meta().step < 20);
    assert!(!dir.path().join("checkpoints/new.tmp").exists());
    // With room again, the run ends as if nothing had happened.
    let whole = tempfile::tempdir().unwrap();
    bench.train(whole.path());
    assert_eq!(bench.train(dir.path()).1.status, RunStatus::Finished);
    assert_eq!(tensors(&last(dir.path())), tensors(&last(whole.path())));
}
