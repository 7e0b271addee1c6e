//! Antialiased bicubic resizing as PIL does it: bit for bit on 8-bit samples, in floating point on 16-bit ones.

mod fixed;
mod float;
mod kernel;

use crate::raster::{Raster, Region, Samples};
use kernel::Kernel;

/// A part of a resized image: interleaved samples of the raster's channel count.
pub(crate) enum Resized {
    /// 0 to 255.
    U8(Vec<u8>),
    /// 0 to 65535, not rounded.
    F32(Vec<f32>),
}

/// Resizes the `source` rectangle of `raster` to `width` x `height` and returns the `window` of the result. Only what
/// the window needs is computed; the values are those of the whole.
pub(crate) fn bicubic(
    raster: &Raster,
    source: Region,
    width: usize,
    height: usize,
    window: Region,
) -> Resized {
    let horizontal = Kernel::bicubic(source.width, width, window.x, window.width);
    let vertical = Kernel::bicubic(source.height, height, window.y, window.height);
    let stride = raster.width * raster.channels;
    match (&raster.samples, raster.channels) {
        (Samples::U8(s), 1) => Resized::U8(fixed::resample::<1>(s, stride, source, &horizontal, &vertical)),
        (Samples::U8(s), 2) => Resized::U8(fixed::resample::<2>(s, stride, source, &horizontal, &vertical)),
        (Samples::U8(s), 3) => Resized::U8(fixed::resample::<3>(s, stride, source, &horizontal, &vertical)),
        (Samples::U8(s), _) => Resized::U8(fixed::resample::<4>(s, stride, source, &horizontal, &vertical)),
        (Samples::U16(s), c) => Resized::F32(float::resample(s, c, stride, source, &horizontal, &vertical)),
    }
}

#[cfg(test)]
mod tests;
