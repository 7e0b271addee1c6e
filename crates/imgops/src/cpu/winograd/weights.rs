//! From weights to Winograd's points and back, and the weight's gradient in points.

use std::ops::Range;

use rayon::prelude::*;

use super::grid::Grid;
use super::images::Points;
use super::matrices::Map;
use super::plan::{Phase, Plan};
use super::transform::transform;
use crate::cpu::kernel::{BLOCK, Columns, LANES, OUTER_ROWS, Source, outer_rows};
use crate::cpu::panels;
use crate::cpu::parallel::Tasks;
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
        let at = (phase.y * g.kernel + phase.x) * col;
        Grid {
            rows: phase.taps.0,
            cols: phase.taps.1,
            ..Grid::contiguous(at, s * g.kernel * col, s * col, self.transforms().r)
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
            .for_each_task(|(u, panel)| {
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
            .for_each_task(|(u, panel)| {
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
    /// tiles of the products of the wide side's values with the narrow side's.
    pub(super) fn outer_products(
        &self,
        g: &ConvGeometry,
        wide: &Points<'_>,
        narrow: &Points<'_>,
        panels: Range<usize>,
        u: &mut [f32],
    ) {
        let step = point_step(self.inputs(g));
        // Whole points, if they are enough for all cores: rows are brought together once for each part.
        let part = if self.points() >= 8 * rayon::current_num_threads() {
            panels.len()
        } else {
            Self::part(panels.len())
        };
        let parts = panels.len() / part;
        // Two panels at once, where their number is even: see `Panels`.
        let width = LANES * if part.is_multiple_of(2) { 2 } else { 1 };
        let kinds = self.kinds().map(|point| self.live(g, point));
        u.par_chunks_mut(part * step)
            .enumerate()
            .for_each_task(|(task, u)| {
                let (point, first) = (task / parts, panels.start + task % parts * part);
                let live = &kinds[self.kind(point)];
                let (wide, narrow) = (wide.of(point), narrow.of(point));
                with_scratch(OUTER_ROWS * BLOCK * (1 + part * LANES / width), |space| {
                    let (a, b) = space.split_at_mut(OUTER_ROWS * BLOCK);
                    let groups = wide.base.chunks(OUTER_ROWS).zip(narrow.base.chunks(OUTER_ROWS));
                    for (group, (tiles, others)) in groups.enumerate() {
                        let left = Source { base: tiles, ..wide };
                        let right = Source {
                            base: others,
                            ..narrow
                        };
                        // Rows that lie far apart are brought together once for all that they are multiplied with; as
                        // whole rows, for a processor sees where they go on.
                        right.gather_blocks(first * LANES, width, b);
                        let blocks = live
                            .iter()
                            .flat_map(|live| live.clone().step_by(BLOCK).map(|k| k..live.end.min(k + BLOCK)));
                        for rows in blocks {
                            left.gather(rows.start, rows.len(), a, BLOCK);
                            let a = Columns::of(&a[..tiles.len() * BLOCK], 0);
                            for (b, u) in b
                                .chunks_exact(OUTER_ROWS * BLOCK)
                                .zip(u.chunks_exact_mut(width / LANES * step))
                            {
                                let b = Columns::of(&b[..tiles.len() * BLOCK], 0);
                                let second = (width > LANES).then_some(step);
                                outer_rows(&mut u[rows.start * LANES..], rows.len(), a, b, second, group > 0);
                            }
                        }
                    }
                });
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
            .for_each_task(|(i, panel)| {
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
