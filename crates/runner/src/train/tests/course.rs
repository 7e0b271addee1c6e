//! What a run does and tells when nothing goes wrong.

use super::*;

#[test]
fn a_run_tells_its_course() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!(outcome.status, RunStatus::Finished);
    assert_eq!((outcome.step, outcome.epoch, outcome.total_steps), (20, 4, 20));
    assert!(outcome.best.is_some());
    let mut course = Vec::new();
    for event in &events {
        course.push(match event {
            RunEvent::Started {
                step,
                total_steps,
                total_epochs,
                ..
            } => {
                format!("start {step} of {total_steps} in {total_epochs}")
            }
            RunEvent::Metrics {
                step, epoch, values, ..
            } => format!("{step}/{epoch} {}", values[0].0),
            RunEvent::Image {
                step,
                epoch,
                role,
                probe,
                path,
                width,
                ..
            } => {
                assert_eq!(*width, SIDE as u32);
                assert!(dir.path().join(path).exists());
                format!("{step}/{epoch} {} {probe}", role.0)
            }
            RunEvent::Checkpoint {
                step,
                epoch,
                bytes,
                path,
                ..
            } => {
                assert!(*bytes > 0 && path.starts_with("checkpoints"));
                // Told when it has reached the disk, which may be some steps later.
                assert_eq!(*epoch, step / 5);
                continue;
            }
            RunEvent::EpochEnded { epoch, step, .. } => format!("{step} ends {epoch}"),
            RunEvent::Ended {
                status, step, epoch, ..
            } => format!("{step}/{epoch} {status}"),
            RunEvent::Health {
                step, epoch, raised, ..
            } => format!("{step}/{epoch} {}", if *raised { "alarm" } else { "clear" }),
            RunEvent::Log { .. } => continue,
            other => panic!("{other:?}"),
        });
    }
    // Which are the best depends on the numbers; everything else is fixed.
    let mut kept = kinds(&events);
    kept.retain(|(_, kind)| *kind != CheckpointKind::Best);
    assert_eq!(
        kept,
        [
            (10, CheckpointKind::Last),
            (15, CheckpointKind::Periodic),
            (20, CheckpointKind::Last)
        ]
    );
    assert_eq!(
        course,
        [
            "start 0 of 20 in 4",
            "0/0 target 1",
            "0/0 input 1",
            "0/0 target 0",
            "0/0 input 0",
            "0/0 output 0",
            "0/0 output 1",
            "0/0 health/diversity",
            "0/0 eval/l1",
            "1/1 loss/L1",
            "3/1 loss/L1",
            "5/1 eval/l1",
            "5 ends 1",
            "6/2 loss/L1",
            "7/2 output 0",
            "7/2 output 1",
            "7/2 health/diversity",
            "9/2 loss/L1",
            "10/2 eval/l1",
            "10 ends 2",
            "12/3 loss/L1",
            "14/3 output 0",
            "14/3 output 1",
            "14/3 health/diversity",
            "15/3 loss/L1",
            "15/3 eval/l1",
            "15 ends 3",
            "18/4 loss/L1",
            "20/4 loss/L1",
            "20/4 output 0",
            "20/4 output 1",
            "20/4 health/diversity",
            "20/4 eval/l1",
            "20 ends 4",
            "20/4 finished",
        ]
    );
}

#[test]
fn logged_steps_carry_losses_rate_and_speed() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let (events, _) = bench.train(dir.path());
    let keys = events.iter().find_map(|e| match e {
        RunEvent::Metrics { step: 3, values, .. } => {
            Some(values.iter().map(|(k, _)| k.to_string()).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(
        keys.unwrap(),
        [
            "loss/L1",
            "loss/twice",
            "optim/lr",
            "perf/images_per_second",
            "perf/step_seconds",
            "perf/data_wait"
        ]
    );
    let numbers = numbers(&events);
    let rate = |step: u64| f64::from_bits(numbers[&(step, "optim/lr".to_owned())]);
    // Linear over 2 + 2 epochs: factors 1, 2/3, 1/3, 0.
    assert_eq!(rate(3), 0.05);
    assert!((rate(9) - 0.05 * 2.0 / 3.0).abs() < 1e-15);
    assert_eq!(rate(20), 0.0);
    let l1 = |step: u64| f64::from_bits(numbers[&(step, "eval/l1".to_owned())]);
    assert!(l1(20) < l1(0), "{} is no better than {}", l1(20), l1(0));
}

#[test]
fn without_a_held_out_split_training_images_are_the_probes() {
    let bench = Bench::new().with(|s| s.optim.policy = Policy::Plateau);
    fs::remove_dir_all(bench.data.path().join("val")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!((outcome.status, outcome.best), (RunStatus::Finished, None));
    let logs = events
        .iter()
        .filter(|e| matches!(e, RunEvent::Log { .. }))
        .count();
    // That there is no split, and what it means for the policy.
    assert_eq!(logs, 2);
    assert!(events.iter().any(|e| matches!(
        e,
        RunEvent::Image {
            step: 20,
            probe: 1,
            ..
        }
    )));
    assert!(!numbers(&events).keys().any(|(_, key)| key.starts_with("eval/")));
}

#[test]
fn time_alone_makes_a_checkpoint_due() {
    let bench = Bench::new().with(|s| {
        s.log = LogSpec {
            checkpoint_every: 0,
            evaluate_every: 0,
            keep_every: 0,
            ..s.log.clone()
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let mut options = TrainOptions::new(dir.path(), DeviceChoice::Cpu);
    let (events, _) = bench.attempt(&options);
    assert_eq!(kinds(&events), [(20, CheckpointKind::Last)]);
    let dir = tempfile::tempdir().unwrap();
    options.run_dir = dir.path().to_owned();
    options.checkpoint_interval = Duration::ZERO;
    let (events, _) = bench.attempt(&options);
    let steps: Vec<u64> = kinds(&events).into_iter().map(|(step, _)| step).collect();
    // Steps that pass while one is on its way to the disk have none.
    assert!(steps.len() >= 2 && steps.is_sorted_by(|a, b| a < b), "{steps:?}");
    assert_eq!((steps[0], steps[steps.len() - 1]), (1, 20));
}

#[test]
fn no_epochs_make_a_checkpoint_of_the_untrained_model() {
    let bench = Bench::new().with(|s| {
        s.optim.epochs = 0;
        s.optim.decay_epochs = 0;
    });
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!((outcome.status, outcome.step), (RunStatus::Finished, 0));
    assert_eq!(kinds(&events), [(0, CheckpointKind::Last)]);
}
