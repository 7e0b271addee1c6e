//! Mean absolute error.

use diptych_domain::Images;
use rayon::prelude::*;

use super::{MetricError, comparable};

/// The mean absolute difference of each pair of images, on the scale where black is 0 and white is 1 (half of the
/// difference in [-1, 1], 1/255 of that in 8 bits): 0 for equal images, 1 at most.
///
/// # Errors
/// Shapes that differ, and empty batches.
pub fn l1(left: &Images, right: &Images) -> Result<Vec<f64>, MetricError> {
    comparable(left, right)?;
    Ok((0..left.n)
        .into_par_iter()
        .map(|i| mean_difference(left.image(i), right.image(i)))
        .collect())
}

fn mean_difference(a: &[f32], b: &[f32]) -> f64 {
    let sum: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs())
        .sum();
    0.5 * sum / a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixtures::{noisy, refuses};

    #[test]
    fn equal_images_have_none_and_black_against_white_is_one() {
        let (a, _) = noisy();
        assert_eq!(l1(&a, &a).unwrap(), [0.0, 0.0]);
        let side = |v| Images {
            data: vec![v; 12],
            ..Images::zeros(1, 3, 2, 2)
        };
        assert_eq!(l1(&side(-1.0), &side(1.0)).unwrap(), [1.0]);
    }

    #[test]
    fn known_values() {
        let (a, b) = noisy();
        let got = l1(&a, &b).unwrap();
        for (g, want) in got.iter().zip(L1_KNOWN) {
            assert!((g - want).abs() < 1e-7, "{got:?}");
        }
    }

    /// By numpy, in f64.
    const L1_KNOWN: [f64; 2] = [0.067989108, 0.068745100];

    #[test]
    fn other_shapes_are_refused() {
        refuses(l1);
    }
}
