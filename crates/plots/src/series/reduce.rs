//! A million points as a few thousand buckets that keep their extremes.

use super::Raw;
use super::axis::Along;
use super::smooth::Ema;

/// Buckets that remain of a series at most; shorter series stay as they are, a bucket a point.
pub const MOST: usize = 4096;

/// Neighbouring points, from 1 of them on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The first point's step.
    pub step: u64,
    /// The first finite point's place.
    pub x: f64,
    /// How many finite values; 0 where the curve has a gap.
    pub n: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// Where the smallest is.
    pub x_min: f64,
    /// The largest.
    pub max: f64,
    /// Where the largest is.
    pub x_max: f64,
}

impl Bucket {
    fn of(step: u64, x: f64, value: f64) -> Self {
        let finite = value.is_finite() && x.is_finite();
        Self {
            step,
            x,
            n: u64::from(finite),
            sum: if finite { value } else { 0.0 },
            min: value,
            x_min: x,
            max: value,
            x_max: x,
        }
    }

    fn add(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = Self {
                step: self.step,
                ..*other
            };
            return;
        }
        self.n += other.n;
        self.sum += other.sum;
        if other.min < self.min {
            (self.min, self.x_min) = (other.min, other.x_min);
        }
        if other.max > self.max {
            (self.max, self.x_max) = (other.max, other.x_max);
        }
    }

    /// The mean of the finite values.
    pub fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }
}

/// A series that is short enough to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reduced {
    /// In the order of their places.
    pub buckets: Vec<Bucket>,
    /// Points that there were.
    pub points: u64,
    /// Those of them that were not finite.
    pub not_finite: u64,
    /// Nothing where every point has a bucket of its own; else a power of two: bucket `k` has the places from `k * width` up to, but
    /// not including, `(k + 1) * width`. So the buckets of several runs lie on one grid, and wider ones are sums of these.
    pub width: Option<f64>,
}

impl Reduced {
    /// The points of `raw` along an axis, smoothed with the weight `smoothing` first.
    ///
    /// # Panics
    /// Where the columns are not equally long.
    pub fn of(raw: &Raw, along: &Along, smoothing: f64) -> Self {
        let len = raw.values.len();
        assert!(
            raw.steps.len() == len && raw.epochs.len() == len && raw.walls.len() == len,
            "columns are equally long"
        );
        let place = |i: usize| along.place(raw.steps[i], raw.epochs[i], raw.walls[i]);
        let width = (len > MOST).then(|| {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for x in (0..len).map(place).filter(|x| x.is_finite()) {
                (low, high) = (low.min(x), high.max(x));
            }
            // A grid can lie so that one bucket more is touched.
            power_of_two((high - low) / (MOST - 1) as f64)
        });
        let mut ema = Ema::new(smoothing);
        let mut out = Self {
            buckets: Vec::with_capacity(len.min(MOST)),
            points: len as u64,
            not_finite: 0,
            width,
        };
        for i in 0..len {
            let x = place(i);
            out.not_finite += u64::from(!raw.values[i].is_finite());
            out.push(Bucket::of(raw.steps[i], x, ema.push(raw.values[i])));
        }
        // A clock that was set back puts later points before earlier ones; buckets of places seen before are joined.
        if !out.buckets.is_sorted_by(|a, b| a.x <= b.x) {
            let all = std::mem::take(&mut out.buckets);
            out.gather(all);
        }
        out
    }

    fn push(&mut self, point: Bucket) {
        match (self.width, self.buckets.last_mut()) {
            (Some(width), Some(last)) if (last.x / width).floor() == (point.x / width).floor() => {
                last.add(&point)
            }
            _ => self.buckets.push(point),
        }
    }

    fn gather(&mut self, mut buckets: Vec<Bucket>) {
        buckets.sort_by(|a, b| a.x.total_cmp(&b.x));
        buckets.into_iter().for_each(|b| self.push(b));
    }

    /// The same on a grid of `width`, which is a power of two and no narrower than the present one.
    pub fn on_grid(&self, width: f64) -> Self {
        let mut out = Self {
            buckets: Vec::new(),
            width: Some(width),
            ..*self
        };
        self.buckets.iter().for_each(|b| out.push(*b));
        out
    }

    /// The first and the last place of a finite value.
    pub fn range(&self) -> Option<(f64, f64)> {
        let mut finite = self.buckets.iter().filter(|b| b.n > 0);
        let first = finite.next()?;
        let last = finite.next_back().unwrap_or(first);
        Some((first.x, last.x.max(last.x_min).max(last.x_max)))
    }

    /// The smallest and the largest finite value between two places.
    pub fn extremes(&self, from: f64, to: f64) -> Option<(f64, f64)> {
        let inside = self
            .buckets
            .iter()
            .filter(|b| b.n > 0 && b.x >= from && b.x <= to);
        inside.fold(None, |found, b| {
            let (low, high) = found.unwrap_or((b.min, b.max));
            Some((low.min(b.min), high.max(b.max)))
        })
    }
}

/// The smallest power of two that is no less than `value`; 1 of what is not above 0.
pub fn power_of_two(value: f64) -> f64 {
    if value > 0.0 && value.is_finite() {
        2_f64.powi(value.log2().ceil() as i32)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::XAxis;

    pub(crate) fn raw(values: Vec<f64>) -> Raw {
        let steps: Vec<u64> = (1..=values.len() as u64).collect();
        Raw {
            epochs: steps.clone(),
            walls: steps.iter().map(|s| *s as f64).collect(),
            steps,
            values,
        }
    }

    fn along() -> Along {
        Along {
            axis: XAxis::Step,
            began: 0.0,
            steps_per_epoch: None,
        }
    }

    #[test]
    fn short_series_stay_as_they_are() {
        let r = Reduced::of(&raw(vec![3.0, f64::NAN, 1.0]), &along(), 0.0);
        assert_eq!(r.width, None);
        assert_eq!((r.points, r.not_finite), (3, 1));
        let values: Vec<(f64, u64)> = r.buckets.iter().map(|b| (b.x, b.n)).collect();
        assert_eq!(values, [(1.0, 1), (2.0, 0), (3.0, 1)]);
        assert_eq!(r.range(), Some((1.0, 3.0)));
        assert_eq!(r.extremes(0.0, 9.0), Some((1.0, 3.0)));
    }

    #[test]
    fn nothing_and_nothing_finite() {
        assert_eq!(Reduced::of(&raw(vec![]), &along(), 0.0).range(), None);
        let r = Reduced::of(&raw(vec![f64::NAN; 5000]), &along(), 0.5);
        assert_eq!((r.range(), r.not_finite), (None, 5000));
    }

    #[test]
    fn widths_are_powers_of_two() {
        assert_eq!(
            [0.9, 1.0, 1.1, 244.0, 0.2].map(power_of_two),
            [1.0, 1.0, 2.0, 256.0, 0.25]
        );
        assert_eq!([0.0, f64::NAN, f64::INFINITY].map(power_of_two), [1.0; 3]);
    }

    #[test]
    fn places_that_go_back_are_put_in_order() {
        let mut points = raw((0..10_000).map(f64::from).collect());
        points.walls[5000..].iter_mut().for_each(|w| *w -= 3000.0);
        let along = Along {
            axis: XAxis::Wall,
            ..along()
        };
        let r = Reduced::of(&points, &along, 0.0);
        assert!(r.buckets.len() <= MOST && r.buckets.is_sorted_by(|a, b| a.x < b.x));
        assert_eq!(r.buckets.iter().map(|b| b.n).sum::<u64>(), 10_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn nothing_of_a_long_series_is_lost(values in prop::collection::vec(-1e3..1e3_f64, 4097..20_000), wider in 0..4_i32) {
            let r = Reduced::of(&raw(values.clone()), &along(), 0.0);
            prop_assert!(r.buckets.len() <= MOST);
            let grid = r.on_grid(r.width.unwrap() * 2_f64.powi(wider));
            for reduced in [&r, &grid] {
                prop_assert_eq!(reduced.buckets.iter().map(|b| b.n).sum::<u64>(), values.len() as u64);
                let min = values.iter().copied().fold(f64::INFINITY, f64::min);
                let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert_eq!(reduced.extremes(0.0, 1e9), Some((min, max)));
                let sum: f64 = values.iter().sum();
                prop_assert!((reduced.buckets.iter().map(|b| b.sum).sum::<f64>() - sum).abs() < 1e-6);
            }
        }
    }
}
