//! Adam on the CPU: one pass over memory, all cores.

use dfdx::shapes::Shape;
use dfdx::tensor::{Cpu, CpuError, Storage, Tensor};
use rayon::prelude::*;

use super::{AdamConfig, AdamKernel};
use crate::cpu::memory::slice_mut;
use crate::cpu::parallel::CHUNK;

impl AdamKernel for Cpu {
    fn adam_step<S: Shape>(
        &self,
        config: &AdamConfig,
        t: u64,
        param: &mut Tensor<S, f32, Self>,
        grad: &mut <Self as Storage<f32>>::Vec,
        m: &mut <Self as Storage<f32>>::Vec,
        v: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let (step_size, correction) = config.corrections(t);
        let (step_size, correction, eps) = (step_size as f32, correction as f32, config.eps as f32);
        let (b1, b2) = (config.beta1 as f32, config.beta2 as f32);
        let (a1, a2) = ((1.0 - config.beta1) as f32, (1.0 - config.beta2) as f32);
        let values = slice_mut(param)
            .par_chunks_mut(CHUNK)
            .zip(grad.par_chunks_mut(CHUNK));
        let moments = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
        values.zip(moments).for_each(|((param, grad), (m, v))| {
            for (((p, g), m), v) in param.iter_mut().zip(grad).zip(m).zip(v) {
                *m = b1 * *m + a1 * *g;
                *v = b2 * *v + a2 * *g * *g;
                *p -= step_size * *m / (v.sqrt() * correction + eps);
                *g = 0.0;
            }
        });
        Ok(())
    }
}
