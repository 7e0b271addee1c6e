//! From weights to Winograd's points and back, and the weight's gradient in points.

use std::ops::Range;

use rayon::prelude::*;

use super::images::Points;
use super::matrices::Map;
use super::plan::{Phase, Plan};
use super::transform::{Grid, transform};
use crate::cpu::kernel::{BLOCK, Columns, LANES, Segment, by_rows, outer_blocks};
use crate::cpu::panels;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// From one point of a transformed panel of so many rows to the next. A little more than the rows take: a power of two would
/// put all points of a row into one set of the cache.
pub(super) fn point_step(rows: usize) -> usize {
    (rows + 6) * LANES
}

impl Plan {
    /// A phase's taps in a panel, as a grid whose vectors are `[wide_c][16]`.
    fn taps(&self, g: &ConvGeometry, phase: &Phase) -> Grid {
        let (s, col) = (self.phases, g.wide_c * LANES);
        Grid {
            at: (phase.y * g.kernel + phase.x) * col,
            row: s * g.kernel * col,
            col: s * col,
            rows: phase.taps.0,
            cols: phase.taps.1,
            first: 0,
            width: LANES,
            block: LANES,
        }
    }

    /// `u[narrow / 16][point][phase, c][16 narrow]` from the weight's panels, for these of them.
    pub(super) fn transform_weight(
        &self,
        g: &ConvGeometry,
        weight: &[f32],
        panels: Range<usize>,
        u: &mut [f32],
    ) {
        let step = point_step(self.inputs(g));
        let len = panels::rows(panels::shape(g)) * LANES;
        u.par_chunks_mut(self.points() * step)
            .zip(weight[panels.start * len..panels.end * len].par_chunks(len))
            .for_each(|(u, panel)| {
                for phase in self.all_phases(g) {
                    let to = self.point_grid(&phase, step);
                    transform(
                        self.tile,
                        Map::Kernel,
                        panel,
                        self.taps(g, &phase),
                        u,
                        to,
                        g.wide_c * LANES,
                        false,
                    );
                }
            });
    }

    /// A phase's rows of one panel block of `u`, as a grid over points that are `step` apart.
    fn point_grid(&self, phase: &Phase, step: usize) -> Grid {
        let n = self.transforms().points();
        Grid {
            rows: phase.points.0,
            cols: phase.points.1,
            ..Grid::contiguous(phase.first * LANES, n * step, step, n)
        }
    }

    /// `u[(phase, c) / 16][point][narrow][16 c]`: the same for products in the other direction. Taps are fewer than points, so
    /// blocks of weights are turned before they are transformed.
    pub(super) fn transform_weight_back(
        &self,
        g: &ConvGeometry,
        weight: &[f32],
        panels: Range<usize>,
        u: &mut [f32],
    ) {
        let (n, block) = (self.transforms().points(), LANES * LANES);
        let blocks = g.wide_c / LANES;
        let panel_len = panels::rows(panels::shape(g)) * LANES;
        let step = point_step(g.narrow_c);
        u.par_chunks_mut(self.points() * step)
            .zip(panels)
            .for_each(|(u, panel)| {
                let (phase, c) = (self.phase(g, panel / blocks), panel % blocks * LANES);
                let (taps, r) = (self.taps(g, &phase), self.transforms().r);
                with_scratch(r * r * block, |turned| {
                    for (o, panel) in weight.chunks_exact(panel_len).enumerate() {
                        let next = weight.get((o + 1) * panel_len..).unwrap_or(&[]);
                        for (tap, turned) in turned.as_chunks_mut().0.iter_mut().enumerate() {
                            let (y, x) = (tap / r, tap % r);
                            if y < taps.rows && x < taps.cols {
                                let at = taps.at + y * taps.row + x * taps.col + c * LANES;
                                let later = next.get(at..at + block).unwrap_or(&[]);
                                panels::turn_block(&panel[at..at + block], later, turned);
                            }
                        }
                        let from = Grid {
                            rows: taps.rows,
                            cols: taps.cols,
                            ..Grid::contiguous(0, r * block, block, r)
                        };
                        let to = Grid {
                            rows: phase.points.0,
                            cols: phase.points.1,
                            ..Grid::contiguous(o * block, n * step, step, n)
                        };
                        transform(self.tile, Map::Kernel, turned, from, u, to, block, false);
                    }
                });
            });
    }

    /// `u[point][narrow / 16][phase, c][16 narrow]`, the weight's gradient in points for these panels: at each, the sum over
    /// tiles of the products of the wide side's values with the narrow side's. Tasks go point by point, so that a point's
    /// values stay in the cache for all panels.
    pub(super) fn outer_products(
        &self,
        g: &ConvGeometry,
        wide: &Points<'_>,
        narrow: &Points<'_>,
        panels: Range<usize>,
        u: &mut [f32],
    ) {
        let inputs = self.inputs(g);
        // A row of tiles is a segment: its blocks are neighbours.
        let cols = self.tile_cols(g);
        let segments = wide.base.iter().zip(&narrow.base).step_by(cols);
        let groups = by_rows(segments.map(|(a, b)| Segment {
            a: *a,
            b: *b,
            rows: cols,
        }));
        // Two panels a task, where their number is even: see `Panels`.
        let step = point_step(inputs);
        let share = if panels.len().is_multiple_of(2) { 2 } else { 1 };
        let tasks = panels.len() / share;
        u.par_chunks_mut(share * step).enumerate().for_each(|(task, u)| {
            let (point, panel) = (task / tasks, panels.start + task % tasks * share);
            let live = self.live(g, point);
            let columns = |panel: usize| Columns {
                blocks: &narrow.data[point * narrow.step + panel * LANES / BLOCK * narrow.block..],
                lane: panel * LANES % BLOCK,
            };
            for i in 0..inputs.div_ceil(BLOCK) {
                let rows = i * BLOCK..((i + 1) * BLOCK).min(inputs);
                if !live.iter().any(|l| l.start < rows.end && rows.start < l.end) {
                    continue;
                }
                let a = &wide.data[point * wide.step + i * wide.block..];
                let second = (share == 2).then(|| (columns(panel + 1), step));
                let u = &mut u[rows.start * LANES..];
                outer_blocks(u, rows.len(), a, columns(panel), second, &groups, false);
            }
        });
    }

    /// These panels of the weight's gradient from its points: the adjoint of [`Plan::transform_weight`]. `out` is overwritten,
    /// or added to where `accumulate`.
    pub(super) fn collect_weight(
        &self,
        g: &ConvGeometry,
        u: &[f32],
        panels: Range<usize>,
        out: &mut [f32],
        accumulate: bool,
    ) {
        let step = point_step(self.inputs(g));
        let len = panels::rows(panels::shape(g)) * LANES;
        out[panels.start * len..panels.end * len]
            .par_chunks_mut(len)
            .enumerate()
            .for_each(|(i, panel)| {
                for phase in self.all_phases(g) {
                    let from = self.point_grid(&phase, panels.len() * step);
                    let from = Grid {
                        at: i * step + from.at,
                        ..from
                    };
                    let (to, channels) = (self.taps(g, &phase), g.wide_c * LANES);
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
