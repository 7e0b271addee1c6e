//! The arithmetic that batch and instance norm share, on channels-last images: each *group* of rows (the whole batch, or one
//! image) has a mean and a variance a column, and an activation may follow in the same pass over memory.

use std::ops::Range;

use rayon::prelude::*;

use crate::activation::Activation;
use crate::cpu::columns::{task_len, two_sums};
use crate::cpu::parallel::Tasks;
use crate::cpu::simd::Set;

/// Mean and *biased* variance of each column of each group, in one pass: deviations from the group's first row.
pub(crate) fn moments(x: &[f32], groups: usize, columns: usize) -> (Vec<f64>, Vec<f64>) {
    let group_len = x.len() / groups;
    let [sums, squares] = two_sums(x.len(), groups, columns, |group, rows, sum, square| {
        deviations(&x[rows], &x[group * group_len..][..columns], sum, square);
    });
    let count = (group_len / columns) as f64;
    let mut means = vec![0.0; groups * columns];
    let mut variances = vec![0.0; groups * columns];
    for i in 0..groups * columns {
        let shift = sums[i] / count;
        means[i] = f64::from(x[i / columns * group_len + i % columns]) + shift;
        variances[i] = (squares[i] / count - shift * shift).max(0.0);
    }
    (means, variances)
}

simd! {
    fn deviations<const ROWS: usize, S>(set: S, x: &[f32], centre: &[f32], sum: &mut [f32], square: &mut [f32]) {
        for row in x.chunks_exact(centre.len()) {
            for (((s, q), v), c) in sum.iter_mut().zip(square.iter_mut()).zip(row).zip(centre) {
                let d = v - c;
                *s += d;
                *q = set.fused_one(d, d, *q);
            }
        }
    }
}

/// What a column is normalised with, `[group][column]` each: `y = f((x - centre) * scale + shift)`.
pub(crate) struct Affine<'a> {
    pub(crate) centre: &'a [f32],
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
    /// What negative values are multiplied by afterwards: 1 without an activation.
    pub(crate) slope: f32,
}

/// The slope of an optional activation behind a norm.
pub(crate) fn slope(activation: Option<Activation>) -> f32 {
    activation.and_then(Activation::negative_slope).unwrap_or(1.0)
}

/// One group's part of an [`Affine`].
#[derive(Clone, Copy)]
struct Columns<'a> {
    centre: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    slope: f32,
}

impl Affine<'_> {
    fn group(&self, group: usize, columns: usize) -> Columns<'_> {
        let part = group * columns..(group + 1) * columns;
        Columns {
            centre: &self.centre[part.clone()],
            scale: &self.scale[part.clone()],
            shift: &self.shift[part],
            slope: self.slope,
        }
    }
}

/// Normalises `x` into `y`, on top of the values of `plus`, if any.
pub(crate) fn apply(
    x: &[f32],
    groups: usize,
    columns: usize,
    affine: &Affine<'_>,
    plus: Option<&[f32]>,
    y: &mut [f32],
) {
    let task = task_len(columns);
    y.par_chunks_mut(task)
        .zip(x.par_chunks(task))
        .enumerate()
        .for_each_task(|(i, (y, part))| {
            for (group, rows) in by_group(i * task, part.len(), x.len() / groups) {
                let (affine, part, y) = (
                    affine.group(group, columns),
                    &part[rows.clone()],
                    &mut y[rows.clone()],
                );
                match plus {
                    Some(plus) => normalise_onto(affine, part, &plus[i * task..][rows], y),
                    None => normalise(affine, part, y),
                }
            }
        });
}

/// Normalises `y` in its place.
pub(crate) fn apply_in_place(y: &mut [f32], groups: usize, columns: usize, affine: &Affine<'_>) {
    let (task, group_len) = (task_len(columns), y.len() / groups);
    y.par_chunks_mut(task).enumerate().for_each_task(|(i, y)| {
        for (group, rows) in by_group(i * task, y.len(), group_len) {
            normalise_in_place(affine.group(group, columns), &mut y[rows]);
        }
    });
}

simd! {
    fn normalise<const ROWS: usize, S>(set: S, a: Columns<'_>, x: &[f32], y: &mut [f32]) {
        let columns = a.centre.len();
        for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            for ((((y, x), c), s), b) in y.iter_mut().zip(x).zip(a.centre).zip(a.scale).zip(a.shift) {
                *y = normal(set, a.slope, *x, *c, *s, *b);
            }
        }
    }
}

simd! {
    fn normalise_in_place<const ROWS: usize, S>(set: S, a: Columns<'_>, y: &mut [f32]) {
        let columns = a.centre.len();
        for y in y.chunks_exact_mut(columns) {
            for (((y, c), s), b) in y.iter_mut().zip(a.centre).zip(a.scale).zip(a.shift) {
                *y = normal(set, a.slope, *y, *c, *s, *b);
            }
        }
    }
}

simd! {
    fn normalise_onto<const ROWS: usize, S>(set: S, a: Columns<'_>, x: &[f32], plus: &[f32], y: &mut [f32]) {
        let columns = a.centre.len();
        for ((y, x), p) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(plus.chunks_exact(columns)) {
            for (((((y, x), p), c), s), b) in y.iter_mut().zip(x).zip(p).zip(a.centre).zip(a.scale).zip(a.shift) {
                *y = p + normal(set, a.slope, *x, *c, *s, *b);
            }
        }
    }
}

/// A value, normalised and activated.
#[inline(always)]
fn normal<S: Set>(set: S, slope: f32, x: f32, centre: f32, scale: f32, shift: f32) -> f32 {
    let v = set.fused_one(x - centre, scale, shift);
    if v < 0.0 { slope * v } else { v }
}

/// For each group and column, sums over rows of the gradient before the activation, and of that times `x - centre`.
pub(crate) fn gradient_sums(
    x: &[f32],
    grad_y: &[f32],
    groups: usize,
    columns: usize,
    affine: &Affine<'_>,
) -> [Vec<f64>; 2] {
    two_sums(x.len(), groups, columns, |group, rows, plain, weighted| {
        let affine = affine.group(group, columns);
        sum_gradients(affine, &x[rows.clone()], &grad_y[rows], plain, weighted);
    })
}

simd! {
    fn sum_gradients<const ROWS: usize, S>(set: S, a: Columns<'_>, x: &[f32], g: &[f32], plain: &mut [f32], weighted: &mut [f32]) {
        let columns = a.centre.len();
        for (x, g) in x.chunks_exact(columns).zip(g.chunks_exact(columns)) {
            for i in 0..columns {
                let d = x[i] - a.centre[i];
                let v = set.fused_one(d, a.scale[i], a.shift[i]);
                let g = if v > 0.0 { g[i] } else { a.slope * g[i] };
                plain[i] += g;
                weighted[i] = set.fused_one(g, d, weighted[i]);
            }
        }
    }
}

/// What an input's gradient is made with: `scale * (g - mean_g - (x - centre) * tilt)`, where `g` is the gradient before the
/// activation, and `mean_g` and `tilt` are of `[group][column]`.
pub(crate) struct Slant<'a> {
    pub(crate) affine: &'a Affine<'a>,
    pub(crate) mean_g: Vec<f32>,
    pub(crate) tilt: Vec<f32>,
}

/// One group's part of a [`Slant`].
#[derive(Clone, Copy)]
struct SlantColumns<'a> {
    affine: Columns<'a>,
    mean_g: &'a [f32],
    tilt: &'a [f32],
}

impl Slant<'_> {
    fn group(&self, group: usize, columns: usize) -> SlantColumns<'_> {
        let part = group * columns..(group + 1) * columns;
        SlantColumns {
            affine: self.affine.group(group, columns),
            mean_g: &self.mean_g[part.clone()],
            tilt: &self.tilt[part],
        }
    }
}

/// Adds the input's gradient to `grad_x`.
pub(crate) fn input_gradient(
    x: &[f32],
    grad_y: &[f32],
    groups: usize,
    columns: usize,
    slant: &Slant<'_>,
    grad_x: &mut [f32],
) {
    let task = task_len(columns);
    grad_x
        .par_chunks_mut(task)
        .zip(x.par_chunks(task))
        .zip(grad_y.par_chunks(task))
        .enumerate()
        .for_each_task(|(i, ((gx, part), g))| {
            for (group, rows) in by_group(i * task, part.len(), x.len() / groups) {
                let (x, g) = (&part[rows.clone()], &g[rows.clone()]);
                add_gradient(slant.group(group, columns), x, g, &mut gx[rows]);
            }
        });
}

/// Makes the input's gradient of the output's, in its place.
pub(crate) fn turn_gradient(x: &[f32], grad: &mut [f32], groups: usize, columns: usize, slant: &Slant<'_>) {
    let task = task_len(columns);
    grad.par_chunks_mut(task)
        .zip(x.par_chunks(task))
        .enumerate()
        .for_each_task(|(i, (g, part))| {
            for (group, rows) in by_group(i * task, part.len(), x.len() / groups) {
                set_gradient(slant.group(group, columns), &part[rows.clone()], &mut g[rows]);
            }
        });
}

/// The groups that a task's `len` values from `first` reach into, and which of its values lie in each.
fn by_group(first: usize, len: usize, group_len: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let end = first + len;
    (first / group_len..end.div_ceil(group_len)).map(move |group| {
        let values = (group * group_len).max(first)..((group + 1) * group_len).min(end);
        (group, values.start - first..values.end - first)
    })
}

simd! {
    fn add_gradient<const ROWS: usize, S>(set: S, a: SlantColumns<'_>, x: &[f32], g: &[f32], gx: &mut [f32]) {
        let columns = a.mean_g.len();
        for ((gx, x), g) in gx.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns)) {
            for i in 0..columns {
                gx[i] = slanted(set, &a, i, x[i], g[i], gx[i]);
            }
        }
    }
}

simd! {
    fn set_gradient<const ROWS: usize, S>(set: S, a: SlantColumns<'_>, x: &[f32], g: &mut [f32]) {
        let columns = a.mean_g.len();
        for (x, g) in x.chunks_exact(columns).zip(g.chunks_exact_mut(columns)) {
            for i in 0..columns {
                g[i] = slanted(set, &a, i, x[i], g[i], 0.0);
            }
        }
    }
}

/// `sum` and the gradient of an input `x` in column `i`, given the output's.
#[inline(always)]
fn slanted<S: Set>(set: S, a: &SlantColumns<'_>, i: usize, x: f32, g: f32, sum: f32) -> f32 {
    let (d, scale) = (x - a.affine.centre[i], a.affine.scale[i]);
    let v = set.fused_one(d, scale, a.affine.shift[i]);
    let g = if v > 0.0 { g } else { a.affine.slope * g };
    set.fused_one(scale, g - a.mean_g[i] - d * a.tilt[i], sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_columns_far_off_zero_are_exact() {
        let (rows, columns, groups) = (1021, 3, 2);
        let x: Vec<f32> = (0..groups * rows * columns)
            .map(|i| 1000.0 * (1 + i % columns) as f32 + (i % 7) as f32)
            .collect();
        let (means, variances) = moments(&x, groups, columns);
        for i in 0..groups * columns {
            let column: Vec<f64> = x[i / columns * rows * columns..][..rows * columns]
                .iter()
                .skip(i % columns)
                .step_by(columns)
                .map(|v| f64::from(*v))
                .collect();
            let mean = column.iter().sum::<f64>() / rows as f64;
            let var = column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / rows as f64;
            assert!((means[i] - mean).abs() < 1e-6 && (variances[i] - var).abs() < 1e-4);
        }
    }
}
