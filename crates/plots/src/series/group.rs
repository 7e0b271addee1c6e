//! Means over runs, step by step.

use std::collections::BTreeMap;

use diptych_domain::compare::bootstrap;
use diptych_domain::compare::stats::Sample;

use super::reduce::{Reduced, power_of_two};
use crate::spec::Band;

/// Places at which a mean is shown at most: bootstrap intervals take their time.
const MOST: usize = 256;

/// The mean of several runs at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanPoint {
    /// The place.
    pub x: f64,
    /// The mean.
    pub mean: f64,
    /// Where the band begins; nothing where there is a single value.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
    /// How many runs.
    pub n: usize,
}

/// The mean of several runs along an axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mean {
    /// In the order of their places.
    pub points: Vec<MeanPoint>,
    /// Places that only some of the runs have that were at work then: they are left out.
    pub uneven: usize,
    /// Whether each place is the mean over an interval of that width.
    pub width: Option<f64>,
}

impl Mean {
    /// The mean over the runs that were at work at a place, which is every run from its first point to its last. Places that not all
    /// of them have are left out: a mean over others there would jump for no reason. Long series are averaged over intervals first,
    /// and so are those whose places are times, which no two runs share.
    pub fn of(runs: &[&Reduced], band: Band, shared_places: bool) -> Self {
        let ranges: Vec<(f64, f64)> = runs.iter().filter_map(|r| r.range()).collect();
        let low = ranges.iter().map(|r| r.0).fold(f64::INFINITY, f64::min);
        let high = ranges.iter().map(|r| r.1).fold(f64::NEG_INFINITY, f64::max);
        let longest = runs.iter().map(|r| r.buckets.len()).max().unwrap_or(0);
        let exact = shared_places && longest <= MOST && runs.iter().all(|r| r.width.is_none());
        let width = (!exact && low.is_finite()).then(|| {
            let finest = runs.iter().filter_map(|r| r.width).fold(0.0, f64::max);
            let sparse = runs
                .iter()
                .map(|r| r.buckets.len())
                .min()
                .unwrap_or(1)
                .clamp(1, MOST);
            power_of_two((high - low) / sparse as f64).max(finest)
        });
        let gridded: Vec<Reduced> = match width {
            Some(width) => runs.iter().map(|r| r.on_grid(width)).collect(),
            None => Vec::new(),
        };
        let runs: Vec<&Reduced> = if width.is_some() {
            gridded.iter().collect()
        } else {
            runs.to_vec()
        };
        let place = |x: f64| width.map_or(x, |w| ((x / w).floor() + 0.5) * w);
        // Places are compared as numbers; finite ones order by their bits once negative ones are turned.
        let mut at: BTreeMap<Place, Vec<f64>> = BTreeMap::new();
        for run in &runs {
            for bucket in run.buckets.iter().filter(|b| b.n > 0) {
                at.entry(Place(place(bucket.x))).or_default().push(bucket.mean());
            }
        }
        let spans: Vec<(f64, f64)> = runs
            .iter()
            .filter_map(|r| r.range())
            .map(|(a, b)| (place(a), place(b)))
            .collect();
        let mut out = Self {
            width,
            ..Self::default()
        };
        for (Place(x), values) in at {
            let working = spans.iter().filter(|(a, b)| (*a..=*b).contains(&x)).count();
            if values.len() < working {
                out.uneven += 1;
                continue;
            }
            out.points.extend(point(x, &values, band));
        }
        out
    }
}

fn point(x: f64, values: &[f64], band: Band) -> Option<MeanPoint> {
    let sample = Sample::of(values)?;
    let (low, high) = match band {
        Band::Std => sample.std.map(|s| (sample.mean - s, sample.mean + s)).unzip(),
        Band::Ci => bootstrap::paired(values).map(|i| (i.low, i.high)).unzip(),
        Band::None => (None, None),
    };
    Some(MeanPoint {
        x,
        mean: sample.mean,
        low,
        high,
        n: values.len(),
    })
}

/// A finite number in the order of numbers.
#[derive(Clone, Copy, PartialEq)]
struct Place(f64);

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Raw;
    use super::super::axis::Along;
    use super::*;
    use crate::spec::XAxis;

    fn run(points: &[(u64, f64)]) -> Reduced {
        let raw = Raw {
            steps: points.iter().map(|p| p.0).collect(),
            epochs: points.iter().map(|p| p.0).collect(),
            walls: points.iter().map(|p| p.0 as f64).collect(),
            values: points.iter().map(|p| p.1).collect(),
        };
        let along = Along {
            axis: XAxis::Step,
            began: 0.0,
            steps_per_epoch: None,
        };
        Reduced::of(&raw, &along, 0.0)
    }

    #[test]
    fn means_and_bands_at_shared_steps() {
        let (a, b, c) = (
            run(&[(1, 1.0), (2, 2.0), (3, 9.0)]),
            run(&[(1, 3.0), (2, 4.0)]),
            run(&[(1, 5.0), (2, 6.0)]),
        );
        let mean = Mean::of(&[&a, &b, &c], Band::Std, true);
        let shown: Vec<_> = mean
            .points
            .iter()
            .map(|p| (p.x, p.mean, p.low, p.high, p.n))
            .collect();
        assert_eq!(
            shown,
            [
                (1.0, 3.0, Some(1.0), Some(5.0), 3),
                (2.0, 4.0, Some(2.0), Some(6.0), 3),
                (3.0, 9.0, None, None, 1)
            ]
        );
        // Of three numbers the bootstrap interval is their range.
        let ci = Mean::of(&[&a, &b, &c], Band::Ci, true);
        assert_eq!((ci.points[0].low, ci.points[0].high), (Some(1.0), Some(5.0)));
    }

    #[test]
    fn steps_that_some_runs_lack_are_left_out() {
        let (a, b) = (
            run(&[(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)]),
            run(&[(10, 1.0), (25, 2.5), (40, 4.0)]),
        );
        let mean = Mean::of(&[&a, &b], Band::None, true);
        assert_eq!(mean.points.iter().map(|p| p.x).collect::<Vec<_>>(), [10.0, 40.0]);
        assert_eq!(mean.uneven, 3);
    }

    #[test]
    fn runs_without_common_steps_have_no_common_mean() {
        let (a, b) = (run(&[(10, 1.0), (30, 3.0)]), run(&[(20, 2.0), (40, 4.0)]));
        let mean = Mean::of(&[&a, &b], Band::None, true);
        assert!(mean.points.iter().all(|p| p.n == 1));
        assert!(Mean::of(&[], Band::Std, true).points.is_empty());
    }

    #[test]
    fn long_series_are_averaged_over_intervals() {
        let long = |offset: f64| run(&(1..=10_000).map(|s| (s, s as f64 + offset)).collect::<Vec<_>>());
        let (a, b) = (long(0.0), long(10.0));
        let mean = Mean::of(&[&a, &b], Band::Std, true);
        let width = mean.width.unwrap();
        assert!(
            mean.points.len() <= MOST + 1 && mean.uneven == 0,
            "{}",
            mean.points.len()
        );
        for p in &mean.points[1..mean.points.len() - 1] {
            // Steps k w .. k w + w - 1 have the mean k w + (w - 1) / 2.
            assert!((p.mean - (p.x - 0.5 + 5.0)).abs() < 1e-6, "{p:?} {width}");
        }
    }
}
