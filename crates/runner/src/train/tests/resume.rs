//! Stopped, killed and continued runs.

use super::*;

#[test]
fn stopping_anywhere_and_resuming_changes_nothing() {
    // Before, at and after the ends of epochs, evaluations and checkpoints.
    for (policy, stops) in [
        (Policy::Linear, &[0, 1, 4, 5, 6, 10, 13, 15, 19][..]),
        (Policy::Plateau, &[5, 12]),
    ] {
        let bench = Bench::new().with(|s| s.optim.policy = policy);
        let whole = tempfile::tempdir().unwrap();
        let (reference, _) = bench.train_until(whole.path(), 1000);
        for &stop in stops {
            let dir = tempfile::tempdir().unwrap();
            let (mut events, outcome) = bench.train_until(dir.path(), stop);
            assert_eq!((outcome.status, outcome.step), (RunStatus::Stopped, stop));
            assert_eq!(Checkpoint::open(&last(dir.path())).unwrap().meta().step, stop);
            // And once more, a few steps on.
            let (more, _) = bench.train_until(dir.path(), stop + 3);
            events.extend(more);
            let (more, outcome) = bench.train_until(dir.path(), 1000);
            assert!(matches!(more[0], RunEvent::Started { step, .. } if step == (stop + 3).min(20)));
            events.extend(more);
            assert_eq!(outcome.status, RunStatus::Finished);
            assert_eq!(numbers(&events), numbers(&reference), "stopped at {stop}");
            assert_eq!(
                fs::read(last(dir.path())).unwrap(),
                fs::read(last(whole.path())).unwrap(),
                "stopped at {stop}"
            );
            for name in ["best", "epoch-0003"] {
                let file = |d: &TempDir| tensors(&d.path().join(format!("checkpoints/{name}.safetensors")));
                assert_eq!(file(&dir), file(&whole), "{name}, stopped at {stop}");
            }
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_but_the_steps_since_its_checkpoint() {
    let bench = Bench::new();
    let whole = tempfile::tempdir().unwrap();
    bench.train(whole.path());
    for kill in [2, 10, 11, 13, 19] {
        let dir = tempfile::tempdir().unwrap();
        let options = TrainOptions::new(dir.path(), DeviceChoice::Cpu);
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let options = options.clone();
            train(&Fake, &bench.spec, &options, &mut |e| {
                if options.control.step() >= kill && matches!(e, RunEvent::Metrics { .. }) {
                    std::panic::resume_unwind(Box::new("killed"));
                }
            })
        }));
        assert!(died.is_err());
        let (events, _) = bench.train(dir.path());
        // Checkpoints are due at step 10, and at the end of each epoch that was the best so far.
        let from = if kill < 11 { 0..=5 } else { 10..=kill };
        assert!(matches!(&events[0], RunEvent::Started { step, .. } if from.contains(step)));
        assert_eq!(
            fs::read(last(dir.path())).unwrap(),
            fs::read(last(whole.path())).unwrap()
        );
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let bench = Bench::new().with(|s| s.log.keep_every = 0);
    let whole = tempfile::tempdir().unwrap();
    bench.train(whole.path());
    let dir = tempfile::tempdir().unwrap();
    bench.train_until(dir.path(), 10);
    bench.train_until(dir.path(), 13);
    fs::write(last(dir.path()), "cut off").unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert!(
        matches!(&events[0], RunEvent::Log { level: LogLevel::Warn, message, .. } if message.contains("last.safetensors"))
    );
    assert!(
        events
            .iter()
            .any(|e| matches!(e, RunEvent::Started { step: 10, .. }))
    );
    assert_eq!(outcome.status, RunStatus::Finished);
    assert_eq!(tensors(&last(dir.path())), tensors(&last(whole.path())));
}

#[test]
fn a_finished_run_has_nothing_left_to_do() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    bench.train(dir.path());
    let (events, outcome) = bench.train(dir.path());
    assert_eq!(outcome.status, RunStatus::Finished);
    assert!(matches!(
        events[..],
        [
            RunEvent::Started { step: 20, .. },
            RunEvent::Ended {
                status: RunStatus::Finished,
                ..
            }
        ]
    ));
}
