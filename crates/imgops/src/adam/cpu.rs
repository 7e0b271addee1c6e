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
        clear: bool,
        m: &mut <Self as Storage<f32>>::Vec,
        v: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let (step_size, correction) = config.corrections(t);
        let factors = Factors {
            step_size: step_size as f32,
            correction: correction as f32,
            eps: config.eps as f32,
            b1: config.beta1 as f32,
            b2: config.beta2 as f32,
            a1: (1.0 - config.beta1) as f32,
            a2: (1.0 - config.beta2) as f32,
        };
        let values = slice_mut(param)
            .par_chunks_mut(CHUNK)
            .zip(grad.par_chunks_mut(CHUNK));
        let moments = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
        values.zip(moments).for_each(|((param, grad), (m, v))| {
            update(&factors, param, grad, m, v);
            if clear {
                grad.fill(0.0);
            }
        });
        Ok(())
    }
}

/// One step's constants.
struct Factors {
    step_size: f32,
    correction: f32,
    eps: f32,
    b1: f32,
    b2: f32,
    a1: f32,
    a2: f32,
}

simd! {
    fn update(f: &Factors, param: &mut [f32], grad: &[f32], m: &mut [f32], v: &mut [f32]) {
        for (((p, g), m), v) in param.iter_mut().zip(grad).zip(m).zip(v) {
            *m = f.b1 * *m + f.a1 * *g;
            *v = f.b2 * *v + f.a2 * *g * *g;
            *p -= f.step_size * *m / (v.sqrt() * f.correction + f.eps);
        }
    }
}
