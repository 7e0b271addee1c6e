//! Element-wise loops and reductions over all cores, in a fixed order, so that results repeat bit for bit.

use rayon::prelude::*;

/// Loops whose every turn is work enough for a task.
pub(crate) trait Tasks: IndexedParallelIterator {
    /// As `for_each`, with each turn a task of its own. Rayon's halves of halves of a loop go to the cores as they are, so that
    /// at its end a core could have a quarter of the loop left to do and the others nothing.
    fn for_each_task(self, work: impl Fn(Self::Item) + Send + Sync) {
        self.with_max_len(1).for_each(work);
    }
}

impl<I: IndexedParallelIterator> Tasks for I {}

/// Values a task handles: enough to pay for the task, few enough to stay in a core's cache.
pub(crate) const CHUNK: usize = 16 * 1024;

/// Runs `work` while another core clears memory in `clear`, for so many values of it that this pays: dfdx clears what it
/// allocates on one core.
pub(crate) fn while_clearing<A: Send, B: Send>(
    values: usize,
    work: impl FnOnce() -> A + Send,
    clear: impl FnOnce() -> B + Send,
) -> (A, B) {
    if values < 4 * CHUNK {
        return (work(), clear());
    }
    rayon::join(work, clear)
}

/// `out[i] += f(x[i], g[i])`.
pub(crate) fn add_map2(out: &mut [f32], x: &[f32], g: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) {
    out.par_chunks_mut(CHUNK)
        .zip(x.par_chunks(CHUNK))
        .zip(g.par_chunks(CHUNK))
        .for_each(|((out, x), g)| {
            for ((o, v), g) in out.iter_mut().zip(x).zip(g) {
                *o += f(*v, *g);
            }
        });
}

/// `out[i] = x[i]`.
pub(crate) fn copy(out: &mut [f32], x: &[f32]) {
    out.par_chunks_mut(CHUNK)
        .zip(x.par_chunks(CHUNK))
        .for_each(|(out, x)| out.copy_from_slice(x));
}

/// `out[i] += x[i]`.
pub(crate) fn add(out: &mut [f32], x: &[f32]) {
    out.par_chunks_mut(CHUNK)
        .zip(x.par_chunks(CHUNK))
        .for_each(|(out, x)| {
            for (o, v) in out.iter_mut().zip(x) {
                *o += *v;
            }
        });
}

/// Sums `f` over chunks in f64; the chunks' sums are added in order.
pub(crate) fn sum(x: &[f32], f: impl Fn(f32) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = x
        .par_chunks(CHUNK)
        .map(|x| x.iter().map(|v| f(*v)).sum::<f64>())
        .collect();
    parts.iter().sum()
}

/// As [`sum`], over two slices.
pub(crate) fn sum2(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = x
        .par_chunks(CHUNK)
        .zip(y.par_chunks(CHUNK))
        .map(|(x, y)| x.iter().zip(y).map(|(a, b)| f(*a, *b)).sum::<f64>())
        .collect();
    parts.iter().sum()
}

/// The sum of squares: in sixteen f32 sums over each chunk, whose sums are added in f64 and in order. Off by some 1e-6 of itself.
pub(crate) fn sum_of_squares(x: &[f32]) -> f64 {
    let parts: Vec<f64> = x
        .par_chunks(CHUNK)
        .map(|x| {
            let mut lanes = [0.0; 16];
            squares(x, &mut lanes);
            lanes.iter().map(|v| f64::from(*v)).sum()
        })
        .collect();
    parts.iter().sum()
}

simd! {
    fn squares(x: &[f32], lanes: &mut [f32; 16]) {
        let (rows, rest) = x.as_chunks::<16>();
        let mut sums = *lanes;
        for row in rows {
            for (sum, v) in sums.iter_mut().zip(row) {
                *sum += *v * *v;
            }
        }
        for (sum, v) in sums.iter_mut().zip(rest) {
            *sum += *v * *v;
        }
        *lanes = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_add_up_whatever_the_length() {
        for len in [0, 1, 15, 16, 17, CHUNK, CHUNK + 5, 3 * CHUNK + 33] {
            let x: Vec<f32> = (0..len).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
            let expected: f64 = x.iter().map(|v| f64::from(*v).powi(2)).sum();
            let got = sum_of_squares(&x);
            assert!(
                (got - expected).abs() <= 1e-5 * expected,
                "{len}: {got} {expected}"
            );
        }
    }
}
