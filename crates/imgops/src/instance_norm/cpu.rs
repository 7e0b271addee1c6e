//! Instance norm on the CPU: every image is a group of rows.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::{EPS, InstanceNormKernel};
use crate::activation::Activation;
use crate::cpu::memory::slice;
use crate::cpu::norm::{Affine, apply, gradient_sums, input_gradient, moments, slope};
use crate::device::{Images4, Vector};
use crate::layout::new_images_after;

impl InstanceNormKernel for Cpu {
    fn instance_norm_forward(
        &self,
        x: &Images4<Self>,
        activation: Option<Activation>,
    ) -> Result<(Images4<Self>, Vector<Self>, Vector<Self>), CpuError> {
        let shape = *x.shape();
        let (n, c) = (shape.0, shape.1);
        let statistics = || {
            let (means, variances) = moments(slice(x), n, c);
            let centre: Vec<f32> = means.iter().map(|m| *m as f32).collect();
            let scale: Vec<f32> = variances
                .iter()
                .map(|v| (1.0 / (v + f64::from(EPS)).sqrt()) as f32)
                .collect();
            (centre, scale)
        };
        let (y, (centre, scale)) = new_images_after(self, shape, statistics, |(centre, scale), y| {
            let affine = Affine {
                centre,
                scale,
                shift: &vec![0.0; n * c],
                slope: slope(activation),
            };
            apply(slice(x), n, c, &affine, y);
        })?;
        Ok((
            y,
            self.try_tensor_from_vec(centre, (n * c,))?,
            self.try_tensor_from_vec(scale, (n * c,))?,
        ))
    }

    fn instance_norm_backward(
        &self,
        x: &Images4<Self>,
        mean: &Vector<Self>,
        inv_std: &Vector<Self>,
        activation: Option<Activation>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let (n, c, h, w) = *x.shape();
        let scale = slice(inv_std);
        let affine = Affine {
            centre: slice(mean),
            scale,
            shift: &vec![0.0; n * c],
            slope: slope(activation),
        };
        let [plain, weighted] = gradient_sums(slice(x), grad_y, n, c, &affine);
        let count = (h * w) as f64;
        let mean_g: Vec<f32> = plain.iter().map(|s| (s / count) as f32).collect();
        let tilt: Vec<f32> = weighted
            .iter()
            .zip(scale)
            .map(|(s, k)| (s * f64::from(*k).powi(2) / count) as f32)
            .collect();
        input_gradient(slice(x), grad_y, n, c, &affine, (&mean_g, &tilt), grad_x);
        Ok(())
    }
}
