//! Where the time of the training steps goes.

use std::time::Duration;

/// Sums over the steps since the last reading.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    steps: u32,
    images: u64,
    waiting: Duration,
    computing: Duration,
}

/// Means over the steps since the last reading. Evaluations and checkpoints are not counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub images_per_second: f64,
    /// Waiting and computing.
    pub step_seconds: f64,
    /// The share of the time that went into waiting for data, 0 to 1.
    pub data_wait: f64,
}

impl Meter {
    pub fn add(&mut self, images: usize, waiting: Duration, computing: Duration) {
        self.steps += 1;
        self.images += images as u64;
        self.waiting += waiting;
        self.computing += computing;
    }

    /// The means so far, and starts afresh; `None` before the first step.
    pub fn take(&mut self) -> Option<Reading> {
        let Self {
            steps,
            images,
            waiting,
            computing,
        } = std::mem::take(self);
        let total = (waiting + computing).as_secs_f64();
        (steps > 0 && total > 0.0).then(|| Reading {
            images_per_second: images as f64 / total,
            step_seconds: total / f64::from(steps),
            data_wait: waiting.as_secs_f64() / total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_means_since_the_last() {
        let mut meter = Meter::default();
        assert_eq!(meter.take(), None);
        meter.add(4, Duration::from_millis(250), Duration::from_millis(750));
        meter.add(4, Duration::ZERO, Duration::from_secs(1));
        let reading = meter.take().unwrap();
        assert_eq!(reading.images_per_second, 4.0);
        assert_eq!(reading.step_seconds, 1.0);
        assert_eq!(reading.data_wait, 0.125);
        assert_eq!(meter.take(), None);
    }
}
