//! Points in buckets: what a chart needs of many.

use super::codec::{
    self, Damage, get_runs, get_values, get_varint, get_walls, put_runs, put_values, put_varint, put_walls,
};
use super::series::Series;

/// Points to a bucket of a rollup.
const POINTS: usize = 256;
/// A chunk with fewer points than this is decoded about as fast as its rollup would be.
const WORTH_IT: usize = 1024;
const VERSION: u8 = 1;

/// Some neighbouring points of one metric as one: what their column of a chart shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Steps of its first and its last point.
    pub steps: (u64, u64),
    /// Their epochs.
    pub epochs: (u64, u64),
    /// When they were logged: seconds since the Unix epoch.
    pub walls: (f64, f64),
    /// How many points.
    pub points: u64,
    /// How many of them are finite: neither NaN nor infinite.
    pub finite: u64,
    /// The least finite value, NaN where there is none.
    pub min: f64,
    /// The greatest finite value, NaN where there is none.
    pub max: f64,
    /// The mean of the finite values, NaN where there is none.
    pub mean: f64,
    /// The first value, whatever it is.
    pub first: f64,
    /// The last value, whatever it is.
    pub last: f64,
}

impl Bucket {
    /// One point.
    pub fn point(step: u64, epoch: u64, wall: f64, value: f64) -> Self {
        let finite = if value.is_finite() { value } else { f64::NAN };
        Self {
            steps: (step, step),
            epochs: (epoch, epoch),
            walls: (wall, wall),
            points: 1,
            finite: u64::from(value.is_finite()),
            min: finite,
            max: finite,
            mean: finite,
            first: value,
            last: value,
        }
    }

    /// Takes in the points of `later`, which follow these.
    pub fn merge(&mut self, later: &Self) {
        self.steps.1 = later.steps.1;
        self.epochs.1 = later.epochs.1;
        self.walls.1 = later.walls.1;
        self.points += later.points;
        if self.finite == 0 {
            self.mean = later.mean;
        } else if later.finite > 0 {
            let share = later.finite as f64 / (self.finite + later.finite) as f64;
            self.mean += (later.mean - self.mean) * share;
        }
        self.finite += later.finite;
        self.min = self.min.min(later.min); // min and max of NaN and a number are the number
        self.max = self.max.max(later.max);
        self.last = later.last;
    }

    fn of(series: &Series, range: std::ops::Range<usize>) -> Self {
        let (mut sum, mut finite, mut min, mut max) = (0.0, 0_u64, f64::NAN, f64::NAN);
        for v in series.values[range.clone()].iter().filter(|v| v.is_finite()) {
            sum += v;
            finite += 1;
            min = min.min(*v);
            max = max.max(*v);
        }
        let (a, z) = (range.start, range.end - 1);
        Self {
            steps: (series.steps[a], series.steps[z]),
            epochs: (series.epochs[a], series.epochs[z]),
            walls: (series.walls[a], series.walls[z]),
            points: range.len() as u64,
            finite,
            min,
            max,
            mean: if sum.is_finite() {
                sum / finite as f64
            } else {
                mean(series, range, finite)
            },
            first: series.values[a],
            last: series.values[z],
        }
    }
}

/// The mean of finite values whose sum is not.
fn mean(series: &Series, range: std::ops::Range<usize>, finite: u64) -> f64 {
    let values = series.values[range].iter().filter(|v| v.is_finite());
    values.map(|v| v / finite as f64).sum()
}

/// Every point as a bucket.
pub(super) fn points(series: &Series) -> impl Iterator<Item = Bucket> {
    (0..series.len()).map(|i| {
        Bucket::point(
            series.steps[i],
            series.epochs[i],
            series.walls[i],
            series.values[i],
        )
    })
}

/// The rollup of a chunk, encoded; `None` where it would not pay.
pub(super) fn encode(chunk: &Series) -> Option<Vec<u8>> {
    if chunk.len() < WORTH_IT {
        return None;
    }
    let sorted;
    let chunk = if chunk.steps.is_sorted() {
        chunk
    } else {
        let mut copy = chunk.clone();
        copy.sort_by_step();
        sorted = copy;
        &sorted
    };
    let buckets: Vec<Bucket> = (0..chunk.len())
        .step_by(POINTS)
        .map(|at| Bucket::of(chunk, at..(at + POINTS).min(chunk.len())))
        .collect();
    let column = |get: fn(&Bucket) -> u64| buckets.iter().map(get).collect::<Vec<u64>>();
    let values = |get: fn(&Bucket) -> f64| buckets.iter().map(get).collect::<Vec<f64>>();
    let mut out = vec![VERSION];
    put_varint(&mut out, buckets.len() as u64);
    for get in WHOLE {
        put_runs(&mut out, &column(get));
    }
    for get in [|b: &Bucket| b.walls.0, |b: &Bucket| b.walls.1] {
        put_walls(&mut out, &values(get));
    }
    for get in VALUES {
        put_values(&mut out, &values(get));
    }
    // A mean is as good in single precision; whatever that cannot hold keeps all its bits.
    put_values(
        &mut out,
        &values(|b| {
            if (b.mean as f32).is_finite() {
                f64::from(b.mean as f32)
            } else {
                b.mean
            }
        }),
    );
    Some(out)
}

const VALUES: [fn(&Bucket) -> f64; 4] = [|b| b.min, |b| b.max, |b| b.first, |b| b.last];

const WHOLE: [fn(&Bucket) -> u64; 6] = [
    |b| b.steps.0,
    |b| b.steps.1,
    |b| b.epochs.0,
    |b| b.epochs.1,
    |b| b.points,
    |b| b.finite,
];

/// Appends the buckets of an encoded rollup to `into`.
pub(super) fn decode(mut bytes: &[u8], into: &mut Vec<Bucket>) -> Result<(), Damage> {
    let bytes = &mut bytes;
    if codec::take(bytes, 1)?[0] != VERSION {
        return Err("unknown version");
    }
    let count = get_varint(bytes)?;
    if count > codec::MAX_POINTS {
        return Err("count out of range");
    }
    let count = count as usize;
    let mut whole: [Vec<u64>; 6] = Default::default();
    for column in &mut whole {
        get_runs(bytes, count, column)?;
    }
    let mut walls: [Vec<f64>; 2] = Default::default();
    for column in &mut walls {
        get_walls(bytes, count, column)?;
    }
    let mut values: [Vec<f64>; 5] = Default::default();
    for column in &mut values {
        get_values(bytes, count, column)?;
    }
    into.extend((0..count).map(|i| Bucket {
        steps: (whole[0][i], whole[1][i]),
        epochs: (whole[2][i], whole[3][i]),
        points: whole[4][i],
        finite: whole[5][i],
        walls: (walls[0][i], walls[1][i]),
        min: values[0][i],
        max: values[1][i],
        first: values[2][i],
        last: values[3][i],
        mean: values[4][i],
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for (i, v) in values.into_iter().enumerate() {
            let i = i as u64;
            series.push(i * 3 + 1, i / 100, 1e9 + i as f64 / 64.0, v);
        }
        series
    }

    fn same(a: &Bucket, b: &Bucket) {
        let bits = |b: &Bucket| [b.min, b.max, b.first, b.last].map(f64::to_bits);
        assert_eq!(
            (a.steps, a.epochs, a.walls, a.points, a.finite),
            (b.steps, b.epochs, b.walls, b.points, b.finite)
        );
        assert_eq!(bits(a), bits(b));
        assert!(
            a.mean.to_bits() == b.mean.to_bits() || (a.mean - b.mean).abs() <= 1e-6 * b.mean.abs(),
            "{} {}",
            a.mean,
            b.mean
        );
    }

    #[test]
    fn a_rollup_says_of_its_points_what_merging_them_says() {
        let odd = [f64::NAN, f64::INFINITY, -0.0, 1e300, f64::NEG_INFINITY];
        let values = (0..4000).map(|i| {
            if i % 97 < 5 {
                odd[i % 5]
            } else {
                (i as f64 * 0.1).sin()
            }
        });
        let series = series(values);
        let mut rollup = Vec::new();
        decode(&encode(&series).unwrap(), &mut rollup).unwrap();
        assert_eq!(rollup.len(), 16);
        let all: Vec<Bucket> = points(&series).collect();
        for (bucket, points) in rollup.iter().zip(all.chunks(POINTS)) {
            let mut merged = points[0];
            points[1..].iter().for_each(|p| merged.merge(p));
            same(bucket, &merged);
        }
    }

    #[test]
    fn values_that_cannot_be_summed_have_a_mean() {
        let mut rollup = Vec::new();
        decode(&encode(&series([f64::MAX; 1500])).unwrap(), &mut rollup).unwrap();
        assert!(
            (rollup[0].mean / f64::MAX - 1.0).abs() < 1e-12,
            "{}",
            rollup[0].mean
        );
        decode(&encode(&series([f64::NAN; 1500])).unwrap(), &mut rollup).unwrap();
        assert_eq!((rollup[10].finite, rollup[10].mean.is_nan()), (0, true));
    }

    #[test]
    fn few_points_have_none_and_late_ones_are_put_in_order() {
        assert!(encode(&series([1.0; 1000])).is_none());
        let mut late = series((0..1500).map(f64::from));
        late.steps.reverse();
        let mut rollup = Vec::new();
        decode(&encode(&late).unwrap(), &mut rollup).unwrap();
        assert_eq!((rollup[0].steps.0, rollup[0].first), (1, 1499.0));
        assert!(rollup.windows(2).all(|w| w[0].steps.1 < w[1].steps.0));
    }

    #[test]
    fn damage_is_an_error() {
        let sound = encode(&series((0..1500).map(f64::from))).unwrap();
        for cut in 0..sound.len() {
            assert!(decode(&sound[..cut], &mut Vec::new()).is_err(), "cut at {cut}");
        }
    }
}
