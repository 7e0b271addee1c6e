//! Convolutions by direct summation, in channels-last order.
//!
//! Nothing is unrolled: a window's row of taps is contiguous in a padded channels-last image, so the microkernels read
//! windows in place. Taps that lie outside the image at every position (half of a 4x4 kernel's at the bottleneck) are left
//! out.

use std::ops::Range;

use rayon::prelude::*;

use crate::cpu::few::{self, FEW};
use crate::cpu::kernel::{BLOCK, LANES, Run, Source, Target, blocked, by_depth, multiply, outer};
use crate::cpu::padded::{Canvas, with_padded};
use crate::cpu::panels::{self, rows, shape, transpose};
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Output rows that a task takes at once, where tasks share out rows.
const TASK_ROWS: usize = 96;

/// Rows whose windows are gathered at once for a weight's gradient.
const GRADIENT_ROWS: usize = 1024;

/// With fewer channels, windows are read where they lie: their short runs would leave most of a block empty.
const GATHER_CHANNELS: usize = 32;

/// The taps of one dimension that read inside the image at some position.
fn live(g: &ConvGeometry, narrow: usize, wide: usize) -> Range<usize> {
    let first = g.padding.saturating_sub((narrow - 1) * g.stride);
    first..g.kernel.min(wide + g.padding)
}

/// Where each narrow pixel's window begins in the padded wide images.
fn windows(g: &ConvGeometry, canvas: &Canvas) -> Vec<usize> {
    let mut at = Vec::with_capacity(g.n * g.narrow_len());
    for image in 0..g.n {
        for y in 0..g.narrow_h {
            at.extend((0..g.narrow_w).map(|x| canvas.at(image, y * g.stride, x * g.stride)));
        }
    }
    at
}

/// Multiples of `step`, `count` of them.
fn every(step: usize, count: usize) -> Vec<usize> {
    (0..count).map(|i| i * step).collect()
}

/// The runs of a window's live taps, none longer than a block.
fn pieces(g: &ConvGeometry, canvas: &Canvas, ys: Range<usize>, xs: &Range<usize>) -> Vec<Run> {
    let mut pieces = Vec::new();
    for y in ys {
        let (at, panel) = (canvas.row(y), y * g.kernel * g.wide_c);
        for first in (xs.start * g.wide_c..xs.end * g.wide_c).step_by(BLOCK) {
            pieces.push(Run {
                at: at + first,
                panel: panel + first,
                len: BLOCK.min(xs.end * g.wide_c - first),
            });
        }
    }
    pieces
}

/// The same runs for windows gathered by [`gather`].
fn gathered(pieces: &[Run], rows: usize) -> Vec<Run> {
    let moved = |(i, run): (usize, &Run)| Run {
        at: i * rows * BLOCK,
        ..*run
    };
    pieces.iter().enumerate().map(moved).collect()
}

/// One piece of every window, row by row.
fn gather(piece: &Run, windows: &[usize], wide: &[f32], out: &mut [f32]) {
    for (out, window) in out.chunks_exact_mut(BLOCK).zip(windows) {
        out[..piece.len].copy_from_slice(&wide[window + piece.at..][..piece.len]);
    }
}

/// Narrow images from wide ones: a convolution's forward pass, a transposed convolution's input gradient. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn narrow(g: &ConvGeometry, wide: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
    with_padded(g, Canvas::of(g), wide, |canvas, wide| {
        let pieces = pieces(g, canvas, ys, &xs);
        let windows = windows(g, canvas);
        if g.narrow_c <= FEW {
            few::narrow(g, &pieces, &windows, wide, weight, out, accumulate);
        } else if windows.len() <= 2 * TASK_ROWS {
            by_panels(g, &pieces, &windows, wide, weight, out, accumulate);
        } else {
            by_rows(g, &pieces, &windows, wide, weight, out, accumulate);
        }
    });
}

/// Few pixels, many weights: tasks share out the panels, so that each weight is read once.
fn by_panels(
    g: &ConvGeometry,
    pieces: &[Run],
    windows: &[usize],
    wide: &[f32],
    weight: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let (pixels, panel_len) = (windows.len(), rows(shape(g)) * LANES);
    let groups = by_depth(&gathered(pieces, pixels));
    let base = every(LANES, pixels);
    let left = every(BLOCK, pixels);
    with_scratch(pieces.len() * pixels * BLOCK, |space| {
        space
            .par_chunks_mut(pixels * BLOCK)
            .zip(pieces)
            .for_each(|(space, piece)| gather(piece, windows, wide, space));
        let source = Source {
            data: space,
            base: &left,
        };
        with_scratch(weight.len() / panel_len * pixels * LANES, |blocks| {
            blocks
                .par_chunks_mut(pixels * LANES)
                .zip(weight.par_chunks(panel_len))
                .for_each(|(sums, panel)| {
                    for (i, group) in groups.iter().enumerate() {
                        let target = Target {
                            data: &mut *sums,
                            base: &base,
                            at: 0,
                            valid: LANES,
                        };
                        multiply(target, source, group, panel, i > 0);
                    }
                });
            out.par_chunks_mut(g.narrow_c)
                .enumerate()
                .for_each(|(pixel, out)| {
                    for (block, out) in out.chunks_mut(LANES).enumerate() {
                        let sums = &blocks[(block * pixels + pixel) * LANES..][..out.len()];
                        if accumulate {
                            out.iter_mut().zip(sums).for_each(|(o, s)| *o += *s);
                        } else {
                            out.copy_from_slice(sums);
                        }
                    }
                });
        });
    });
}

/// Many pixels: tasks share out rows of output.
fn by_rows(
    g: &ConvGeometry,
    pieces: &[Run],
    windows: &[usize],
    wide: &[f32],
    weight: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let panel_len = rows(shape(g)) * LANES;
    let base = every(g.narrow_c, TASK_ROWS);
    let groups = by_depth(pieces);
    let gathered_groups = by_depth(&gathered(pieces, TASK_ROWS));
    let left = every(BLOCK, TASK_ROWS);
    let products = |out: &mut [f32], source: Source<'_>, groups: &[Vec<Run>]| {
        let to = &base[..out.len() / g.narrow_c];
        for (block, panel) in weight.chunks_exact(panel_len).enumerate() {
            for (i, group) in groups.iter().enumerate() {
                let target = Target {
                    data: &mut *out,
                    base: to,
                    at: block * LANES,
                    valid: LANES.min(g.narrow_c - block * LANES),
                };
                multiply(target, source, group, panel, accumulate || i > 0);
            }
        }
    };
    out.par_chunks_mut(TASK_ROWS * g.narrow_c)
        .zip(windows.par_chunks(TASK_ROWS))
        .for_each(|(out, windows)| {
            if g.wide_c < GATHER_CHANNELS {
                let source = Source {
                    data: wide,
                    base: windows,
                };
                return products(out, source, &groups);
            }
            with_scratch(pieces.len() * TASK_ROWS * BLOCK, |space| {
                for (space, piece) in space.chunks_exact_mut(TASK_ROWS * BLOCK).zip(pieces) {
                    gather(piece, windows, wide, space);
                }
                let source = Source {
                    data: space,
                    base: &left,
                };
                products(out, source, &gathered_groups);
            });
        });
}

/// Sixteen or fewer panel rows that go to neighbouring places: a tap's channels, or with few channels several taps of a row.
struct Group {
    first: usize,
    count: usize,
    /// Where they go, counted from the window's place in the band.
    at: usize,
}

/// A strip of narrow rows of one image, and the wide rows under their windows.
struct Band {
    image: usize,
    rows: Range<usize>,
}

/// Wide images from narrow ones: a convolution's input gradient, a transposed convolution's forward pass. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn widen(g: &ConvGeometry, narrow: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    if g.narrow_c <= FEW
        && let Some(turned) = few::turned(g)
    {
        return with_scratch(panels::len(shape(&turned)), |turned_weight| {
            few::turn(g, weight, turned_weight);
            self::narrow(&turned, narrow, turned_weight, out, accumulate);
        });
    }
    let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
    let canvas = Canvas::of(g);
    // Tasks share out the wide channels, sixteen each; where that gives too few, also strips of rows.
    let few = g.wide_c < LANES;
    let lanes = if few { g.wide_c } else { LANES };
    let chunks = g.wide_c.div_ceil(lanes);
    let strips = (2 * rayon::current_num_threads())
        .div_ceil(chunks * g.n)
        .min(g.narrow_h);
    let height = g.narrow_h.div_ceil(strips);
    let bands: Vec<Band> = (0..g.n)
        .flat_map(|image| {
            (0..g.narrow_h)
                .step_by(height)
                .map(move |y| (image, y..(y + height).min(g.narrow_h)))
        })
        .map(|(image, rows)| Band { image, rows })
        .collect();
    let groups = |chunk: usize| -> Vec<Group> {
        let mut groups = Vec::new();
        for y in ys.clone() {
            let row = y * canvas.w * lanes;
            if few {
                let (start, end) = (xs.start * g.wide_c, xs.end * g.wide_c);
                groups.extend((start..end).step_by(LANES).map(|at| Group {
                    first: y * g.kernel * g.wide_c + at,
                    count: LANES.min(end - at),
                    at: row + at,
                }));
            } else {
                groups.extend(xs.clone().map(|x| Group {
                    first: (y * g.kernel + x) * g.wide_c + chunk * LANES,
                    count: LANES.min(g.wide_c - chunk * LANES),
                    at: row + x * lanes,
                }));
            }
        }
        groups
    };
    let band_rows = (height - 1) * g.stride + g.kernel;
    let band_len = band_rows * canvas.w * lanes;
    let panel_len = rows(shape(g)) * LANES;
    let all = g.n * g.narrow_len();
    let depth = by_depth(&blocked(g.narrow_c, all * BLOCK));
    let every_pixel = every(BLOCK, all);
    with_blocks(g.narrow_c, narrow, |narrow| {
        with_scratch(bands.len() * chunks * band_len, |space| {
            space
                .par_chunks_mut(band_len)
                .enumerate()
                .for_each(|(task, sums)| {
                    let (band, chunk) = (&bands[task / chunks], task % chunks);
                    sums.fill(0.0);
                    let pixels = band.rows.len() * g.narrow_w;
                    let first = (band.image * g.narrow_h + band.rows.start) * g.narrow_w;
                    let source = Source {
                        data: narrow,
                        base: &every_pixel[first..first + pixels],
                    };
                    let to: Vec<usize> = (0..pixels)
                        .map(|p| (p / g.narrow_w * canvas.w + p % g.narrow_w) * g.stride * lanes)
                        .collect();
                    with_scratch(weight.len() / panel_len * LANES * LANES, |panel| {
                        for group in groups(chunk) {
                            for (block, out) in weight
                                .chunks_exact(panel_len)
                                .zip(panel.chunks_exact_mut(LANES * LANES))
                            {
                                transpose(&block[group.first * LANES..][..group.count * LANES], out);
                            }
                            for runs in &depth {
                                let target = Target {
                                    data: &mut *sums,
                                    base: &to,
                                    at: group.at,
                                    valid: if few { group.count } else { LANES },
                                };
                                multiply(target, source, runs, panel, true);
                            }
                        }
                    });
                });
            let space = &*space;
            out.par_chunks_mut(g.wide_w * g.wide_c)
                .enumerate()
                .for_each(|(row, out)| {
                    let (image, y) = (row / g.wide_h, row % g.wide_h + g.padding);
                    if !accumulate {
                        out.fill(0.0);
                    }
                    for (b, band) in bands.iter().enumerate().filter(|(_, b)| b.image == image) {
                        let top = band.rows.start * g.stride;
                        if y < top || y >= top + (band.rows.len() - 1) * g.stride + g.kernel {
                            continue;
                        }
                        for chunk in 0..chunks {
                            let sums = &space[(b * chunks + chunk) * band_len..][..band_len];
                            let sums =
                                &sums[((y - top) * canvas.w + g.padding) * lanes..][..g.wide_w * lanes];
                            let width = lanes.min(g.wide_c - chunk * lanes);
                            for (out, sums) in out.chunks_exact_mut(g.wide_c).zip(sums.chunks_exact(lanes)) {
                                let out = &mut out[chunk * lanes..][..width];
                                out.iter_mut().zip(sums).for_each(|(o, s)| *o += *s);
                            }
                        }
                    }
                });
        })
    });
}

/// Adds the weight's gradient.
pub(crate) fn weight_gradient(g: &ConvGeometry, wide: &[f32], narrow: &[f32], out: &mut [f32]) {
    let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
    let blocks = g.narrow_c.div_ceil(LANES);
    with_padded(g, Canvas::of(g), wide, |canvas, wide| {
        let pieces = pieces(g, canvas, ys, &xs);
        if g.narrow_c <= FEW {
            let windows = windows(g, canvas);
            return few::weight_gradient(g, &pieces, &windows, wide, narrow, out);
        }
        for (rows, windows) in windows(g, canvas).chunks(GRADIENT_ROWS).enumerate() {
            let first = rows * GRADIENT_ROWS;
            let (at, lanes) = (every(BLOCK, windows.len()), every(LANES, windows.len()));
            with_scratch(blocks * windows.len() * LANES, |right| {
                right
                    .par_chunks_mut(windows.len() * LANES)
                    .enumerate()
                    .for_each(|(block, right)| {
                        let (c, width) = (block * LANES, LANES.min(g.narrow_c - block * LANES));
                        for (i, right) in right.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                            *right = [0.0; LANES];
                            right[..width].copy_from_slice(&narrow[(first + i) * g.narrow_c + c..][..width]);
                        }
                    });
                let right = &*right;
                let products = |a: Source<'_>, moved: &[Run], out: &mut [f32]| {
                    out.par_chunks_mut(g.kernel * g.wide_c * LANES)
                        .enumerate()
                        .for_each(|(task, out)| {
                            let (block, y) = (task / g.kernel, task % g.kernel);
                            let b = Source {
                                data: &right[block * windows.len() * LANES..],
                                base: &lanes,
                            };
                            let first = y * g.kernel * g.wide_c;
                            for piece in moved {
                                let Some(row) = piece.panel.checked_sub(first) else {
                                    continue;
                                };
                                if row < g.kernel * g.wide_c {
                                    let out = &mut out[row * LANES..(row + piece.len) * LANES];
                                    outer(out, a, piece.at, b, 0, true);
                                }
                            }
                        });
                };
                if g.wide_c < GATHER_CHANNELS {
                    let a = Source {
                        data: wide,
                        base: windows,
                    };
                    return products(a, &pieces, out);
                }
                with_scratch(pieces.len() * windows.len() * BLOCK, |space| {
                    space
                        .par_chunks_mut(windows.len() * BLOCK)
                        .zip(&pieces)
                        .for_each(|(space, piece)| gather(piece, windows, wide, space));
                    let a = Source {
                        data: space,
                        base: &at,
                    };
                    products(a, &gathered(&pieces, windows.len()), out);
                });
            });
        }
    });
}

/// Runs `work` with images' channels in blocks: `[block][pixel][48]`.
fn with_blocks<R>(channels: usize, images: &[f32], work: impl FnOnce(&[f32]) -> R) -> R {
    let pixels = images.len() / channels;
    with_scratch(channels.div_ceil(BLOCK) * pixels * BLOCK, |space| {
        space
            .par_chunks_mut(pixels * BLOCK)
            .enumerate()
            .for_each(|(block, space)| {
                let (c, width) = (block * BLOCK, BLOCK.min(channels - block * BLOCK));
                for (to, from) in space.chunks_exact_mut(BLOCK).zip(images.chunks_exact(channels)) {
                    to[..width].copy_from_slice(&from[c..c + width]);
                }
            });
        work(space)
    })
}
