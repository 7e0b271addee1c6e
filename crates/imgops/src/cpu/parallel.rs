//! Element-wise loops and reductions over all cores, in a fixed order, so that results repeat bit for bit.

use rayon::prelude::*;

/// Values a task handles: enough to pay for the task, few enough to stay in a core's cache.
pub(crate) const CHUNK: usize = 16 * 1024;

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
