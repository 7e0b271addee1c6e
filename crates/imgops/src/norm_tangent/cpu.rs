//! The derivative of norms on the CPU: sums of columns in f64, then one pass over memory.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::{NormTangentGradients, NormTangentKernel, Normalised};
use crate::cpu::columns::{task_len, two_sums};
use crate::cpu::memory::slice;
use crate::cpu::norm::moments;
use crate::device::{Images4, Vector};
use crate::layout::new_images;

/// Added to the variance by either norm.
const EPS: f64 = crate::instance_norm::EPS as f64;

/// The norm's input with the statistics of each group and column, `[group][column]`.
struct Statistics<'a> {
    x: &'a [f32],
    groups: usize,
    columns: usize,
    /// The mean, rounded: what deviations are taken from.
    centre: Vec<f32>,
    /// `1 / sqrt(variance + eps)`.
    inv_std: Vec<f64>,
}

/// Of some values `v` over each group: the means of `v` and of `u v`, with `u` the normalised input.
struct Means {
    plain: Vec<f64>,
    with_input: Vec<f64>,
}

impl<'a> Statistics<'a> {
    fn of(x: &'a Images4<Cpu>, over: Normalised) -> Self {
        let (n, columns, ..) = *x.shape();
        let groups = if over == Normalised::Batch { 1 } else { n };
        let (means, variances) = moments(slice(x), groups, columns);
        Self {
            x: slice(x),
            groups,
            columns,
            centre: means.iter().map(|m| *m as f32).collect(),
            inv_std: variances.iter().map(|v| 1.0 / (v + EPS).sqrt()).collect(),
        }
    }

    fn count(&self) -> f64 {
        (self.x.len() / self.groups / self.columns) as f64
    }

    fn means(&self, v: &[f32]) -> Means {
        let columns = self.columns;
        let [mut plain, mut with_input] =
            two_sums(self.x.len(), self.groups, columns, |group, rows, a, b| {
                let centre = &self.centre[group * columns..][..columns];
                moments_with_input(centre, &self.x[rows.clone()], &v[rows], a, b);
            });
        plain.iter_mut().for_each(|p| *p /= self.count());
        let scales = self.inv_std.iter().map(|s| s / self.count());
        with_input.iter_mut().zip(scales).for_each(|(w, s)| *w *= s);
        Means { plain, with_input }
    }

    /// The means of `a b` over each group.
    fn products(&self, a: &[f32], b: &[f32]) -> Vec<f64> {
        let [mut means, _] = two_sums(self.x.len(), self.groups, self.columns, |_, rows, sum, _| {
            sum_products(&a[rows.clone()], &b[rows], sum);
        });
        means.iter_mut().for_each(|m| *m /= self.count());
        means
    }

    /// For each group and column the scale, 1 without a weight.
    fn scales(&self, weight: Option<&Vector<Cpu>>) -> Vec<f64> {
        let weight = weight.map(slice);
        (0..self.groups * self.columns)
            .map(|i| weight.map_or(1.0, |w| f64::from(w[i % self.columns])))
            .collect()
    }

    /// `out += k [0] (v - mean_v) + k[1] (w - mean_w) + k[2] (x - centre)` with columns' own coefficients and means.
    fn add(&self, out: &mut [f32], v: (&[f32], &[f32]), w: (&[f32], &[f32]), k: &[Vec<f32>; 3]) {
        let (group_len, columns) = (self.x.len() / self.groups, self.columns);
        let task = task_len(columns);
        out.par_chunks_mut(group_len)
            .enumerate()
            .for_each(|(group, out)| {
                let part = group * columns..(group + 1) * columns;
                let c = Coefficients {
                    means: [&v.1[part.clone()], &w.1[part.clone()], &self.centre[part.clone()]],
                    factors: [&k[0][part.clone()], &k[1][part.clone()], &k[2][part]],
                };
                out.par_chunks_mut(task).enumerate().for_each(|(i, out)| {
                    let at = group * group_len + i * task;
                    let rows = at..at + out.len();
                    combine(c, [&v.0[rows.clone()], &w.0[rows.clone()], &self.x[rows]], out);
                });
            });
    }
}

#[derive(Clone, Copy)]
struct Coefficients<'a> {
    means: [&'a [f32]; 3],
    factors: [&'a [f32]; 3],
}

simd! {
    fn moments_with_input<const ROWS: usize, S>(set: S, centre: &[f32], x: &[f32], v: &[f32], plain: &mut [f32], weighted: &mut [f32]) {
        let columns = centre.len();
        for (x, v) in x.chunks_exact(columns).zip(v.chunks_exact(columns)) {
            for i in 0..columns {
                plain[i] += v[i];
                weighted[i] = set.fused_one(x[i] - centre[i], v[i], weighted[i]);
            }
        }
    }
}

simd! {
    fn sum_products<const ROWS: usize, S>(set: S, a: &[f32], b: &[f32], sums: &mut [f32]) {
        let columns = sums.len();
        for (a, b) in a.chunks_exact(columns).zip(b.chunks_exact(columns)) {
            for i in 0..columns {
                sums[i] = set.fused_one(a[i], b[i], sums[i]);
            }
        }
    }
}

simd! {
    fn combine<const ROWS: usize, S>(set: S, c: Coefficients<'_>, terms: [&[f32]; 3], out: &mut [f32]) {
        let [[a, b, d], [ka, kb, kd]] = [c.means, c.factors];
        let columns = a.len();
        for (row, out) in out.chunks_exact_mut(columns).enumerate() {
            let [v, w, x] = terms.map(|t| &t[row * columns..][..columns]);
            for i in 0..columns {
                let sum = set.fused_one(ka[i], v[i] - a[i], out[i]);
                let sum = set.fused_one(kb[i], w[i] - b[i], sum);
                out[i] = set.fused_one(kd[i], x[i] - d[i], sum);
            }
        }
    }
}

fn rounded(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}

impl NormTangentKernel for Cpu {
    fn norm_tangent_forward(
        &self,
        over: Normalised,
        x: &Images4<Self>,
        tangent: &Images4<Self>,
        weight: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, CpuError> {
        let (stats, t) = (Statistics::of(x, over), slice(tangent));
        let (of_t, scales) = (stats.means(t), stats.scales(weight));
        let factor = |f: &dyn Fn(f64, usize) -> f64| -> Vec<f32> {
            (0..scales.len())
                .map(|i| f(scales[i] * stats.inv_std[i], i) as f32)
                .collect()
        };
        let k = [
            factor(&|k, _| k),
            factor(&|_, _| 0.0),
            factor(&|k, i| -k * stats.inv_std[i] * of_t.with_input[i]),
        ];
        let means = rounded(&of_t.plain);
        new_images(self, *x.shape(), |y| stats.add(y, (t, &means), (t, &means), &k))
    }

    // With u the normalised input, F = sum g y, C = <g t> - <g><t>, A = <u g>, B = <u t> and M values a group:
    // F = weight M s (C - A B), whose derivatives by t, x and weight follow with ds/dx = -s^2 u / M.
    fn norm_tangent_backward(
        &self,
        over: Normalised,
        x: &Images4<Self>,
        tangent: &Images4<Self>,
        weight: Option<&Vector<Self>>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: NormTangentGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        let (stats, t, g) = (Statistics::of(x, over), slice(tangent), grad_y.as_slice());
        let (of_t, of_g) = (stats.means(t), stats.means(g));
        let (scales, s) = (stats.scales(weight), &stats.inv_std);
        let (a, b) = (&of_g.with_input, &of_t.with_input);
        let products = stats.products(g, t);
        let c: Vec<f64> = (0..s.len())
            .map(|i| products[i] - of_g.plain[i] * of_t.plain[i])
            .collect();
        if let Some(gw) = out.weight {
            for i in 0..s.len() {
                gw[i % stats.columns] += (stats.count() * s[i] * (c[i] - a[i] * b[i])) as f32;
            }
        }
        let factor = |f: &dyn Fn(usize) -> f64| -> Vec<f32> {
            (0..s.len()).map(|i| (scales[i] * s[i] * f(i)) as f32).collect()
        };
        let (mean_t, mean_g) = (rounded(&of_t.plain), rounded(&of_g.plain));
        let by_tangent = [factor(&|_| 1.0), factor(&|_| 0.0), factor(&|i| -s[i] * a[i])];
        stats.add(out.tangent, (g, &mean_g), (t, &mean_t), &by_tangent);
        let by_input = [
            factor(&|i| -s[i] * b[i]),
            factor(&|i| -s[i] * a[i]),
            factor(&|i| -s[i] * s[i] * (c[i] - 3.0 * a[i] * b[i])),
        ];
        stats.add(out.x, (g, &mean_g), (t, &mean_t), &by_input);
        Ok(())
    }
}
