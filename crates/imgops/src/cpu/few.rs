//! Convolutions whose narrow side has few channels (an image, or a map of logits): a panel of sixteen would be mostly empty,
//! so the lanes lie along the window instead.

use rayon::prelude::*;

use crate::cpu::kernel::{LANES, Run, Source, dot, outer};
use crate::cpu::panels::{rows, shape};
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Narrow channels that count as few.
pub(crate) const FEW: usize = 4;

/// Output pixels that a task takes at once.
const TASK_ROWS: usize = 256;

/// Shares of the pixels whose weight gradients are summed apart: a fixed number, so that the sum's order does not depend on
/// the threads.
const SHARES: usize = 16;

/// Narrow images from wide ones, given the runs of a window and where windows begin in the padded wide images.
pub(crate) fn narrow(
    g: &ConvGeometry,
    runs: &[Run],
    windows: &[usize],
    wide: &[f32],
    weight: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let depth = rows(shape(g));
    with_scratch(g.narrow_c * depth, |weights| {
        for (o, weights) in weights.chunks_exact_mut(depth).enumerate() {
            let column = weight.iter().skip(o).step_by(LANES);
            weights.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
        }
        let weights = &*weights;
        out.par_chunks_mut(TASK_ROWS * g.narrow_c)
            .zip(windows.par_chunks(TASK_ROWS))
            .for_each(|(out, base)| {
                let source = Source { data: wide, base };
                dot(out, g.narrow_c, source, runs, weights, accumulate);
            });
    });
}

/// Adds the weight's gradient: narrow values times sixteen neighbouring values of the window.
pub(crate) fn weight_gradient(
    g: &ConvGeometry,
    runs: &[Run],
    windows: &[usize],
    wide: &[f32],
    narrow: &[f32],
    out: &mut [f32],
) {
    let depth = rows(shape(g));
    let pixels: Vec<usize> = (0..windows.len()).map(|p| p * g.narrow_c).collect();
    let share = windows.len().div_ceil(SHARES);
    let shares = windows.len().div_ceil(share);
    let len = g.narrow_c * depth;
    with_scratch(shares * len, |sums| {
        sums.par_chunks_mut(len)
            .zip(windows.par_chunks(share).zip(pixels.par_chunks(share)))
            .for_each(|(sums, (windows, pixels))| {
                sums.fill(0.0);
                let mut block = vec![0.0; g.narrow_c * LANES];
                // Rows in the inner loop stay in the second-level cache while all of the window is gone through.
                for (windows, pixels) in windows.chunks(TASK_ROWS).zip(pixels.chunks(TASK_ROWS)) {
                    let a = Source {
                        data: narrow,
                        base: pixels,
                    };
                    let b = Source {
                        data: wide,
                        base: windows,
                    };
                    for run in runs {
                        for at in (0..run.len).step_by(LANES) {
                            // The last lanes of a run may belong to pixels beyond it; they are computed and dropped.
                            let width = LANES.min(run.len - at);
                            if width == LANES {
                                outer(&mut block, a, 0, b, run.at + at, false);
                            } else {
                                tail(&mut block, a, b, run.at + at, width);
                            }
                            for (o, block) in block.as_chunks::<LANES>().0.iter().enumerate() {
                                let to = &mut sums[o * depth + run.panel + at..][..width];
                                to.iter_mut().zip(block).for_each(|(t, v)| *t += *v);
                            }
                        }
                    }
                }
            });
        let sums = &*sums;
        out.par_chunks_mut(LANES).enumerate().for_each(|(row, out)| {
            for share in sums.chunks_exact(len) {
                for (o, out) in out.iter_mut().take(g.narrow_c).enumerate() {
                    *out += share[o * depth + row];
                }
            }
        });
    });
}

/// As [`outer`] without accumulation, for fewer than sixteen lanes: what lies behind them may not exist.
fn tail(block: &mut [f32], a: Source<'_>, b: Source<'_>, b_at: usize, width: usize) {
    block.fill(0.0);
    for (x, y) in a.base.iter().zip(b.base) {
        let values = &b.data[y + b_at..][..width];
        for (o, block) in block.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let x = a.data[x + o];
            block.iter_mut().zip(values).for_each(|(s, v)| *s += x * *v);
        }
    }
}

/// At stride 1 the adjoint of a convolution is a convolution with the kernel turned by 180 degrees and the sides swapped:
/// its geometry and weight, which make the sum over few channels and all taps one long product. `None` elsewhere.
pub(crate) fn turned(g: &ConvGeometry) -> Option<ConvGeometry> {
    if g.stride != 1 || g.padding >= g.kernel {
        return None;
    }
    Some(ConvGeometry {
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
        .for_each(|(block, out)| {
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
