//! Statistics of a few numbers.

/// What describes a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How many numbers.
    pub n: usize,
    /// The arithmetic mean.
    pub mean: f64,
    /// The sample standard deviation (divided by n - 1); a single number has none.
    pub std: Option<f64>,
    /// The middle number, or the mean of the two middle ones.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Sample {
    /// Describes finite numbers; nothing describes none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let mean = mean(&sorted)?;
        let n = sorted.len();
        let std = (n > 1).then(|| {
            let squares: f64 = sorted.iter().map(|v| (v - mean) * (v - mean)).sum();
            (squares / (n - 1) as f64).sqrt()
        });
        Some(Self {
            n,
            mean,
            std,
            median: quantile(&sorted, 0.5)?,
            min,
            max,
        })
    }
}

/// The arithmetic mean, summed as distances from the first value: of equal numbers it is that number exactly.
pub fn mean(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    let rest: f64 = values.iter().map(|v| v - first).sum();
    Some(first + rest / values.len() as f64)
}

/// The `q`-quantile (0 to 1) of numbers in ascending order, linear between neighbours: numpy's default, type 7 of
/// Hyndman and Fan (1996).
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(low + (high - low) * (place - below as f64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
    }

    /// numpy 2.4: `x = [21.3, 20.9, 22.05, 21.78]`; `x.mean()`, `x.std(ddof=1)`, `np.median(x)`, `np.quantile(x, [.025, .1, .9])`.
    #[test]
    fn known_values() {
        let s = Sample::of(&[21.3, 20.9, 22.05, 21.78]).unwrap();
        assert_eq!((s.n, s.min, s.max), (4, 20.9, 22.05));
        near(s.mean, 21.5075);
        near(s.std.unwrap(), 0.510_122_534_299_359_3);
        near(s.median, 21.54);
        let sorted = [20.9, 21.3, 21.78, 22.05];
        for (q, value) in [
            (0.0, 20.9),
            (0.025, 20.93),
            (0.1, 21.02),
            (0.9, 21.969),
            (1.0, 22.05),
        ] {
            near(quantile(&sorted, q).unwrap(), value);
        }
    }

    #[test]
    fn none_and_one() {
        assert_eq!(Sample::of(&[]), None);
        let one = Sample::of(&[3.5]).unwrap();
        assert_eq!((one.n, one.mean, one.std, one.median), (1, 3.5, None, 3.5));
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_the_mean_lies_inside(mut values in prop::collection::vec(-1e6..1e6_f64, 1..20)) {
            let s = Sample::of(&values).unwrap();
            prop_assert!(s.min <= s.median && s.median <= s.max);
            prop_assert!(s.min - 1e-9 <= s.mean && s.mean <= s.max + 1e-9);
            values.reverse();
            prop_assert_eq!(Sample::of(&values).unwrap(), s);
        }

        #[test]
        fn shifting_moves_the_mean_and_leaves_the_spread(values in prop::collection::vec(-100.0..100.0_f64, 2..20), by in -100.0..100.0_f64) {
            let (a, b) = (Sample::of(&values).unwrap(), Sample::of(&values.iter().map(|v| v + by).collect::<Vec<_>>()).unwrap());
            prop_assert!((a.mean + by - b.mean).abs() < 1e-9);
            prop_assert!((a.std.unwrap() - b.std.unwrap()).abs() < 1e-9);
        }

        #[test]
        fn equal_numbers_have_no_spread(value in -1e6..1e6_f64, n in 2..20_usize) {
            let s = Sample::of(&vec![value; n]).unwrap();
            prop_assert_eq!((s.mean, s.std, s.median), (value, Some(0.0), value));
        }
    }
}
