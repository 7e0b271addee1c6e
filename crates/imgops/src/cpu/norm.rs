//! The arithmetic that batch and instance norm share: statistics of a group of equally long segments, in f64.

/// Mean and *biased* variance of a group (two passes).
pub(crate) fn moments<'a>(segments: impl Iterator<Item = &'a [f32]> + Clone) -> (f64, f64, usize) {
    let count: usize = segments.clone().map(<[f32]>::len).sum();
    let mean = segments.clone().map(sum).sum::<f64>() / count as f64;
    let centre = mean as f32;
    let squares = segments
        .map(|s| sum_of(s, |v| (v - centre) * (v - centre)))
        .sum::<f64>();
    let shift = mean - f64::from(centre);
    (mean, (squares / count as f64 - shift * shift).max(0.0), count)
}

fn sum(values: &[f32]) -> f64 {
    sum_of(values, |v| v)
}

/// Sums `f` in f64 over short f32 runs of eight lanes: as fast as f32, as exact as needed.
pub(crate) fn sum_of(values: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for block in values.chunks(256) {
        let mut lanes = [0.0f32; 8];
        let chunks = block.chunks_exact(8);
        let tail: f32 = chunks.remainder().iter().map(|v| f(*v)).sum();
        for chunk in chunks {
            for (lane, v) in lanes.iter_mut().zip(chunk) {
                *lane += f(*v);
            }
        }
        total += lanes.iter().map(|v| f64::from(*v)).sum::<f64>() + f64::from(tail);
    }
    total
}

/// As [`sum_of`], over two slices of one length.
pub(crate) fn sum_of2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0.0;
    for (a, b) in a.chunks(256).zip(b.chunks(256)) {
        let mut lanes = [0.0f32; 8];
        let (ca, cb) = (a.chunks_exact(8), b.chunks_exact(8));
        let tail: f32 = ca
            .remainder()
            .iter()
            .zip(cb.remainder())
            .map(|(x, y)| f(*x, *y))
            .sum();
        for (x, y) in ca.zip(cb) {
            for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
                *lane += f(*x, *y);
            }
        }
        total += lanes.iter().map(|v| f64::from(*v)).sum::<f64>() + f64::from(tail);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_far_off_centre_group_are_exact() {
        let a: Vec<f32> = (0..1001).map(|i| 1000.0 + (i % 7) as f32).collect();
        let b = [1003.0f32; 20];
        let all: Vec<f64> = a.iter().chain(&b).map(|v| f64::from(*v)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let var = all.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / all.len() as f64;
        let (m, v, n) = moments([&a[..], &b[..]].into_iter());
        assert_eq!(n, 1021);
        assert!(
            (m - mean).abs() < 1e-6 && (v - var).abs() < 1e-4,
            "{m} {v} for {mean} {var}"
        );
    }
}
