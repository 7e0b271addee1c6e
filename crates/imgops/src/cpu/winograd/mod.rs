//! Winograd's minimal filtering for convolutions with many output positions (Lavin and Gray 2016).
//!
//! A convolution of stride `s` is first split into its `s * s` phases: each reads every `s`-th pixel with every `s`-th tap,
//! at stride 1, and they stack up as `s * s` times as many input channels. Tiles of `m x m` outputs then cost
//! `(m + r - 1)^2` products a channel pair instead of `m^2 r^2`, done as one matrix product a point. The gradients are the
//! adjoints of the same linear maps.

mod matrices;
mod plan;
mod transform;

use crate::cpu::gemm::{Stack, matmul_stack};
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

pub(crate) use plan::Plan;

impl Plan {
    fn stack<'a>(&self, data: &'a [f32], rows: usize, cols: usize) -> Stack<'a> {
        Stack::new(data, rows, self.points(), cols)
    }

    /// Runs `work` with room for the points of the weight `[narrow_c][inputs]`, the wide images `[inputs][tiles]` and the
    /// narrow images `[narrow_c][tiles]`.
    fn with_points(&self, g: &ConvGeometry, work: impl FnOnce(&mut [f32], &mut [f32], &mut [f32])) {
        let (k, t) = (self.inputs(g), self.tiles(g));
        let [u, v, m] = [g.narrow_c * k, k * t, g.narrow_c * t].map(|len| len * self.points());
        with_scratch(u + v + m, |space| {
            let (weight, images) = space.split_at_mut(u);
            let (wide, narrow) = images.split_at_mut(v);
            work(weight, wide, narrow);
        });
    }

    /// Narrow images from wide ones. `out` is overwritten, or added to where `accumulate`.
    pub(crate) fn forward(
        &self,
        g: &ConvGeometry,
        wide: &[f32],
        weight: &[f32],
        out: &mut [f32],
        accumulate: bool,
    ) {
        let (k, t) = (self.inputs(g), self.tiles(g));
        self.with_points(g, |u, v, m| {
            self.transform_weight(g, weight, u);
            self.transform_wide(g, wide, v);
            let (u, v) = (self.stack(u, g.narrow_c, k), self.stack(v, k, t));
            matmul_stack(m, self.points(), u, v);
            self.collect_narrow(g, m, out, accumulate);
        });
    }

    /// Wide images from narrow ones: the adjoint of [`Plan::forward`] in the image.
    pub(crate) fn adjoint(
        &self,
        g: &ConvGeometry,
        narrow: &[f32],
        weight: &[f32],
        out: &mut [f32],
        accumulate: bool,
    ) {
        let (k, t) = (self.inputs(g), self.tiles(g));
        self.with_points(g, |u, v, m| {
            self.transform_weight(g, weight, u);
            self.spread_narrow(g, narrow, m);
            let (u, m) = (self.stack(u, g.narrow_c, k), self.stack(m, g.narrow_c, t));
            matmul_stack(v, self.points(), u.t(), m);
            self.collect_wide(g, v, out, accumulate);
        });
    }

    /// Adds the weight's gradient: the adjoint of [`Plan::forward`] in the weight.
    pub(crate) fn weight_gradient(&self, g: &ConvGeometry, wide: &[f32], narrow: &[f32], out: &mut [f32]) {
        let (k, t) = (self.inputs(g), self.tiles(g));
        self.with_points(g, |u, v, m| {
            self.transform_wide(g, wide, v);
            self.spread_narrow(g, narrow, m);
            let (m, v) = (self.stack(m, g.narrow_c, t), self.stack(v, k, t));
            matmul_stack(u, self.points(), m, v.t());
            self.collect_weight(g, u, out);
        });
    }
}

#[cfg(test)]
mod tests;
