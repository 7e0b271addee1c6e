//! Peak signal-to-noise ratio.

use diptych_domain::Images;
use rayon::prelude::*;

use super::{MetricError, comparable};

/// `10 log10(range² / mean squared error)` of each pair of images in dB, over all channels together; the range is that of
/// the images (2 in [-1, 1], as 255 in 8 bits). Equal images have positive infinity.
///
/// # Errors
/// Shapes that differ, and empty batches.
pub fn psnr(left: &Images, right: &Images) -> Result<Vec<f64>, MetricError> {
    comparable(left, right)?;
    Ok((0..left.n)
        .into_par_iter()
        .map(|i| decibels(left.image(i), right.image(i)))
        .collect())
}

fn decibels(a: &[f32], b: &[f32]) -> f64 {
    let sum: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2))
        .sum();
    10.0 * (4.0 * a.len() as f64 / sum).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixtures::{noisy, refuses};

    #[test]
    fn equal_images_are_infinitely_good_and_black_against_white_is_zero() {
        let (a, _) = noisy();
        assert_eq!(psnr(&a, &a).unwrap(), [f64::INFINITY; 2]);
        let side = |v| Images {
            data: vec![v; 12],
            ..Images::zeros(1, 3, 2, 2)
        };
        assert_eq!(psnr(&side(-1.0), &side(1.0)).unwrap(), [0.0]);
    }

    #[test]
    fn known_values() {
        let (a, b) = noisy();
        let got = psnr(&a, &b).unwrap();
        for (g, want) in got.iter().zip(PSNR_KNOWN) {
            assert!((g - want).abs() < 1e-5, "{got:?}");
        }
    }

    /// By scikit-image's `peak_signal_noise_ratio` with `data_range=1`.
    const PSNR_KNOWN: [f64; 2] = [21.644317636, 21.470535135];

    #[test]
    fn other_shapes_are_refused() {
        refuses(psnr);
    }
}
