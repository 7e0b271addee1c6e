//! The pattern that strided transposed convolutions leave (Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard
//! artifacts").

use diptych_domain::Images;

/// The side of the tiles whose spectra are looked at.
const TILE: usize = 8;

/// The spectral energy of period 2, of all images and channels: the mean over 8x8 tiles of the squared amplitudes of the patterns
/// `(-1)^x`, `(-1)^y` and `(-1)^(x + y)`. A checkerboard of amplitude `a` has `a^2`. `None` where no tile fits.
pub fn period_two_energy(images: &[&Images]) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u64);
    for images in images {
        if images.h < TILE || images.w < TILE {
            continue;
        }
        for plane in images.data.chunks_exact(images.h * images.w) {
            for y in (0..=images.h - TILE).step_by(TILE) {
                for x in (0..=images.w - TILE).step_by(TILE) {
                    sum += tile_energy(plane, images.w, y, x);
                    count += 1;
                }
            }
        }
    }
    (count > 0).then(|| sum / count as f64)
}

fn tile_energy(plane: &[f32], width: usize, y: usize, x: usize) -> f64 {
    let [mut across, mut down, mut both] = [0.0f64; 3];
    for i in 0..TILE {
        let row = (y + i) * width + x;
        for (j, v) in plane[row..row + TILE].iter().enumerate() {
            let v = f64::from(*v);
            let sign = |odd: usize| if odd.is_multiple_of(2) { v } else { -v };
            across += sign(j);
            down += sign(i);
            both += sign(i + j);
        }
    }
    let area = (TILE * TILE) as f64;
    [across, down, both].iter().map(|c| (c / area).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(value: impl Fn(usize, usize) -> f32) -> Images {
        let mut images = Images::zeros(1, 3, 16, 24);
        for plane in images.data.chunks_exact_mut(16 * 24) {
            (0..16 * 24).for_each(|i| plane[i] = value(i / 24, i % 24));
        }
        images
    }

    #[test]
    fn patterns_of_period_two_have_their_squared_amplitude() {
        let sign = |odd: usize| if odd.is_multiple_of(2) { 0.5 } else { -0.5 };
        for pattern in [
            image(|y, x| sign(y + x)),
            image(|_, x| sign(x)),
            image(|y, _| 0.25 + sign(y)),
        ] {
            assert!((period_two_energy(&[&pattern]).unwrap() - 0.25).abs() < 1e-9);
        }
    }

    #[test]
    fn flat_images_and_longer_periods_have_none() {
        assert_eq!(period_two_energy(&[&image(|_, _| 0.7)]), Some(0.0));
        let stripes = image(|_, x| if (x / 2).is_multiple_of(2) { 0.5 } else { -0.5 });
        assert!(period_two_energy(&[&stripes]).unwrap() < 1e-12);
        // A steep but smooth ramp has little.
        assert!(period_two_energy(&[&image(|_, x| x as f32 / 12.0 - 1.0)]).unwrap() < 2e-3);
    }

    #[test]
    fn images_smaller_than_a_tile_have_no_value() {
        assert_eq!(period_two_energy(&[&Images::zeros(1, 3, 7, 64)]), None);
    }
}
