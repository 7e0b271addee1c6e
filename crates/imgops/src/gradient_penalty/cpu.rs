//! The penalty on the CPU: norms in f64.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, TensorFromVec};
use rayon::prelude::*;

use super::{EPS, GradientPenaltyKernel};
use crate::cpu::memory::slice;
use crate::cpu::parallel::sum;
use crate::device::{Images4, Scalar};
use crate::layout::new_images;

impl GradientPenaltyKernel for Cpu {
    fn mix_forward(
        &self,
        a: &Images4<Self>,
        b: &Images4<Self>,
        shares: &[f32],
    ) -> Result<Images4<Self>, CpuError> {
        let shape = *a.shape();
        let len = shape.1 * shape.2 * shape.3;
        new_images(self, shape, |out| {
            let images = slice(a).par_chunks(len).zip(slice(b).par_chunks(len));
            out.par_chunks_mut(len)
                .zip(images)
                .zip(shares)
                .for_each(|((out, (a, b)), share)| {
                    for (o, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
                        *o = share * a + (1.0 - share) * b;
                    }
                });
        })
    }

    fn penalty(
        &self,
        gradient: &Images4<Self>,
        weight: f32,
    ) -> Result<(Scalar<Self>, Images4<Self>), CpuError> {
        let shape = *gradient.shape();
        let (n, len) = (shape.0, shape.1 * shape.2 * shape.3);
        let (values, weight) = (slice(gradient), f64::from(weight));
        let norms: Vec<f64> = values
            .chunks(len)
            .map(|g| sum(g, |v| (f64::from(v) + EPS).powi(2)).sqrt())
            .collect();
        let mean = norms.iter().map(|norm| (norm - 1.0).powi(2)).sum::<f64>() / n as f64;
        let value = self.try_tensor_from_vec(vec![(weight * mean) as f32], ())?;
        let direction = new_images(self, shape, |out| {
            out.par_chunks_mut(len)
                .zip(values.par_chunks(len))
                .zip(&norms)
                .for_each(|((out, g), norm)| {
                    let factor = 2.0 * weight / n as f64 * (norm - 1.0) / norm;
                    for (o, g) in out.iter_mut().zip(g) {
                        *o = (factor * (f64::from(*g) + EPS)) as f32;
                    }
                });
        })?;
        Ok((value, direction))
    }
}
