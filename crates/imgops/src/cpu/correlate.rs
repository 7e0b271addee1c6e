//! Weight gradients where one side's pixels have few channels: a row of that side is read in windows that overlap, in place,
//! and each window meets the pixel of the other side that it belongs to.

use rayon::prelude::*;

use crate::cpu::kernel::{LANES, outer_windows};
use crate::cpu::parallel::{Tasks, add};
use crate::cpu::scratch::with_scratch;

/// Shares of the rows whose products are summed apart: a fixed number, so that the sum's order does not depend on the threads.
const SHARES: usize = 16;

/// Pixels whose channels stay in a first-level cache while all windows' products with them are summed.
const PIXELS: usize = 64;

/// Rows of pixels with many channels.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) count: usize,
    /// From one row to the next.
    pub(crate) step: usize,
    /// Pixels of a row that count.
    pub(crate) pixels: usize,
    pub(crate) channels: usize,
}

/// Windows of the other side's rows.
#[derive(Clone, Copy)]
pub(crate) struct Windows {
    /// Values.
    pub(crate) len: usize,
    /// From one pixel's window to the next one's.
    pub(crate) step: usize,
    /// Rows under a kernel.
    pub(crate) rows: usize,
}

/// Sums products over all pixels, and calls `work` with `[channels / 16][window row][window][16 channels]`, zeros past the last
/// channel. `few` is the other side's row under a row of the kernel, if there is one.
pub(crate) fn correlate<'a>(
    many: Rows<'a>,
    windows: Windows,
    few: impl Fn(usize, usize) -> Option<&'a [f32]> + Sync,
    work: impl FnOnce(&[f32]),
) {
    let len = many.channels.div_ceil(LANES) * windows.rows * windows.len * LANES;
    let share = many.count.div_ceil(SHARES);
    with_scratch(many.count.div_ceil(share) * len, |sums| {
        sums.par_chunks_mut(len)
            .enumerate()
            .for_each_task(|(part, sums)| {
                sums.fill(0.0);
                for row in part * share..((part + 1) * share).min(many.count) {
                    add_row(many, windows, row, |y| few(row, y), sums);
                }
            });
        let (first, rest) = sums.split_at_mut(len);
        for part in rest.chunks_exact(len) {
            add(first, part);
        }
        work(first);
    });
}

/// Adds one row's products, `few` being the other side's row under each row of the kernel.
fn add_row<'a>(
    many: Rows<'_>,
    windows: Windows,
    row: usize,
    few: impl Fn(usize) -> Option<&'a [f32]>,
    sums: &mut [f32],
) {
    let window = windows.len * LANES;
    let pixels = &many.data[row * many.step..][..many.pixels * many.channels];
    for (first, pixels) in (0..).step_by(PIXELS).zip(pixels.chunks(PIXELS * many.channels)) {
        for (panel, sums) in sums.chunks_exact_mut(windows.rows * window).enumerate() {
            let lane = panel * LANES;
            let mut filled;
            let (pixels, width) = if lane + LANES <= many.channels {
                (&pixels[lane..], many.channels)
            } else {
                filled = [[0.0; LANES]; PIXELS];
                let all = pixels.chunks_exact(many.channels);
                let count = all.len();
                for (filled, pixel) in filled.iter_mut().zip(all) {
                    filled[..many.channels - lane].copy_from_slice(&pixel[lane..]);
                }
                (filled[..count].as_flattened(), LANES)
            };
            for (y, sums) in sums.chunks_exact_mut(window).enumerate() {
                if let Some(row) = few(y) {
                    outer_windows(sums, &row[first * windows.step..], windows.step, pixels, width);
                }
            }
        }
    }
}
