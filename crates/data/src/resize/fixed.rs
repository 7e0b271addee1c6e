//! 8-bit samples: 22-bit fixed-point weights, a rounded 8-bit image between the two passes.

use super::kernel::Kernel;
use crate::raster::Region;

const BITS: u32 = 22;
const HALF: i32 = 1 << (BITS - 1);

/// Weights in fixed point, rounded half away from zero.
fn fixed(kernel: &Kernel) -> Vec<i32> {
    let one = f64::from(1 << BITS);
    kernel
        .weights
        .iter()
        .map(|&w| {
            if w < 0.0 {
                (w * one - 0.5) as i32
            } else {
                (w * one + 0.5) as i32
            }
        })
        .collect()
}

fn clip(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

/// Both passes over the `source` rectangle of interleaved `samples` with `C` channels and `stride` samples a row.
pub(super) fn resample<const C: usize>(
    samples: &[u8],
    stride: usize,
    source: Region,
    horizontal: &Kernel,
    vertical: &Kernel,
) -> Vec<u8> {
    let rows = vertical.span();
    let row_len = horizontal.count() * C;
    let weights = fixed(horizontal);
    let mut between = vec![0u8; rows.len() * row_len];
    for (out, y) in between.chunks_exact_mut(row_len.max(1)).zip(rows.clone()) {
        let at = (source.y + y) * stride + source.x * C;
        let row = &samples[at..at + source.width * C];
        for (pixel, (start, taps)) in out.chunks_exact_mut(C).zip(horizontal.taps(&weights)) {
            let mut sums = [HALF; C];
            for (input, &w) in row[start * C..].chunks_exact(C).zip(taps) {
                for k in 0..C {
                    sums[k] += i32::from(input[k]) * w;
                }
            }
            for k in 0..C {
                pixel[k] = clip(sums[k]);
            }
        }
    }
    let weights = fixed(vertical);
    let mut out = vec![0u8; vertical.count() * row_len];
    let mut sums = vec![0i32; row_len];
    for (row, (start, taps)) in out.chunks_exact_mut(row_len.max(1)).zip(vertical.taps(&weights)) {
        sums.fill(HALF);
        let inputs = between[(start - rows.start) * row_len..].chunks_exact(row_len);
        for (input, &w) in inputs.zip(taps) {
            for (sum, &v) in sums.iter_mut().zip(input) {
                *sum += i32::from(v) * w;
            }
        }
        for (o, &sum) in row.iter_mut().zip(&sums) {
            *o = clip(sum);
        }
    }
    out
}
