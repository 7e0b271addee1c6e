//! From weights to Winograd's points and back, and the weight's gradient in points.

use rayon::prelude::*;

use super::images::Points;
use super::matrices::Map;
use super::plan::Plan;
use super::transform::{Grid, transform};
use crate::cpu::kernel::{BLOCK, LANES, Segment, by_rows, outer_blocks};
use crate::cpu::panels;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

impl Plan {
    /// A phase's taps in a panel, as a grid whose vectors are `[wide_c][16]`.
    fn taps(&self, g: &ConvGeometry, phase: usize) -> Grid {
        let (s, col) = (self.phases, g.wide_c * LANES);
        Grid {
            at: ((phase / s) * g.kernel + phase % s) * col,
            row: s * g.kernel * col,
            col: s * col,
            rows: self.transforms().r,
            cols: self.transforms().r,
            first: 0,
            block: BLOCK,
        }
    }

    /// `u[narrow / 16][point][phase, c][16 narrow]` from the weight's panels.
    pub(super) fn transform_weight(&self, g: &ConvGeometry, weight: &[f32], u: &mut [f32]) {
        let step = self.inputs(g) * LANES;
        u.par_chunks_mut(self.points() * step)
            .zip(weight.par_chunks(panels::rows(panels::shape(g)) * LANES))
            .for_each(|(u, panel)| {
                for phase in 0..self.phases * self.phases {
                    let to = self.point_grid(g, phase);
                    transform(
                        self.tile,
                        Map::Kernel,
                        panel,
                        self.taps(g, phase),
                        u,
                        to,
                        g.wide_c * LANES,
                        false,
                    );
                }
            });
    }

    /// A phase's rows of one panel block of `u`, as a grid over points.
    fn point_grid(&self, g: &ConvGeometry, phase: usize) -> Grid {
        let (n, step) = (self.transforms().points(), self.inputs(g) * LANES);
        Grid::contiguous(phase * g.wide_c * LANES, n * step, step, n)
    }

    /// `u[(phase, c) / 16][point][narrow][16 c]`: the same for products in the other direction.
    pub(super) fn transform_weight_back(&self, g: &ConvGeometry, weight: &[f32], u: &mut [f32]) {
        let t = self.transforms();
        let (n, block) = (t.points(), LANES * LANES);
        let blocks = g.wide_c / LANES;
        u.par_chunks_mut(self.points() * g.narrow_c * LANES)
            .enumerate()
            .for_each(|(task, u)| {
                let (phase, c) = (task / blocks, task % blocks * LANES);
                with_scratch(self.points() * block, |space| {
                    for (o, panel) in weight
                        .chunks_exact(panels::rows(panels::shape(g)) * LANES)
                        .enumerate()
                    {
                        let taps = self.taps(g, phase);
                        let from = Grid {
                            at: taps.at + c * LANES,
                            ..taps
                        };
                        let to = Grid::contiguous(0, n * block, block, n);
                        transform(self.tile, Map::Kernel, panel, from, space, to, block, false);
                        for (point, space) in space.chunks_exact(block).enumerate() {
                            let to = (point * g.narrow_c + o * LANES) * LANES;
                            panels::transpose(space, &mut u[to..to + block]);
                        }
                    }
                });
            });
    }

    /// `u[point][narrow / 16][phase, c][16 narrow]`, the weight's gradient in points: at each, the sum over tiles of the
    /// products of the wide side's values with the narrow side's. Tasks go point by point, so that a point's values stay in
    /// the cache for all blocks.
    pub(super) fn outer_products(
        &self,
        g: &ConvGeometry,
        wide: &Points<'_>,
        narrow: &Points<'_>,
        u: &mut [f32],
    ) {
        let blocks = g.narrow_c / LANES;
        // A row of tiles is a segment: its blocks are neighbours.
        let cols = self.tile_cols(g);
        let segments = wide.base.iter().zip(&narrow.base).step_by(cols);
        let groups = by_rows(segments.map(|(a, b)| Segment {
            a: *a,
            b: *b,
            rows: cols,
        }));
        u.par_chunks_mut(self.inputs(g) * LANES)
            .enumerate()
            .for_each(|(task, u)| {
                let (point, block) = (task / blocks, task % blocks);
                let lanes = block * LANES / BLOCK * narrow.block;
                for (i, u) in u.chunks_mut(BLOCK * LANES).enumerate() {
                    let a = &wide.data[point * wide.step + i * wide.block..];
                    let b = &narrow.data[point * narrow.step + lanes..];
                    outer_blocks(u, a, b, block * LANES % BLOCK, &groups, false);
                }
            });
    }

    /// The weight's gradient from its points: the adjoint of [`Plan::transform_weight`]. `out` is overwritten, or added to
    /// where `accumulate`.
    pub(super) fn collect_weight(&self, g: &ConvGeometry, u: &[f32], out: &mut [f32], accumulate: bool) {
        let (n, step) = (self.transforms().points(), self.inputs(g) * LANES);
        let point_step = g.narrow_c / LANES * step;
        out.par_chunks_mut(panels::rows(panels::shape(g)) * LANES)
            .enumerate()
            .for_each(|(block, panel)| {
                for phase in 0..self.phases * self.phases {
                    let from = Grid::contiguous(
                        block * step + phase * g.wide_c * LANES,
                        n * point_step,
                        point_step,
                        n,
                    );
                    let (to, channels) = (self.taps(g, phase), g.wide_c * LANES);
                    transform(
                        self.tile,
                        Map::KernelAdjoint,
                        u,
                        from,
                        panel,
                        to,
                        channels,
                        accumulate,
                    );
                }
            });
    }
}
