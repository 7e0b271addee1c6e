//! Planning a sweep: what there is to do about a cell, and how long it all takes.

use diptych_domain::cell::representative;
use diptych_domain::{ExperimentSpec, RunStatus};
use serde_json::json;

/// What a sweep does about a cell, given the runs that there are of its experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: run `run` of those given has finished.
    Skip {
        /// Its place.
        run: usize,
    },
    /// Wait: a living process trains run `run`.
    Wait {
        /// Its place.
        run: usize,
    },
    /// Continue run `run`, which was stopped, has crashed, or was never begun.
    Continue {
        /// Its place.
        run: usize,
    },
    /// Nothing: run `run` diverged, and the same experiment would again.
    Leave {
        /// Its place.
        run: usize,
    },
    /// Train a new run: there is none, or `failed` came to nothing.
    Train {
        /// The place of the one that failed or diverged.
        failed: Option<usize>,
    },
}

/// What to do about a cell of whose experiment there are these runs, each as its status and steps done and newest first.
///
/// A run that was stopped or has crashed is continued: a resumed run ends where an unbroken one ends, bit for bit. One that
/// failed is not: what broke it may lie in its own folder, and it would be met again. One that diverged would diverge again at
/// the same step, so it is left unless `retry`, which is for when the code or the data have changed.
pub fn action(runs: &[(RunStatus, u64)], retry: bool) -> Action {
    let Some(run) = representative(runs) else {
        return Action::Train { failed: None };
    };
    match runs[run].0 {
        RunStatus::Finished => Action::Skip { run },
        RunStatus::Running => Action::Wait { run },
        RunStatus::Diverged if !retry => Action::Leave { run },
        RunStatus::Failed | RunStatus::Diverged => Action::Train { failed: Some(run) },
        _ => Action::Continue { run },
    }
}

/// The threads of each of `jobs` trainings at once on `cores` cores.
pub fn threads_per_job(cores: usize, jobs: usize) -> usize {
    (cores / jobs.max(1)).max(1)
}

/// What a step's time depends on: equal for experiments whose steps take equally long.
pub fn architecture(spec: &ExperimentSpec) -> String {
    let d = &spec.data;
    json!([
        spec.model,
        spec.params,
        d.crop_size,
        d.batch_size,
        d.channels_a,
        d.channels_b,
        d.direction
    ])
    .to_string()
}

/// Seconds until the last of the trainings ends, `jobs` at a time, each begun in order as soon as another has ended;
/// NaN where one takes that.
pub fn makespan(seconds: &[f64], jobs: usize) -> f64 {
    let mut free = vec![0.0_f64; jobs.max(1)];
    for s in seconds {
        if let Some(first) = free.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *first += s;
        }
    }
    free.into_iter().max_by(f64::total_cmp).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use diptych_domain::ParamValue;

    use super::*;

    #[test]
    fn what_finished_is_left_what_stopped_is_continued_and_what_failed_begins_anew() {
        use RunStatus::*;
        let action = |runs: &[(RunStatus, u64)]| action(runs, false);
        assert_eq!(action(&[]), Action::Train { failed: None });
        assert_eq!(action(&[(Failed, 4)]), Action::Train { failed: Some(0) });
        assert_eq!(action(&[(Diverged, 4)]), Action::Leave { run: 0 });
        assert_eq!(
            super::action(&[(Diverged, 4)], true),
            Action::Train { failed: Some(0) }
        );
        for status in [Queued, Stopped, Crashed] {
            assert_eq!(action(&[(Failed, 9), (status, 3)]), Action::Continue { run: 1 });
        }
        assert_eq!(action(&[(Stopped, 3), (Running, 1)]), Action::Wait { run: 1 });
        assert_eq!(action(&[(Running, 3), (Finished, 9)]), Action::Skip { run: 1 });
    }

    #[test]
    fn cores_are_shared_out_and_everybody_gets_one() {
        assert_eq!(threads_per_job(16, 3), 5);
        assert_eq!(threads_per_job(2, 4), 1);
        assert_eq!(threads_per_job(8, 1), 8);
    }

    #[test]
    fn the_longest_row_of_trainings_ends_last() {
        assert_eq!(makespan(&[], 2), 0.0);
        assert_eq!(makespan(&[3.0, 1.0, 1.0, 4.0], 1), 9.0);
        // 3 beside 1, 1; then 4 after the second 1.
        assert_eq!(makespan(&[3.0, 1.0, 1.0, 4.0], 2), 6.0);
        assert_eq!(makespan(&[3.0, 1.0], 8), 3.0);
        assert!(makespan(&[1.0, f64::NAN, 2.0], 2).is_nan());
    }

    #[test]
    fn seeds_share_their_architecture_and_parameters_do_not() {
        let spec: ExperimentSpec = serde_json::from_str(r#"{"model": "m"}"#).unwrap();
        let mut seed = spec.clone();
        seed.seed = 2;
        seed.optim.epochs = 7;
        assert_eq!(architecture(&seed), architecture(&spec));
        let mut wide = spec.clone();
        wide.params.insert("ngf".into(), ParamValue::Int(8));
        assert_ne!(architecture(&wide), architecture(&spec));
    }
}
