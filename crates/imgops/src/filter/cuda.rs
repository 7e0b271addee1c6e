//! A GPU's order of weights: `[narrow, k, k, wide]`, which cuDNN calls KRSC and reads with channels-last images.

use dfdx::tensor::Cuda;
use rayon::prelude::*;

use super::FilterKernel;

impl FilterKernel for Cuda {
    fn filter_len(shape: [usize; 4]) -> usize {
        shape.iter().product()
    }

    fn filter_from_public([_, wide, kh, kw]: [usize; 4], values: &[f32]) -> Vec<f32> {
        turned(values, wide, kh * kw)
    }

    fn filter_to_public([_, wide, kh, kw]: [usize; 4], values: &[f32]) -> Vec<f32> {
        turned(values, kh * kw, wide)
    }
}

/// Matrices of `rows` by `columns`, one after another, each with rows and columns exchanged.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    let each = (rows * columns).max(1);
    let matrices = out.par_chunks_exact_mut(each).zip(values.par_chunks_exact(each));
    matrices.for_each(|(out, values)| {
        for (column, out) in out.chunks_exact_mut(rows).enumerate() {
            for (row, out) in out.iter_mut().enumerate() {
                *out = values[row * columns + column];
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_go_there_and_back() {
        let shape = [2, 3, 2, 2];
        let values: Vec<f32> = (0..24).map(|v| v as f32).collect();
        let stored = Cuda::filter_from_public(shape, &values);
        // The first tap of all three wide channels, then the second tap.
        assert_eq!(stored[..6], [0.0, 4.0, 8.0, 1.0, 5.0, 9.0]);
        assert_eq!(Cuda::filter_to_public(shape, &stored), values);
    }
}
