//! Images and weights to points and back. All loops run over contiguous tiles (or channels, for weights).
//!
//! Every stack is laid out `[row][point][column]`: rows are channels, columns are the batch's tiles or, for weights, stacked
//! input channels; so each channel's points are one contiguous chunk, transformed by one task.

use rayon::prelude::*;

use super::plan::Plan;
use crate::cpu::scratch::with_scratch;
use crate::cpu::simd::combine;
use crate::geometry::ConvGeometry;

/// A combination's terms, at most as many as a tile has points in one dimension.
fn gather<'a>(row: &[(usize, f32)], term: impl Fn(usize) -> &'a [f32], work: impl FnOnce(&[f32], &[&[f32]])) {
    let (mut factors, mut terms) = ([0.0f32; 8], [&[] as &[f32]; 8]);
    for (slot, (i, factor)) in row.iter().enumerate() {
        factors[slot] = *factor;
        terms[slot] = term(*i);
    }
    work(&factors[..row.len()], &terms[..row.len()]);
}

/// The pixels that one phase reads, split by column within a tile: `[row][column % m][column / m]`.
struct PhasePlane {
    rows: usize,
    pitch: usize,
}

impl Plan {
    fn phase_plane(&self, g: &ConvGeometry) -> PhasePlane {
        let t = self.transforms;
        // The last tile reads `r - 1` columns past its own `m`: these lie in the next column blocks.
        let pitch = self.tile_cols(g) + (t.r - 1).div_ceil(t.m);
        PhasePlane {
            rows: (self.tile_rows(g) - 1) * t.m + t.points(),
            pitch,
        }
    }

    /// For phase `(py, px)` calls `each(place in the plane, place in the wide image's channel, count, step)` for every run of
    /// pixels: the plane's are contiguous, the image's are `step` apart.
    fn phase_runs(&self, g: &ConvGeometry, phase: usize, mut each: impl FnMut(usize, usize, usize, usize)) {
        let (s, m) = (self.phases, self.transforms.m);
        let (py, px) = (phase / s, phase % s);
        let plane = self.phase_plane(g);
        for row in 0..plane.rows {
            let Some(y) = (row * s + py).checked_sub(g.padding).filter(|y| *y < g.wide_h) else {
                continue;
            };
            for j in 0..m {
                // Column block `t` of lane `j` is wide column `(t m + j) s + px - padding`.
                let offset = j * s + px;
                let first = g.padding.saturating_sub(offset).div_ceil(m * s);
                let x = first * m * s + offset - g.padding;
                if x < g.wide_w && first < plane.pitch {
                    let count = ((g.wide_w - x - 1) / (m * s) + 1).min(plane.pitch - first);
                    each(
                        (row * m + j) * plane.pitch + first,
                        y * g.wide_w + x,
                        count,
                        m * s,
                    );
                }
            }
        }
    }

    /// `v[phase, c][point][tile]` from wide images.
    pub(super) fn transform_wide(&self, g: &ConvGeometry, wide: &[f32], v: &mut [f32]) {
        let t = self.transforms;
        let (n, m, tiles) = (t.points(), t.m, self.tiles(g));
        let (rows, cols) = (self.tile_rows(g), self.tile_cols(g));
        let plane = self.phase_plane(g);
        let lane = rows * plane.pitch;
        v.par_chunks_mut(n * n * tiles).enumerate().for_each(|(k, v)| {
            let (phase, c) = (k / g.wide_c, k % g.wide_c);
            with_scratch(
                plane.rows * m * plane.pitch + n * m * lane + plane.pitch + lane,
                |space| {
                    let (pixels, rest) = space.split_at_mut(plane.rows * m * plane.pitch);
                    // The pad behind `mixed` is read by shifted terms of its last lane; what comes of it is dropped.
                    let (mixed, line) = rest.split_at_mut(n * m * lane + plane.pitch);
                    mixed[n * m * lane..].fill(0.0);
                    for image in 0..g.n {
                        let channel = &wide[(image * g.wide_c + c) * g.wide_len()..][..g.wide_len()];
                        pixels.fill(0.0);
                        self.phase_runs(g, phase, |to, from, count, step| {
                            let values = channel[from..].iter().step_by(step);
                            pixels[to..to + count]
                                .iter_mut()
                                .zip(values)
                                .for_each(|(p, v)| *p = *v);
                        });
                        // Down the columns: every tile row mixes its `n` rows of pixels.
                        for (i, map) in t.data.rows.iter().enumerate() {
                            for row in 0..rows {
                                for j in 0..m {
                                    let term = |a: usize| {
                                        &pixels[((row * m + a) * m + j) * plane.pitch..][..plane.pitch]
                                    };
                                    let out =
                                        &mut mixed[(i * m + j) * lane + row * plane.pitch..][..plane.pitch];
                                    gather(map, term, |f, x| combine(out, f, x, false));
                                }
                            }
                        }
                        // Along the rows: lane `j` of the next tiles is the same lane, shifted by a tile.
                        for i in 0..n {
                            for (j, map) in t.data.rows.iter().enumerate() {
                                let term = |b: usize| &mixed[(i * m + b % m) * lane + b / m..][..lane];
                                gather(map, term, |f, x| combine(&mut line[..lane], f, x, false));
                                let to = &mut v[(i * n + j) * tiles + image * rows * cols..][..rows * cols];
                                for (to, from) in
                                    to.chunks_exact_mut(cols).zip(line.chunks_exact(plane.pitch))
                                {
                                    to.copy_from_slice(&from[..cols]);
                                }
                            }
                        }
                    }
                },
            );
        });
    }

    /// Wide images from `v`: the adjoint of [`Plan::transform_wide`].
    pub(super) fn collect_wide(&self, g: &ConvGeometry, v: &[f32], out: &mut [f32], accumulate: bool) {
        let t = self.transforms;
        let (n, m, tiles) = (t.points(), t.m, self.tiles(g));
        let (rows, cols) = (self.tile_rows(g), self.tile_cols(g));
        let plane = self.phase_plane(g);
        let count = rows * cols;
        out.par_chunks_mut(g.wide_len())
            .enumerate()
            .for_each(|(at, channel)| {
                let (image, c) = (at / g.wide_c, at % g.wide_c);
                with_scratch(plane.rows * m * plane.pitch + n * n * count + count, |space| {
                    let (pixels, rest) = space.split_at_mut(plane.rows * m * plane.pitch);
                    let (mixed, tile) = rest.split_at_mut(n * n * count);
                    if !accumulate {
                        channel.fill(0.0);
                    }
                    for phase in 0..self.phases * self.phases {
                        let v = &v[(phase * g.wide_c + c) * n * n * tiles..][..n * n * tiles];
                        pixels.fill(0.0);
                        for i in 0..n {
                            for (j, map) in t.data_adjoint.rows.iter().enumerate() {
                                let term = |b: usize| &v[(i * n + b) * tiles + image * count..][..count];
                                let out = &mut mixed[(i * n + j) * count..][..count];
                                gather(map, term, |f, x| combine(out, f, x, false));
                            }
                        }
                        for (i, map) in t.data_adjoint.rows.iter().enumerate() {
                            for j in 0..n {
                                let term = |a: usize| &mixed[(a * n + j) * count..][..count];
                                gather(map, term, |f, x| combine(tile, f, x, false));
                                for (row, from) in tile.chunks_exact(cols).enumerate() {
                                    let to = ((row * m + i) * m + j % m) * plane.pitch + j / m;
                                    pixels[to..to + cols]
                                        .iter_mut()
                                        .zip(from)
                                        .for_each(|(p, v)| *p += *v);
                                }
                            }
                        }
                        self.phase_runs(g, phase, |from, to, count, step| {
                            let places = channel[to..].iter_mut().step_by(step);
                            places
                                .zip(&pixels[from..from + count])
                                .for_each(|(p, v)| *p += *v);
                        });
                    }
                });
            });
    }

    /// For each pixel `(a, b)` of a tile calls `each(a * m + b, tile row, place in the narrow channel, count)`: the runs of
    /// pixels, `m` apart, that exist in the image.
    fn tile_runs(&self, g: &ConvGeometry, mut each: impl FnMut(usize, usize, usize, usize)) {
        let m = self.transforms.m;
        for row in 0..self.tile_rows(g) {
            for a in 0..m.min(g.narrow_h - row * m) {
                for b in 0..m.min(g.narrow_w) {
                    let count = (g.narrow_w - b).div_ceil(m);
                    each(a * m + b, row, (row * m + a) * g.narrow_w + b, count);
                }
            }
        }
    }

    /// `out[o][point][tile]` from narrow gradients: the adjoint of [`Plan::collect_narrow`].
    pub(super) fn spread_narrow(&self, g: &ConvGeometry, narrow: &[f32], out: &mut [f32]) {
        let t = self.transforms;
        let (n, m, tiles) = (t.points(), t.m, self.tiles(g));
        let (count, cols) = (self.image_tiles(g), self.tile_cols(g));
        out.par_chunks_mut(n * n * tiles)
            .enumerate()
            .for_each(|(o, out)| {
                with_scratch((m * m + n * m) * count, |space| {
                    let (pixels, mixed) = space.split_at_mut(m * m * count);
                    for image in 0..g.n {
                        let channel = &narrow[(image * g.narrow_c + o) * g.narrow_len()..][..g.narrow_len()];
                        pixels.fill(0.0);
                        self.tile_runs(g, |lane, row, from, run| {
                            let values = channel[from..].iter().step_by(m);
                            pixels[lane * count + row * cols..][..run]
                                .iter_mut()
                                .zip(values)
                                .for_each(|(p, v)| *p = *v);
                        });
                        for (i, map) in t.output_adjoint.rows.iter().enumerate() {
                            for b in 0..m {
                                let term = |a: usize| &pixels[(a * m + b) * count..][..count];
                                let out = &mut mixed[(i * m + b) * count..][..count];
                                gather(map, term, |f, x| combine(out, f, x, false));
                            }
                        }
                        for i in 0..n {
                            for (j, map) in t.output_adjoint.rows.iter().enumerate() {
                                let term = |b: usize| &mixed[(i * m + b) * count..][..count];
                                let out = &mut out[(i * n + j) * tiles + image * count..][..count];
                                gather(map, term, |f, x| combine(out, f, x, false));
                            }
                        }
                    }
                });
            });
    }

    /// Narrow images from their points.
    pub(super) fn collect_narrow(&self, g: &ConvGeometry, points: &[f32], out: &mut [f32], accumulate: bool) {
        let t = self.transforms;
        let (n, m, tiles) = (t.points(), t.m, self.tiles(g));
        let (count, cols) = (self.image_tiles(g), self.tile_cols(g));
        out.par_chunks_mut(g.narrow_len())
            .enumerate()
            .for_each(|(at, channel)| {
                let (image, o) = (at / g.narrow_c, at % g.narrow_c);
                let points = &points[o * n * n * tiles..][..n * n * tiles];
                with_scratch((m * m + n * m) * count, |space| {
                    let (pixels, mixed) = space.split_at_mut(m * m * count);
                    for (a, map) in t.output.rows.iter().enumerate() {
                        for j in 0..n {
                            let term = |i: usize| &points[(i * n + j) * tiles + image * count..][..count];
                            let out = &mut mixed[(a * n + j) * count..][..count];
                            gather(map, term, |f, x| combine(out, f, x, false));
                        }
                    }
                    for a in 0..m {
                        for (b, map) in t.output.rows.iter().enumerate() {
                            let term = |j: usize| &mixed[(a * n + j) * count..][..count];
                            let out = &mut pixels[(a * m + b) * count..][..count];
                            gather(map, term, |f, x| combine(out, f, x, false));
                        }
                    }
                    self.tile_runs(g, |lane, row, to, run| {
                        let places = channel[to..].iter_mut().step_by(m);
                        let values = &pixels[lane * count + row * cols..][..run];
                        if accumulate {
                            places.zip(values).for_each(|(p, v)| *p += *v);
                        } else {
                            places.zip(values).for_each(|(p, v)| *p = *v);
                        }
                    });
                });
            });
    }

    /// The kernel tap that is tap `(a, b)` of a phase.
    fn tap(&self, g: &ConvGeometry, phase: usize, a: usize, b: usize) -> usize {
        let s = self.phases;
        (a * s + phase / s) * g.kernel + b * s + phase % s
    }

    /// `u[o][point][phase, c]` from a weight `[narrow_c, wide_c, k, k]`.
    pub(super) fn transform_weight(&self, g: &ConvGeometry, weight: &[f32], u: &mut [f32]) {
        let t = self.transforms;
        let (n, r, inputs, c) = (t.points(), t.r, self.inputs(g), g.wide_c);
        let taps = g.kernel * g.kernel;
        u.par_chunks_mut(n * n * inputs)
            .zip(weight.par_chunks(taps * c))
            .for_each(|(u, weight)| {
                with_scratch((taps + n * r) * c, |space| {
                    let (split, mixed) = space.split_at_mut(taps * c);
                    for (channel, values) in weight.chunks_exact(taps).enumerate() {
                        values
                            .iter()
                            .enumerate()
                            .for_each(|(tap, v)| split[tap * c + channel] = *v);
                    }
                    for phase in 0..self.phases * self.phases {
                        for (i, map) in t.kernel.rows.iter().enumerate() {
                            for b in 0..r {
                                let term = |a: usize| &split[self.tap(g, phase, a, b) * c..][..c];
                                gather(map, term, |f, x| {
                                    combine(&mut mixed[(i * r + b) * c..][..c], f, x, false)
                                });
                            }
                        }
                        for i in 0..n {
                            for (j, map) in t.kernel.rows.iter().enumerate() {
                                let term = |b: usize| &mixed[(i * r + b) * c..][..c];
                                let out = &mut u[(i * n + j) * inputs + phase * c..][..c];
                                gather(map, term, |f, x| combine(out, f, x, false));
                            }
                        }
                    }
                });
            });
    }

    /// Adds the weight's gradient from its points': the adjoint of [`Plan::transform_weight`].
    pub(super) fn collect_weight(&self, g: &ConvGeometry, u: &[f32], out: &mut [f32]) {
        let t = self.transforms;
        let (n, r, inputs, c) = (t.points(), t.r, self.inputs(g), g.wide_c);
        let taps = g.kernel * g.kernel;
        out.par_chunks_mut(taps * c)
            .zip(u.par_chunks(n * n * inputs))
            .for_each(|(out, u)| {
                with_scratch((taps + n * r) * c, |space| {
                    let (split, mixed) = space.split_at_mut(taps * c);
                    for phase in 0..self.phases * self.phases {
                        for i in 0..n {
                            for (b, map) in t.kernel_adjoint.rows.iter().enumerate() {
                                let term = |j: usize| &u[(i * n + j) * inputs + phase * c..][..c];
                                gather(map, term, |f, x| {
                                    combine(&mut mixed[(i * r + b) * c..][..c], f, x, false)
                                });
                            }
                        }
                        for (a, map) in t.kernel_adjoint.rows.iter().enumerate() {
                            for b in 0..r {
                                let term = |i: usize| &mixed[(i * r + b) * c..][..c];
                                let out = &mut split[self.tap(g, phase, a, b) * c..][..c];
                                gather(map, term, |f, x| combine(out, f, x, false));
                            }
                        }
                    }
                    for (channel, values) in out.chunks_exact_mut(taps).enumerate() {
                        values
                            .iter_mut()
                            .enumerate()
                            .for_each(|(tap, v)| *v += split[tap * c + channel]);
                    }
                });
            });
    }
}
