//! Channel conversions: grey is replicated, colour is weighted to grey, alpha is dropped or added opaque.

use crate::raster::{Raster, Samples};

trait Sample: Copy + Into<u32> {
    const OPAQUE: Self;
    fn grey(r: Self, g: Self, b: Self) -> Self;
}

impl Sample for u8 {
    const OPAQUE: Self = u8::MAX;
    fn grey(r: Self, g: Self, b: Self) -> Self {
        weighted(r.into(), g.into(), b.into()) as u8
    }
}

impl Sample for u16 {
    const OPAQUE: Self = u16::MAX;
    fn grey(r: Self, g: Self, b: Self) -> Self {
        weighted(r.into(), g.into(), b.into()) as u16
    }
}

/// PIL's luma, ITU-R 601-2 in 16-bit fixed point; for 16-bit samples the same weights, and 65535 * 65536 + 32768 fits.
fn weighted(r: u32, g: u32, b: u32) -> u32 {
    (19595 * r + 38470 * g + 7471 * b + 32768) >> 16
}

/// The raster with `channels` channels (1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha).
pub(crate) fn to_channels(raster: Raster, channels: usize) -> Raster {
    if raster.channels == channels {
        return raster;
    }
    let samples = match &raster.samples {
        Samples::U8(s) => Samples::U8(convert(s, raster.channels, channels)),
        Samples::U16(s) => Samples::U16(convert(s, raster.channels, channels)),
    };
    Raster {
        channels,
        samples,
        ..raster
    }
}

fn convert<T: Sample>(samples: &[T], from: usize, to: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(samples.len() / from * to);
    for pixel in samples.chunks_exact(from) {
        let (colour, alpha) = match *pixel {
            [l] => ([l, l, l], T::OPAQUE),
            [l, a] => ([l, l, l], a),
            [r, g, b] => ([r, g, b], T::OPAQUE),
            [r, g, b, a, ..] => ([r, g, b], a),
            [] => continue,
        };
        let grey = || {
            if from < 3 {
                colour[0]
            } else {
                T::grey(colour[0], colour[1], colour[2])
            }
        };
        match to {
            1 => out.push(grey()),
            2 => out.extend([grey(), alpha]),
            3 => out.extend(colour),
            _ => out.extend([colour[0], colour[1], colour[2], alpha]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[10], 1, 3, &[10, 10, 10])]
    #[case(&[10], 1, 4, &[10, 10, 10, 255])]
    #[case(&[10, 7], 2, 4, &[10, 10, 10, 7])]
    #[case(&[10, 7], 2, 1, &[10])]
    #[case(&[1, 2, 3], 3, 4, &[1, 2, 3, 255])]
    #[case(&[1, 2, 3, 4], 4, 3, &[1, 2, 3])]
    #[case(&[255, 0, 0], 3, 1, &[76])]
    #[case(&[0, 255, 0, 9], 4, 1, &[150])]
    #[case(&[0, 0, 255, 9], 4, 2, &[29, 9])]
    fn channels_convert_by_the_obvious_rules(
        #[case] pixel: &[u8],
        #[case] from: usize,
        #[case] to: usize,
        #[case] expected: &[u8],
    ) {
        assert_eq!(convert(pixel, from, to), expected);
    }

    #[test]
    fn sixteen_bit_white_stays_white() {
        assert_eq!(convert(&[u16::MAX; 3], 3, 1), [u16::MAX]);
    }
}
