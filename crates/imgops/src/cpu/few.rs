//! Convolutions of stride 1 whose narrow side has few channels (an image, or a map of logits): a panel of sixteen would be
//! mostly empty. So a panel's columns are pairs of a kernel column and a narrow channel: every pixel of a row is multiplied
//! with a kernel row's weights once, and the kernel's columns are summed afterwards, each shifted by its place.

use rayon::prelude::*;

use crate::cpu::correlate::{Rows, Windows, correlate};
use crate::cpu::kernel::{Ahead, LANES, Panels, Run, Source, Target, by_even_depth, multiply};
use crate::cpu::padded::Canvas;
use crate::cpu::panels::{rows, shape};
use crate::cpu::parallel::Tasks;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Narrow channels that count as few.
const FEW: usize = 4;

/// Whether a geometry is of this kind.
pub(crate) fn suits(g: &ConvGeometry) -> bool {
    g.narrow_c <= FEW && g.wide_c >= LANES && g.stride == 1 && g.kernel > 1 && g.padding < g.kernel
}

/// Panels of sixteen columns for the pairs `(kernel column, narrow channel)`.
fn panel_count(g: &ConvGeometry) -> usize {
    (g.kernel * g.narrow_c).div_ceil(LANES)
}

/// A panel's rows: `(kernel row, wide channel)`.
fn depth(g: &ConvGeometry) -> usize {
    g.kernel * g.wide_c
}

/// Calls `each` with every pair's place: in a panel of pairs, and in the weight's own panel.
fn pairs(g: &ConvGeometry, mut each: impl FnMut(usize, usize)) {
    let depth = depth(g);
    for column in 0..g.kernel * g.narrow_c {
        let (x, o) = (column / g.narrow_c, column % g.narrow_c);
        for row in 0..depth {
            let (y, c) = (row / g.wide_c, row % g.wide_c);
            let own = ((y * g.kernel + x) * g.wide_c + c) * LANES + o;
            each(((column / LANES) * depth + row) * LANES + column % LANES, own);
        }
    }
}

/// A pixel's column of channels under a kernel.
fn column_runs(g: &ConvGeometry, canvas: &Canvas) -> Vec<Run> {
    let run = |y: usize| Run {
        at: canvas.row(y),
        panel: y * g.wide_c,
        len: g.wide_c,
    };
    (0..g.kernel).map(run).collect()
}

/// Narrow images from padded wide ones. `out` is overwritten, or added to where `accumulate`.
pub(crate) fn narrow(
    g: &ConvGeometry,
    canvas: &Canvas,
    wide: &[f32],
    weight: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let (count, depth) = (panel_count(g), depth(g));
    let width = count * LANES;
    let groups = by_even_depth(&column_runs(g, canvas));
    // Pixels of the canvas that windows of one row read: those of its columns.
    let pixels = g.narrow_w + g.kernel - 1;
    let to: Vec<usize> = (0..pixels).map(|x| x * width).collect();
    with_scratch(count * depth * LANES, |panels| {
        panels.fill(0.0);
        pairs(g, |pair, own| panels[pair] = weight[own]);
        let panels = &*panels;
        out.par_chunks_mut(g.narrow_w * g.narrow_c)
            .enumerate()
            .for_each_task(|(row, out)| {
                let (image, y) = (row / g.narrow_h, row % g.narrow_h);
                let base: Vec<usize> = (0..pixels).map(|x| canvas.at(image, y, x)).collect();
                let source = Source {
                    data: wide,
                    base: &base,
                };
                with_scratch(pixels * width, |products| {
                    for (block, panel) in panels.chunks_exact(depth * LANES).enumerate() {
                        for (i, runs) in groups.iter().enumerate() {
                            let target = Target {
                                data: &mut *products,
                                base: &to,
                                at: block * LANES,
                                valid: LANES,
                            };
                            multiply(target, source, runs, Panels::one(panel), Ahead::default(), i > 0);
                        }
                    }
                    for (x, out) in out.chunks_exact_mut(g.narrow_c).enumerate() {
                        if !accumulate {
                            out.fill(0.0);
                        }
                        for k in 0..g.kernel {
                            let shifted = &products[(x + k) * width + k * g.narrow_c..];
                            out.iter_mut().zip(shifted).for_each(|(o, p)| *o += *p);
                        }
                    }
                });
            });
    });
}

/// The weight's gradient. `out` is overwritten, or added to where `accumulate`.
pub(crate) fn weight_gradient(
    g: &ConvGeometry,
    canvas: &Canvas,
    wide: &[f32],
    narrow: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    // What a pixel of the canvas meets in a narrow row are the pixels whose windows it is in, with zeros beyond the row's ends.
    let (row, border) = (g.narrow_w * g.narrow_c, (g.kernel - 1) * g.narrow_c);
    let many = Rows {
        data: wide,
        count: g.n * canvas.h,
        step: canvas.row(1),
        pixels: g.narrow_w + g.kernel - 1,
        channels: g.wide_c,
    };
    let windows = Windows {
        len: g.kernel * g.narrow_c,
        step: g.narrow_c,
        rows: g.kernel,
    };
    let padded_row = row + 2 * border;
    with_scratch(g.n * g.narrow_h * padded_row, |padded| {
        for (padded, narrow) in padded.chunks_exact_mut(padded_row).zip(narrow.chunks_exact(row)) {
            padded[..border].fill(0.0);
            padded[border..border + row].copy_from_slice(narrow);
            padded[border + row..].fill(0.0);
        }
        let padded = &*padded;
        let few = |row: usize, y: usize| {
            let y = (row % canvas.h).checked_sub(y).filter(|y| *y < g.narrow_h)?;
            Some(&padded[(row / canvas.h * g.narrow_h + y) * padded_row..][..padded_row])
        };
        correlate(many, windows, few, |sums| {
            if !accumulate {
                out.fill(0.0);
            }
            for (row, sums) in sums.as_chunks::<LANES>().0.iter().enumerate() {
                let (c, y, at) = (
                    row / (g.kernel * windows.len),
                    row / windows.len % g.kernel,
                    row % windows.len,
                );
                let (x, o) = (g.kernel - 1 - at / g.narrow_c, at % g.narrow_c);
                let first = (y * g.kernel + x) * g.wide_c + c * LANES;
                let to = out[first * LANES..].as_chunks_mut::<LANES>().0;
                for (to, sum) in to.iter_mut().zip(sums).take(g.wide_c - c * LANES) {
                    to[o] += sum;
                }
            }
        });
    });
}

/// At stride 1 the adjoint of a convolution is a convolution with the kernel turned by 180 degrees and the sides swapped:
/// its geometry. From few narrow channels it makes the sum over them and all taps one long product, to few wide ones a product
/// of the kind above.
pub(crate) fn turned(g: &ConvGeometry) -> Option<ConvGeometry> {
    (g.stride == 1 && g.padding < g.kernel).then(|| ConvGeometry {
        wide_c: g.narrow_c,
        wide_h: g.narrow_h,
        wide_w: g.narrow_w,
        narrow_c: g.wide_c,
        narrow_h: g.wide_h,
        narrow_w: g.wide_w,
        padding: g.kernel - 1 - g.padding,
        ..*g
    })
}

/// The weight of [`turned`], in panels of the wide channels, from the weight's own panels.
pub(crate) fn turn(g: &ConvGeometry, weight: &[f32], out: &mut [f32]) {
    let taps = g.kernel * g.kernel;
    let panel = rows(shape(g)) * LANES;
    out.par_chunks_mut(taps * g.narrow_c * LANES)
        .enumerate()
        .for_each_task(|(block, out)| {
            for (row, lanes) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let (tap, o) = (row / g.narrow_c, row % g.narrow_c);
                for (j, lane) in lanes.iter_mut().enumerate() {
                    let c = block * LANES + j;
                    *lane = if c < g.wide_c {
                        let from = (taps - 1 - tap) * g.wide_c + c;
                        weight[o / LANES * panel + from * LANES + o % LANES]
                    } else {
                        0.0
                    };
                }
            }
        });
}
