//! Last, least and greatest value of points: of a chunk, of a metric.

use diptych_domain::{MetricKey, MetricSummary};

use super::Series;

/// Running statistics of points. NaN stands for "no such value".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stats {
    pub points: u64,
    pub first_step: u64,
    pub last_step: u64,
    pub last: f64,
    pub min: f64,
    pub max: f64,
}

impl Stats {
    pub fn empty() -> Self {
        Self {
            points: 0,
            first_step: u64::MAX,
            last_step: 0,
            last: f64::NAN,
            min: f64::NAN,
            max: f64::NAN,
        }
    }

    pub fn of(series: &Series) -> Self {
        let mut stats = Self::empty();
        for (step, value) in series.steps.iter().zip(&series.values) {
            stats.add(*step, *value);
        }
        stats
    }

    /// One more point, the newest to arrive.
    pub fn add(&mut self, step: u64, value: f64) {
        if self.points == 0 || step >= self.last_step {
            self.last_step = step;
            self.last = value;
        }
        self.points += 1;
        self.first_step = self.first_step.min(step);
        if value.is_finite() {
            self.min = self.min.min(value); // min and max of NaN and a number are the number
            self.max = self.max.max(value);
        }
    }

    /// The statistics of these points followed by those of `later`.
    pub fn merge(&mut self, later: &Self) {
        if later.points == 0 {
            return;
        }
        if self.points == 0 || later.last_step >= self.last_step {
            self.last_step = later.last_step;
            self.last = later.last;
        }
        self.points += later.points;
        self.first_step = self.first_step.min(later.first_step);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
    }
}

/// A metric's row as the domain type. SQLite keeps NaN as NULL.
pub(crate) fn summary(
    key: &MetricKey,
    points: i64,
    last_step: i64,
    last: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
) -> MetricSummary {
    let [last, min, max] = [last, min, max].map(|v| v.unwrap_or(f64::NAN));
    MetricSummary {
        last,
        min,
        max,
        best: if key.lower_is_better() { min } else { max },
        step: last_step as u64,
        count: points as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_adding_one_after_the_other() {
        let points = [(5, 2.0), (6, f64::NAN), (3, -1.0), (6, f64::INFINITY), (4, 9.0)];
        for cut in 0..=points.len() {
            let sum = |part: &[(u64, f64)]| {
                let mut s = Stats::empty();
                part.iter().for_each(|(step, v)| s.add(*step, *v));
                s
            };
            let mut merged = sum(&points[..cut]);
            merged.merge(&sum(&points[cut..]));
            assert_eq!(merged, sum(&points), "cut at {cut}");
        }
    }

    #[test]
    fn only_finite_values_are_extremes_but_any_can_be_the_last() {
        let mut s = Stats::empty();
        s.add(1, f64::NAN);
        assert!(s.min.is_nan() && s.max.is_nan());
        s.add(2, 3.0);
        s.add(3, f64::NEG_INFINITY);
        assert_eq!((s.min, s.max, s.last), (3.0, 3.0, f64::NEG_INFINITY));
        s.add(2, 1.0);
        assert_eq!(
            (s.last_step, s.min),
            (3, 1.0),
            "a late point is an extreme, not the last"
        );
    }
}
