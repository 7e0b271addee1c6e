//! From images to Winograd's points and back, and their products with a weight's. Every stage writes one contiguous piece per task.
//!
//! Points of images are laid out `[tile row][point][tile][channels]`, as the image's rows of tiles are transformed;
//! products of a share of panels come out as `[point][part][tile][channels]`, in one part or two. Both are read in place,
//! through lists of where rows begin.

use std::ops::Range;

use rayon::prelude::*;

use super::grid::Grid;
use super::matrices::Map;
use super::plan::Plan;
use super::transform::transform;
use crate::cpu::kernel::{Ahead, LANES, Panels, Run, Source, Target, by_even_depth, multiply, span};
use crate::cpu::padded::{Canvas, with_padded};
use crate::cpu::parallel::Tasks;
use crate::geometry::ConvGeometry;

/// Tiles that are multiplied with all panels of a point before others: at a group's depth they stay in a second-level cache.
const PRODUCT_ROWS: usize = 256;

/// Where the tiles of transformed images are.
pub(crate) struct Points<'a> {
    data: &'a [f32],
    /// Of each tile, its row for point 0.
    base: Vec<usize>,
    /// From one point's row to the next one's.
    step: usize,
}

/// What takes part in a product at a point: ranges of panel rows and of columns.
pub(super) struct Live {
    pub(super) rows: Vec<Range<usize>>,
    pub(super) columns: Vec<Range<usize>>,
}

impl Points<'_> {
    /// The rows of one point.
    pub(super) fn of(&self, point: usize) -> Source<'_> {
        Source {
            data: &self.data[point * self.step..],
            base: &self.base,
        }
    }
}

/// From one tile's channels to the next one's: an odd number of lines, so that the rows of a column, which are read together,
/// do not fall into a few sets of the cache.
fn tile_step(channels: usize) -> usize {
    ((channels / LANES) | 1) * LANES
}

impl Plan {
    /// From one point to the next, in a row of tiles.
    fn point_step(&self, g: &ConvGeometry, channels: usize) -> usize {
        self.tile_cols(g) * tile_step(channels)
    }

    fn row_len(&self, g: &ConvGeometry, channels: usize) -> usize {
        self.points() * self.point_step(g, channels)
    }

    /// Channels from `first` of tile `col`, in the points of a row of tiles.
    fn tile_grid(&self, g: &ConvGeometry, channels: usize, col: usize, first: usize) -> Grid {
        let (n, step) = (self.transforms().points(), self.point_step(g, channels));
        Grid {
            at: col * tile_step(channels) + first,
            ..Grid::contiguous(0, n * step, step, n)
        }
    }

    /// Values of the points of images with so many channels.
    pub(super) fn image_len(&self, g: &ConvGeometry, channels: usize) -> usize {
        g.n * self.tile_rows(g) * self.row_len(g, channels)
    }

    /// Values of an image's points on the side that has more.
    pub(crate) fn most_points(&self, g: &ConvGeometry) -> usize {
        self.tile_rows(g) * self.row_len(g, self.inputs(g).max(g.narrow_c))
    }

    fn points_in<'a>(&self, g: &ConvGeometry, data: &'a [f32], channels: usize) -> Points<'a> {
        let (rows, cols) = (g.n * self.tile_rows(g), self.tile_cols(g));
        let (row_len, tile) = (self.row_len(g, channels), tile_step(channels));
        Points {
            data,
            base: (0..rows)
                .flat_map(|row| (0..cols).map(move |col| row * row_len + col * tile))
                .collect(),
            step: self.point_step(g, channels),
        }
    }

    /// The points of wide images: channels are `[phase][wide_c]`.
    pub(super) fn transform_wide<'a>(&self, g: &ConvGeometry, wide: &[f32], v: &'a mut [f32]) -> Points<'a> {
        let (t, s, inputs) = (self.transforms(), self.phases, self.inputs(g));
        let n = t.points();
        with_padded(g, self.canvas(g), wide, |canvas, wide| {
            v.par_chunks_mut(self.row_len(g, inputs))
                .enumerate()
                .for_each_task(|(row, v)| {
                    let (image, row) = (row / self.tile_rows(g), row % self.tile_rows(g));
                    for col in 0..self.tile_cols(g) {
                        for phase in self.all_phases(g) {
                            let (y, x) = (row * t.m * s + phase.y, col * t.m * s + phase.x);
                            let from =
                                Grid::contiguous(canvas.at(image, y, x), canvas.row(s), s * g.wide_c, n);
                            let to = Grid {
                                rows: phase.points.0,
                                cols: phase.points.1,
                                ..self.tile_grid(g, inputs, col, phase.first)
                            };
                            transform(self.tile, Map::Data, wide, from, v, to, g.wide_c, false);
                        }
                    }
                });
        });
        self.points_in(g, v, inputs)
    }

    /// The part of tile `(row, col)` that lies in a narrow image, relative to image or batch.
    fn narrow_tile(&self, g: &ConvGeometry, image: usize, row: usize, col: usize) -> Grid {
        let m = self.transforms().m;
        let at = ((image * g.narrow_h + row * m) * g.narrow_w + col * m) * g.narrow_c;
        Grid {
            rows: m.min(g.narrow_h - row * m),
            cols: m.min(g.narrow_w - col * m),
            ..Grid::contiguous(at, g.narrow_w * g.narrow_c, g.narrow_c, m)
        }
    }

    /// The points of narrow gradients: the adjoint of [`Plan::collect_narrow`].
    pub(super) fn spread_narrow<'a>(&self, g: &ConvGeometry, narrow: &[f32], m: &'a mut [f32]) -> Points<'a> {
        m.par_chunks_mut(self.row_len(g, g.narrow_c))
            .enumerate()
            .for_each_task(|(row, m)| {
                let (image, row) = (row / self.tile_rows(g), row % self.tile_rows(g));
                for col in 0..self.tile_cols(g) {
                    let from = self.narrow_tile(g, image, row, col);
                    let to = self.tile_grid(g, g.narrow_c, col, 0);
                    transform(
                        self.tile,
                        Map::OutputAdjoint,
                        narrow,
                        from,
                        m,
                        to,
                        g.narrow_c,
                        false,
                    );
                }
            });
        self.points_in(g, m, g.narrow_c)
    }

    /// Panels in each part of a share: half of them, where that goes, so that an odd number of points leaves no core without
    /// work for long.
    pub(super) fn part(share: usize) -> usize {
        if share.is_multiple_of(2) {
            (share / 2).max(1)
        } else {
            share
        }
    }

    /// From one part's products at a point to the next one's: a line more than they take, which may be a power of two.
    fn part_step(&self, g: &ConvGeometry, share: usize) -> usize {
        (self.tiles(g) * Self::part(share) + 1) * LANES
    }

    /// Values of a share's products.
    pub(super) fn product_len(&self, g: &ConvGeometry, share: usize) -> usize {
        self.points() * share / Self::part(share) * self.part_step(g, share)
    }

    /// Point by point, the product of every tile's row with these panels, of which `u` has the values:
    /// `out[point][part][tile][channels]`. At each point only the panel rows and the columns of `live` count; other columns are left
    /// as they are.
    pub(super) fn products(
        &self,
        g: &ConvGeometry,
        points: &Points<'_>,
        live: impl Fn(usize) -> Live + Sync,
        (u, step): (&[f32], usize),
        panels: Range<usize>,
        out: &mut [f32],
    ) {
        let part = Self::part(panels.len());
        let parts = panels.len() / part;
        let base: Vec<usize> = (0..points.base.len()).map(|t| t * part * LANES).collect();
        // Of each kind of point: groups of runs, and the panels that count in each part.
        let kinds = self.kinds().map(|point| {
            let live = live(point);
            let runs: Vec<Run> = live.rows.iter().map(|rows| Run::plain(rows.clone())).collect();
            let counts = |first: usize| -> Vec<usize> {
                (first..first + part)
                    .filter(|panel| live.columns.iter().any(|c| c.contains(&(panel * LANES))))
                    .collect()
            };
            let parts: Vec<_> = panels.clone().step_by(part).map(counts).collect();
            (by_even_depth(&runs), parts)
        });
        out.par_chunks_mut(self.part_step(g, panels.len()))
            .enumerate()
            .for_each_task(|(task, out)| {
                let (point, first) = (task / parts, panels.start + task % parts * part);
                let tiles = points.of(point);
                let (groups, counts) = &kinds[self.kind(point)];
                let counts = &counts[task % parts];
                let panel =
                    |panel: usize| &u[((panel - panels.start) * self.points() + point) * step..][..step];
                for (rows, base) in tiles.base.chunks(PRODUCT_ROWS).zip(base.chunks(PRODUCT_ROWS)) {
                    for (i, group) in groups.iter().enumerate() {
                        for (b, these) in counts.chunks(2).enumerate() {
                            let target = Target {
                                data: &mut *out,
                                base,
                                at: (these[0] - first) * LANES,
                                valid: LANES,
                            };
                            let source = Source { base: rows, ..tiles };
                            let following = |group: &[Run], these: &[usize]| {
                                let span = |i: usize| {
                                    these.get(i).map_or(&[][..], |these| span(group, panel(*these)))
                                };
                                [span(0), span(1)]
                            };
                            let ahead = Ahead {
                                panels: match (counts.chunks(2).nth(b + 1), groups.get(i + 1)) {
                                    (Some(next), _) => following(group, next),
                                    (None, Some(group)) => following(group, counts),
                                    (None, None) => Default::default(),
                                },
                                rows: b == 0,
                            };
                            let second = these.get(1).map(|second| panel(*second));
                            let step = these.last().map_or(0, |last| (last - these[0]) * LANES);
                            let panels = Panels::pair(panel(these[0]), second, step);
                            multiply(target, source, group, panels, ahead, i > 0);
                        }
                    }
                }
            });
    }

    /// The channels of these panels of narrow images, from `points[point][part][tile][channels]`.
    pub(super) fn collect_narrow(
        &self,
        g: &ConvGeometry,
        points: &[f32],
        panels: Range<usize>,
        out: &mut [f32],
        accumulate: bool,
    ) {
        let m = self.transforms().m;
        let (tile_rows, tile_cols) = (self.tile_rows(g), self.tile_cols(g));
        out.par_chunks_mut(g.narrow_len() * g.narrow_c)
            .enumerate()
            .for_each_task(|(image, out)| {
                out.par_chunks_mut(m * g.narrow_w * g.narrow_c)
                    .enumerate()
                    .for_each_task(|(row, out)| {
                        for col in 0..tile_cols {
                            let tile = (image * tile_rows + row) * tile_cols + col;
                            let to = Grid {
                                at: col * m * g.narrow_c + panels.start * LANES,
                                ..self.narrow_tile(g, image, row, col)
                            };
                            transform(
                                self.tile,
                                Map::Output,
                                points,
                                self.product_grid(g, panels.len(), tile, 0),
                                out,
                                to,
                                panels.len() * LANES,
                                accumulate,
                            );
                        }
                    });
            });
    }

    /// A tile's products with a share of panels, from number `first` of the share.
    fn product_grid(&self, g: &ConvGeometry, share: usize, tile: usize, first: usize) -> Grid {
        let (n, step) = (self.transforms().points(), self.part_step(g, share));
        let (part, point) = (Self::part(share) * LANES, share / Self::part(share) * step);
        Grid {
            at: tile * part,
            row: n * point,
            col: point,
            rows: n,
            cols: n,
            first: first * LANES,
            width: part,
            block: step,
        }
    }

    /// Adds the channels of these panels of wide images to an empty canvas, from `points[point][part][tile][channels]`, panels being
    /// of `[phase, wide_c]`: the adjoint of [`Plan::transform_wide`]. Tiles overlap, so even rows of tiles are added first and
    /// odd ones then.
    pub(super) fn collect_wide(
        &self,
        g: &ConvGeometry,
        canvas: &Canvas,
        points: &[f32],
        panels: &Range<usize>,
        out: &mut [f32],
    ) {
        let (t, s) = (self.transforms(), self.phases);
        out.par_chunks_mut(canvas.len())
            .enumerate()
            .for_each_task(|(image, padded)| {
                for odd in 0..2 {
                    let (_, rows) = padded.split_at_mut(canvas.row(odd * t.m * s).min(canvas.len()));
                    rows.par_chunks_mut(canvas.row(2 * t.m * s))
                        .take((self.tile_rows(g) + 1 - odd) / 2)
                        .enumerate()
                        .for_each_task(|(pair, rows)| {
                            let row = image * self.tile_rows(g) + 2 * pair + odd;
                            self.add_tile_row(g, canvas, points, panels, row, rows);
                        });
                }
            });
    }

    /// Adds row `row` of the batch's tiles to the rows of a canvas that begin where it does.
    fn add_tile_row(
        &self,
        g: &ConvGeometry,
        canvas: &Canvas,
        points: &[f32],
        panels: &Range<usize>,
        row: usize,
        to: &mut [f32],
    ) {
        let (t, s, cols) = (self.transforms(), self.phases, self.tile_cols(g));
        for col in 0..cols {
            for phase in self.all_phases(g) {
                let of_phase = phase.first / LANES..(phase.first + g.wide_c) / LANES;
                let these = of_phase.start.max(panels.start)..of_phase.end.min(panels.end);
                if these.is_empty() {
                    continue;
                }
                let from = Grid {
                    rows: phase.points.0,
                    cols: phase.points.1,
                    ..self.product_grid(g, panels.len(), row * cols + col, these.start - panels.start)
                };
                let first = (these.start - of_phase.start) * LANES;
                let grid = Grid::contiguous(
                    canvas.at(0, phase.y, col * t.m * s + phase.x) + first,
                    canvas.row(s),
                    s * g.wide_c,
                    t.points(),
                );
                transform(
                    self.tile,
                    Map::DataAdjoint,
                    points,
                    from,
                    to,
                    grid,
                    these.len() * LANES,
                    true,
                );
            }
        }
    }
}
