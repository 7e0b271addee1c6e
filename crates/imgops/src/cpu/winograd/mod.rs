//! Winograd's minimal filtering for convolutions with many output positions (Lavin and Gray 2016).
//!
//! A convolution of stride `s` is first split into its `s * s` phases: each reads every `s`-th pixel with every `s`-th tap,
//! at stride 1, and they stack up as `s * s` times as many input channels. (Where the stride does not divide the kernel, phases
//! that lack the last tap do not take part in the point at infinity.) Tiles of `m x m` outputs then cost
//! `(m + r - 1)^2` products a channel pair instead of `m^2 r^2`, done as one matrix product a point. The gradients are the
//! adjoints of the same linear maps.

mod grid;
mod images;
mod matrices;
mod plan;
mod transform;
mod weights;

use std::iter::once;
use std::ops::Range;

use rayon::prelude::*;

use crate::cpu::kernel::LANES;
use crate::cpu::padded::crop;
use crate::cpu::parallel::Tasks;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

use images::{Live, Points};
pub(crate) use plan::Plan;
use weights::point_step;

/// Bytes of a share's transformed weights and its products, for each thread.
const WORK_BYTES: usize = 10 << 20;

impl Plan {
    /// How many of a weight's panels, of so many rows, are transformed at once in so many bytes a thread.
    fn share(&self, panels: usize, rows: usize, bytes: usize) -> usize {
        let panel = 4 * self.points() * point_step(rows);
        let most = bytes * rayon::current_num_threads() / panel;
        // Shares as equal as can be.
        panels.div_ceil(panels.div_ceil(most.max(1)))
    }

    /// Calls `work` for one share of panels after the other, with room for their transformed values and for as many others as
    /// `products` says of so many panels.
    fn by_share(
        &self,
        (panels, rows): (usize, usize),
        bytes: usize,
        products: impl Fn(usize) -> usize,
        mut work: impl FnMut(Range<usize>, &mut [f32], &mut [f32]),
    ) {
        let len = |panels: usize| panels * self.points() * point_step(rows);
        // Two parts for an even number take a little more than one for the odd number after it.
        let most = |share: usize| products(share).max(products(share - 1));
        let fits = |share| 4 * (len(share) + most(share)) <= WORK_BYTES * rayon::current_num_threads();
        // In as many shares as that takes, at most a panel each.
        let least = panels.div_ceil(self.share(panels, rows, bytes));
        let shares = (least..panels).find(|shares| fits(panels.div_ceil(*shares)));
        let share = panels.div_ceil(shares.unwrap_or(panels));
        let most = most(share);
        // As much as any of a layer's products would take: so all have one buffer, of which some is in the cache.
        let room = len(self.share(panels, rows, self.share_bytes)).max(len(share) + most);
        with_scratch(room, |space| {
            for first in (0..panels).step_by(share) {
                let these = first..(first + share).min(panels);
                let (u, rest) = space.split_at_mut(len(these.len()));
                let products = &mut rest[..products(these.len())];
                work(these, u, products);
            }
        });
    }

    /// Runs `work` with the points of wide images.
    pub(crate) fn with_wide<R>(
        &self,
        g: &ConvGeometry,
        wide: &[f32],
        work: impl FnOnce(&Points<'_>) -> R,
    ) -> R {
        with_scratch(self.image_len(g, self.inputs(g)), |v| {
            work(&self.transform_wide(g, wide, v))
        })
    }

    /// Runs `work` with the points of narrow images.
    pub(crate) fn with_narrow<R>(
        &self,
        g: &ConvGeometry,
        narrow: &[f32],
        work: impl FnOnce(&Points<'_>) -> R,
    ) -> R {
        with_scratch(self.image_len(g, g.narrow_c), |m| {
            work(&self.spread_narrow(g, narrow, m))
        })
    }

    /// Narrow images from wide ones' points. `out` is overwritten, or added to where `accumulate`.
    pub(crate) fn forward(
        &self,
        g: &ConvGeometry,
        wide: &Points<'_>,
        weight: &[f32],
        out: &mut [f32],
        accumulate: bool,
    ) {
        let inputs = self.inputs(g);
        let live = |point| Live {
            rows: self.live(g, point),
            columns: once(0..g.narrow_c).collect(),
        };
        self.by_share(
            (g.narrow_c / LANES, inputs),
            self.product_share(g, inputs),
            |share| self.product_len(g, share),
            |panels, u, m| {
                self.transform_weight(g, weight, panels.clone(), u);
                self.products(g, wide, live, (u, point_step(inputs)), panels.clone(), m);
                self.collect_narrow(g, m, panels, out, accumulate);
            },
        );
    }

    /// Wide images from narrow ones' points: the adjoint of [`Plan::forward`] in the image.
    pub(crate) fn adjoint(
        &self,
        g: &ConvGeometry,
        narrow: &Points<'_>,
        weight: &[f32],
        out: &mut [f32],
        accumulate: bool,
    ) {
        let canvas = self.canvas(g);
        let live = |point| Live {
            rows: once(0..g.narrow_c).collect(),
            columns: self.live(g, point),
        };
        with_scratch(g.n * canvas.len(), |padded| {
            padded
                .par_chunks_mut(canvas.row(1))
                .for_each_task(|row| row.fill(0.0));
            self.by_share(
                (self.inputs(g) / LANES, g.narrow_c),
                self.product_share(g, g.narrow_c),
                |share| self.product_len(g, share),
                |panels, u, v| {
                    self.transform_weight_back(g, weight, panels.clone(), u);
                    self.products(g, narrow, live, (u, point_step(g.narrow_c)), panels.clone(), v);
                    self.collect_wide(g, &canvas, v, &panels, padded);
                },
            );
            crop(g, &canvas, padded, out, accumulate);
        });
    }

    /// The weight's gradient from both images' points: the adjoint of [`Plan::forward`] in the weight. `out` is overwritten, or
    /// added to where `accumulate`.
    pub(crate) fn weight_gradient(
        &self,
        g: &ConvGeometry,
        wide: &Points<'_>,
        narrow: &Points<'_>,
        out: &mut [f32],
        accumulate: bool,
    ) {
        self.by_share(
            (g.narrow_c / LANES, self.inputs(g)),
            self.share_bytes,
            |_| 0,
            |panels, u, _| {
                self.outer_products(g, wide, narrow, panels.clone(), u);
                self.collect_weight(g, u, panels, out, accumulate);
            },
        );
    }
}

#[cfg(test)]
mod tests;
