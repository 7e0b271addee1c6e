//! Winograd's minimal filtering for convolutions with many output positions (Lavin and Gray 2016).
//!
//! A convolution of stride `s` is first split into its `s * s` phases: each reads every `s`-th pixel with every `s`-th tap,
//! at stride 1, and they stack up as `s * s` times as many input channels. (Where the stride does not divide the kernel, phases
//! that lack the last tap do not take part in the point at infinity.) Tiles of `m x m` outputs then cost
//! `(m + r - 1)^2` products a channel pair instead of `m^2 r^2`, done as one matrix product a point. The gradients are the
//! adjoints of the same linear maps.

mod images;
mod matrices;
mod plan;
mod transform;
mod weights;

use std::iter::once;

use crate::cpu::kernel::LANES;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

use images::Live;
pub(crate) use plan::Plan;

impl Plan {
    /// Values of the transformed weight.
    fn weight_len(&self, g: &ConvGeometry) -> usize {
        self.points() * self.inputs(g) * g.narrow_c
    }

    /// Values of products with so many columns.
    fn product_len(&self, g: &ConvGeometry, columns: usize) -> usize {
        self.points() * self.tiles(g) * columns
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
        let inputs = self.inputs(g);
        let lens = [
            self.weight_len(g),
            self.image_len(g, inputs),
            self.product_len(g, g.narrow_c),
        ];
        with_parts(lens, |u, v, m| {
            self.transform_weight(g, weight, u);
            let v = self.transform_wide(g, wide, v);
            let len = inputs * LANES;
            let panel = |point: usize, block: usize| &u[(block * self.points() + point) * len..][..len];
            let live = |point| Live {
                rows: self.live(g, point),
                columns: once(0..g.narrow_c).collect(),
            };
            self.products(&v, live, panel, g.narrow_c, m);
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
        let inputs = self.inputs(g);
        let lens = [
            self.weight_len(g),
            self.image_len(g, g.narrow_c),
            self.product_len(g, inputs),
        ];
        with_parts(lens, |u, m, v| {
            self.transform_weight_back(g, weight, u);
            let m = self.spread_narrow(g, narrow, m);
            let len = g.narrow_c * LANES;
            let panel = |point: usize, block: usize| &u[(block * self.points() + point) * len..][..len];
            let live = |point| Live {
                rows: once(0..g.narrow_c).collect(),
                columns: self.live(g, point),
            };
            self.products(&m, live, panel, inputs, v);
            self.collect_wide(g, v, out, accumulate);
        });
    }

    /// The weight's gradient: the adjoint of [`Plan::forward`] in the weight. `out` is overwritten, or added to where
    /// `accumulate`.
    pub(crate) fn weight_gradient(
        &self,
        g: &ConvGeometry,
        wide: &[f32],
        narrow: &[f32],
        out: &mut [f32],
        accumulate: bool,
    ) {
        let lens = [
            self.weight_len(g),
            self.image_len(g, self.inputs(g)),
            self.image_len(g, g.narrow_c),
        ];
        with_parts(lens, |u, v, m| {
            let v = self.transform_wide(g, wide, v);
            let m = self.spread_narrow(g, narrow, m);
            self.outer_products(g, &v, &m, u);
            self.collect_weight(g, u, out, accumulate);
        });
    }
}

/// Runs `work` with three buffers of these lengths.
fn with_parts([a, b, c]: [usize; 3], work: impl FnOnce(&mut [f32], &mut [f32], &mut [f32])) {
    with_scratch(a + b + c, |space| {
        let (first, rest) = space.split_at_mut(a);
        let (second, third) = rest.split_at_mut(b);
        work(first, second, third);
    });
}

#[cfg(test)]
mod tests;
