//! 16-bit samples: f64 sums, an f32 image between the passes, clamped to the sample range at the end.

use super::kernel::Kernel;
use crate::raster::Region;

/// As [`super::fixed::resample`], for any channel count; values stay fractional.
pub(super) fn resample(
    samples: &[u16],
    channels: usize,
    stride: usize,
    source: Region,
    horizontal: &Kernel,
    vertical: &Kernel,
) -> Vec<f32> {
    let rows = vertical.span();
    let row_len = horizontal.count() * channels;
    let mut between = vec![0f32; rows.len() * row_len];
    for (out, y) in between.chunks_exact_mut(row_len.max(1)).zip(rows.clone()) {
        let at = (source.y + y) * stride + source.x * channels;
        let row = &samples[at..at + source.width * channels];
        for (pixel, (start, taps)) in out
            .chunks_exact_mut(channels)
            .zip(horizontal.taps(&horizontal.weights))
        {
            for (k, o) in pixel.iter_mut().enumerate() {
                let inputs = row[start * channels + k..].iter().step_by(channels);
                *o = inputs.zip(taps).map(|(&v, &w)| f64::from(v) * w).sum::<f64>() as f32;
            }
        }
    }
    let mut out = vec![0f32; vertical.count() * row_len];
    let mut sums = vec![0f64; row_len];
    for (row, (start, taps)) in out
        .chunks_exact_mut(row_len.max(1))
        .zip(vertical.taps(&vertical.weights))
    {
        sums.fill(0.0);
        for (input, &w) in between[(start - rows.start) * row_len..]
            .chunks_exact(row_len)
            .zip(taps)
        {
            for (sum, &v) in sums.iter_mut().zip(input) {
                *sum += f64::from(v) * w;
            }
        }
        for (o, &sum) in row.iter_mut().zip(&sums) {
            *o = sum.clamp(0.0, 65535.0) as f32;
        }
    }
    out
}
