//! Convolutions by direct summation, in channels-last order.
//!
//! Nothing is unrolled: a window's row of taps is contiguous in a padded channels-last image, so the microkernels read
//! windows in place. Taps that lie outside the image at every position (half of a 4x4 kernel's at the bottleneck) are left
//! out.

mod weight;
mod widen;

use std::ops::Range;

use rayon::prelude::*;

use crate::cpu::few;
use crate::cpu::kernel::{Ahead, BLOCK, LANES, Panels, Run, Source, Target, by_depth, multiply, span};
use crate::cpu::padded::{Canvas, with_padded};
use crate::cpu::panels::{rows, shape};
use crate::cpu::parallel::Tasks;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

pub(crate) use weight::weight_gradient;
pub(crate) use widen::widen;

/// Output rows that a task takes at once, where tasks share out rows.
const TASK_ROWS: usize = 96;

/// Weights that one task after the other should not read as a whole: they fill a second-level cache.
const MANY_WEIGHTS: usize = 1 << 17;

/// Values of windows that may be gathered for a whole batch at once: 32 MiB.
const GATHERED: usize = 8 << 20;

/// Panels that a task multiplies while a group of a window's runs stays in its cache.
const TASK_PANELS: usize = 8;

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

/// The same runs for windows gathered piece by piece, in rows of a block each.
fn gathered(pieces: &[Run], rows: usize) -> Vec<Run> {
    let moved = |(i, run): (usize, &Run)| Run {
        at: i * rows * BLOCK,
        ..*run
    };
    pieces.iter().enumerate().map(moved).collect()
}

/// Runs `work` with every piece of every window gathered, all cores sharing the pieces.
fn with_gathered<R>(pieces: &[Run], windows: &[usize], wide: &[f32], work: impl FnOnce(&[f32]) -> R) -> R {
    let len = windows.len() * BLOCK;
    let source = Source {
        data: wide,
        base: windows,
    };
    with_scratch(pieces.len() * len, |space| {
        space
            .par_chunks_mut(len)
            .zip(pieces)
            .for_each_task(|(space, piece)| source.gather(piece.at, piece.len, space, BLOCK));
        work(space)
    })
}

/// Narrow images from wide ones: a convolution's forward pass, a transposed convolution's input gradient. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn narrow(g: &ConvGeometry, wide: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
    with_padded(g, Canvas::of(g), wide, |canvas, wide| {
        if few::suits(g) {
            return few::narrow(g, canvas, wide, weight, out, accumulate);
        }
        let pieces = pieces(g, canvas, ys, &xs);
        let windows = windows(g, canvas);
        let gathered = pieces.len() * windows.len() * BLOCK;
        if windows.len() <= 2 * TASK_ROWS || (weight.len() > MANY_WEIGHTS && gathered <= GATHERED) {
            by_panels(g, &pieces, &windows, wide, weight, out, accumulate);
        } else {
            by_rows(g, &pieces, &windows, wide, weight, out, accumulate);
        }
    });
}

/// Many weights for the number of pixels: tasks share out the panels, so that each weight is read once.
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
    with_gathered(pieces, windows, wide, |space| {
        let source = Source {
            data: space,
            base: &left,
        };
        let panels = weight.len() / panel_len;
        let share = panels.div_ceil(2 * rayon::current_num_threads()).min(TASK_PANELS);
        with_scratch(panels * pixels * LANES, |blocks| {
            blocks
                .par_chunks_mut(share * pixels * LANES)
                .zip(weight.par_chunks(share * panel_len))
                .for_each_task(|(sums, panels)| {
                    let panel = |p: usize| panels.get(p * panel_len..(p + 1) * panel_len);
                    let spans = |group: &[Run], p: usize| {
                        let span = |p: usize| panel(p).map_or(&[][..], |panel| span(group, panel));
                        [span(p), span(p + 1)]
                    };
                    let step = pixels * LANES;
                    for (i, group) in groups.iter().enumerate() {
                        for (p, these) in panels.chunks(2 * panel_len).enumerate() {
                            let (first, second) = these.split_at(panel_len);
                            let last = 2 * (p + 1) * panel_len >= panels.len();
                            let ahead = Ahead {
                                panels: match (last, groups.get(i + 1)) {
                                    (false, _) => spans(group, 2 * (p + 1)),
                                    (true, Some(group)) => spans(group, 0),
                                    (true, None) => Default::default(),
                                },
                                rows: p == 0,
                            };
                            let target = Target {
                                data: &mut sums[2 * p * step..],
                                base: &base,
                                at: 0,
                                valid: LANES,
                            };
                            let second = (!second.is_empty()).then_some(second);
                            let panels = Panels::pair(first, second, step);
                            multiply(target, source, group, panels, ahead, i > 0);
                        }
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
                multiply(
                    target,
                    source,
                    group,
                    Panels::one(panel),
                    Ahead::default(),
                    accumulate || i > 0,
                );
            }
        }
    };
    out.par_chunks_mut(TASK_ROWS * g.narrow_c)
        .zip(windows.par_chunks(TASK_ROWS))
        .for_each_task(|(out, windows)| {
            let source = Source {
                data: wide,
                base: windows,
            };
            if g.wide_c < GATHER_CHANNELS {
                return products(out, source, &groups);
            }
            with_scratch(pieces.len() * TASK_ROWS * BLOCK, |space| {
                for (space, piece) in space.chunks_exact_mut(TASK_ROWS * BLOCK).zip(pieces) {
                    source.gather(piece.at, piece.len, space, BLOCK);
                }
                let source = Source {
                    data: space,
                    base: &left,
                };
                products(out, source, &gathered_groups);
            });
        });
}

/// Values of a work buffer for an image, of the side that has more.
pub(crate) fn image_len(g: &ConvGeometry) -> usize {
    let narrow = g.narrow_len() * g.narrow_c.next_multiple_of(BLOCK);
    narrow.max(g.wide_len() * g.wide_c)
}

/// Runs `work` with images' channels in blocks: `[block][pixel][48]`.
fn with_blocks<R>(channels: usize, images: &[f32], work: impl FnOnce(&[f32]) -> R) -> R {
    let pixels = images.len() / channels;
    with_scratch(pixels * channels.next_multiple_of(BLOCK), |space| {
        space
            .par_chunks_mut(pixels * BLOCK)
            .enumerate()
            .for_each_task(|(block, space)| {
                let (c, width) = (block * BLOCK, BLOCK.min(channels - block * BLOCK));
                for (to, from) in space.chunks_exact_mut(BLOCK).zip(images.chunks_exact(channels)) {
                    to[..width].copy_from_slice(&from[c..c + width]);
                    // A panel's lanes of channels that do not exist.
                    to[width..width.next_multiple_of(LANES)].fill(0.0);
                }
            });
        work(space)
    })
}

#[cfg(test)]
mod tests;
