//! A GPU's order of weights: `[narrow, k, k, wide]`, which cuDNN calls KRSC and reads with channels-last images.

use dfdx::tensor::Cuda;

use super::FilterKernel;

impl FilterKernel for Cuda {
    fn filter_len(shape: [usize; 4]) -> usize {
        shape.iter().product()
    }

    fn filter_from_public([_, wide, kh, kw]: [usize; 4], values: &[f32]) -> Vec<f32> {
        let taps = kh * kw;
        let narrow = values.chunks_exact((wide * taps).max(1));
        narrow
            .flat_map(|one| (0..wide * taps).map(move |i| one[i % wide * taps + i / wide]))
            .collect()
    }

    fn filter_to_public([_, wide, kh, kw]: [usize; 4], values: &[f32]) -> Vec<f32> {
        let taps = kh * kw;
        let narrow = values.chunks_exact((wide * taps).max(1));
        narrow
            .flat_map(|one| (0..wide * taps).map(move |i| one[i % taps * wide + i / taps]))
            .collect()
    }
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
