//! Structural similarity (Wang, Bovik, Sheikh and Simoncelli, 2004).

use diptych_domain::Images;
use rayon::prelude::*;

use super::{MetricError, comparable};

/// The side of the window in pixels.
const WINDOW: usize = 11;
/// The window's standard deviation in pixels.
const SIGMA: f64 = 1.5;
const K1: f64 = 0.01;
const K2: f64 = 0.03;

/// The mean structural similarity of each pair of images: 1 for equal ones, lower for others. A Gaussian window of 11 x 11
/// with sigma 1.5, K1 = 0.01, K2 = 0.03, over the places where the window lies wholly in the image, averaged over the
/// channels. On an image with a side under 11 pixels the window shrinks to the largest odd side that fits.
///
/// # Errors
/// Shapes that differ, and empty batches.
pub fn ssim(left: &Images, right: &Images) -> Result<Vec<f64>, MetricError> {
    comparable(left, right)?;
    let plane = left.h * left.w;
    let planes: Vec<f64> = left
        .data
        .par_chunks_exact(plane)
        .zip(right.data.par_chunks_exact(plane))
        .map(|(a, b)| plane_ssim(a, b, left.w))
        .collect();
    Ok(planes
        .chunks_exact(left.c)
        .map(|c| c.iter().sum::<f64>() / c.len() as f64)
        .collect())
}

/// Normalised weights of `side` taps.
fn gaussian(side: usize) -> Vec<f64> {
    let middle = (side / 2) as f64;
    let raw: Vec<f64> = (0..side)
        .map(|i| (-0.5 * ((i as f64 - middle) / SIGMA).powi(2)).exp())
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|w| w / sum).collect()
}

fn plane_ssim(a: &[f32], b: &[f32], width: usize) -> f64 {
    let height = a.len() / width;
    let largest = width.min(height).min(WINDOW);
    let taps = gaussian(if largest.is_multiple_of(2) {
        largest - 1
    } else {
        largest
    });
    let (rows, columns) = (height + 1 - taps.len(), width + 1 - taps.len());
    // Vertical sums of a, b, aa, bb, ab for one line of windows, then the horizontal ones.
    let mut vertical: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; width]);
    let mut moments: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; columns]);
    let mut total = 0.0;
    for y in 0..rows {
        vertical.iter_mut().for_each(|line| line.fill(0.0));
        for (t, &weight) in taps.iter().enumerate() {
            let line = (y + t) * width..(y + t + 1) * width;
            let [va, vb, vaa, vbb, vab] = &mut vertical;
            let inputs = a[line.clone()].iter().zip(&b[line]);
            let outputs = va.iter_mut().zip(vb).zip(vaa).zip(vbb).zip(vab);
            for ((p, q), ((((va, vb), vaa), vbb), vab)) in inputs.zip(outputs) {
                // Black is 0 and white 1, so that the constants below are K squared.
                let (p, q) = (0.5 * f64::from(*p) + 0.5, 0.5 * f64::from(*q) + 0.5);
                *va += weight * p;
                *vb += weight * q;
                *vaa += weight * p * p;
                *vbb += weight * q * q;
                *vab += weight * p * q;
            }
        }
        for (out, input) in moments.iter_mut().zip(&vertical) {
            out.fill(0.0);
            for (t, &weight) in taps.iter().enumerate() {
                out.iter_mut()
                    .zip(&input[t..])
                    .for_each(|(o, v)| *o += weight * v);
            }
        }
        let [ma, mb, maa, mbb, mab] = &moments;
        total += (0..columns)
            .map(|x| similarity(ma[x], mb[x], maa[x], mbb[x], mab[x]))
            .sum::<f64>();
    }
    total / (rows * columns) as f64
}

/// One window's value from its means and mean products.
fn similarity(a: f64, b: f64, aa: f64, bb: f64, ab: f64) -> f64 {
    let (c1, c2) = (K1 * K1, K2 * K2);
    let (variance_a, variance_b, covariance) = (aa - a * a, bb - b * b, ab - a * b);
    (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (variance_a + variance_b + c2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixtures::{noisy, refuses};

    #[test]
    fn equal_images_have_one() {
        let (a, _) = noisy();
        for value in ssim(&a, &a).unwrap() {
            assert!((value - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn known_values() {
        let (a, b) = noisy();
        let got = ssim(&a, &b).unwrap();
        for (g, want) in got.iter().zip(SSIM_KNOWN) {
            assert!((g - want).abs() < 1e-6, "{got:?}");
        }
    }

    /// By scikit-image's `structural_similarity` with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    /// data_range=1`.
    const SSIM_KNOWN: [f64; 2] = [0.950909147, 0.948862281];

    #[test]
    fn flat_images_follow_the_luminance_term() {
        let flat = |v| Images {
            data: vec![v; 16 * 16],
            ..Images::zeros(1, 1, 16, 16)
        };
        let value = ssim(&flat(-1.0), &flat(1.0)).unwrap()[0];
        assert!((value - 1e-4 / (1.0 + 1e-4)).abs() < 1e-9, "{value}");
    }

    #[test]
    fn small_images_get_a_smaller_window() {
        let one = Images {
            data: vec![0.0],
            ..Images::zeros(1, 1, 1, 1)
        };
        assert!((ssim(&one, &one).unwrap()[0] - 1.0).abs() < 1e-12);
        let a = Images {
            data: (0..24).map(|i| i as f32 / 24.0).collect(),
            ..Images::zeros(1, 1, 4, 6)
        };
        let b = Images {
            data: a.data.iter().map(|v| -v).collect(),
            ..a.clone()
        };
        let value = ssim(&a, &b).unwrap()[0];
        assert!(value < 0.5, "{value}");
    }

    #[test]
    fn other_shapes_are_refused() {
        refuses(ssim);
    }
}
