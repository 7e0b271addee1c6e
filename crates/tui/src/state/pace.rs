//! How fast runs get on, as it is seen from here.

use std::collections::VecDeque;

use diptych_domain::{MetricKey, RunStatus, RunSummary};

/// Seconds that are looked back over: long enough for a machine that is busy now and then.
const WINDOW: f64 = 180.0;
/// Seconds after which what was seen is believed more than what the run says of its steps, which leaves out evaluations
/// and checkpoints.
const ENOUGH: f64 = 15.0;
/// Readings of the speed before it is believed: the first ones have the start in them, when memory is taken and files are read.
const BELIEVED: u64 = 3;

/// What was seen at some time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    at: f64,
    step: u64,
    /// Seconds a step, by the run's own latest word.
    own: Option<f64>,
}

/// What was seen of a run in the last minutes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    seen: VecDeque<Seen>,
}

impl Pace {
    /// Takes a run as it is at `now`, seconds.
    pub fn take(&mut self, run: &RunSummary, now: f64) {
        let rewound = self.seen.back().is_some_and(|last| run.step < last.step);
        if rewound || run.status != RunStatus::Running {
            self.seen.clear();
        }
        if run.status != RunStatus::Running {
            return;
        }
        let own = run
            .metrics
            .get(&MetricKey::new("perf/step_seconds"))
            .filter(|speed| speed.count >= BELIEVED && speed.last.is_finite())
            .map(|speed| speed.last);
        let now = Seen {
            at: now,
            step: run.step,
            own,
        };
        match self.seen.back_mut() {
            // Of the time in which nothing was done only the beginning counts.
            Some(last) if last.step == now.step => last.own = own,
            _ => self.seen.push_back(now),
        }
        while self.seen.len() > 2 && self.seen.front().is_some_and(|s| now.at - s.at > WINDOW) {
            self.seen.pop_front();
        }
    }

    /// Seconds a step: the mean of the last minutes, or at first of what the run says; nothing before it has said so three times.
    pub fn seconds_per_step(&self) -> Option<f64> {
        let (first, last) = (self.seen.front()?, self.seen.back()?);
        last.own?;
        if last.at - first.at >= ENOUGH {
            return Some((last.at - first.at) / (last.step - first.step) as f64);
        }
        let own: Vec<f64> = self.seen.iter().filter_map(|s| s.own).collect();
        Some(own.iter().sum::<f64>() / own.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::runs;

    fn at(step: u64, speed: f64) -> RunSummary {
        let mut run = runs().remove(0);
        run.step = step;
        let own = run.metrics.get_mut(&MetricKey::new("perf/step_seconds"));
        own.expect("the run has a speed").last = speed;
        run
    }

    #[test]
    fn a_slow_second_hardly_changes_it() {
        let mut pace = Pace::default();
        for second in 0..100 {
            pace.take(&at(second * 10, 0.1), second as f64);
        }
        assert_eq!(pace.seconds_per_step(), Some(0.1));
        pace.take(&at(1000, 2.0), 102.0);
        let now = pace.seconds_per_step().expect("it is known");
        assert!((0.1..0.105).contains(&now), "{now}");
    }

    #[test]
    fn at_first_it_is_what_the_run_says() {
        let mut pace = Pace::default();
        pace.take(&at(100, 0.2), 0.0);
        pace.take(&at(110, 0.4), 1.0);
        let now = pace.seconds_per_step().expect("it is known");
        assert!((now - 0.3).abs() < 1e-9, "{now}");
    }

    #[test]
    fn it_forgets_what_is_long_past_and_what_was_before_a_stop() {
        let mut pace = Pace::default();
        for second in 0..400 {
            let step = if second < 200 {
                second
            } else {
                200 + (second - 200) * 10
            };
            pace.take(&at(step, 0.5), second as f64);
        }
        let now = pace.seconds_per_step().expect("it is known");
        assert!((now - 0.1).abs() < 0.001, "{now}");
        let mut stopped = at(2190, 0.5);
        stopped.status = RunStatus::Stopped;
        pace.take(&stopped, 401.0);
        pace.take(&at(2200, 0.7), 500.0);
        pace.take(&at(2210, 0.7), 501.0);
        assert_eq!(pace.seconds_per_step(), Some(0.7), "{:?}", pace.seen);
    }
}
