//! Instance norm on the CPU: planes are independent, one task each.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::{EPS, InstanceNormKernel};
use crate::cpu::memory::slice;
use crate::cpu::norm::{moments, sum_of, sum_of2};
use crate::device::{Images4, Vector};

impl InstanceNormKernel for Cpu {
    fn instance_norm_forward(&self, x: &Images4<Self>) -> Result<(Images4<Self>, Vector<Self>), CpuError> {
        let shape = *x.shape();
        let len = shape.2 * shape.3;
        let values = slice(x);
        let mut y = vec![0.0; values.len()];
        let inv_std: Vec<f32> = y
            .par_chunks_mut(len)
            .zip(values.par_chunks(len))
            .map(|(y, x)| {
                let (mean, var, _) = moments(std::iter::once(x));
                let (centre, scale) = (mean as f32, (1.0 / (var + f64::from(EPS)).sqrt()) as f32);
                for (y, x) in y.iter_mut().zip(x) {
                    *y = (*x - centre) * scale;
                }
                scale
            })
            .collect();
        Ok((
            self.try_tensor_from_vec(y, shape)?,
            self.try_tensor_from_vec(inv_std, (shape.0 * shape.1,))?,
        ))
    }

    fn instance_norm_backward(
        &self,
        y: &Images4<Self>,
        inv_std: &Vector<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let len = y.shape().2 * y.shape().3;
        let planes = grad_x
            .par_chunks_mut(len)
            .zip(slice(y).par_chunks(len))
            .zip(grad_y.par_chunks(len));
        planes.zip(slice(inv_std)).for_each(|(((gx, y), g), scale)| {
            let mean_g = (sum_of(g, |g| g) / len as f64) as f32;
            let slope = (sum_of2(g, y, |g, y| g * y) / len as f64) as f32;
            for ((gx, y), g) in gx.iter_mut().zip(y).zip(g) {
                *gx += scale * (*g - mean_g - *y * slope);
            }
        });
        Ok(())
    }
}
