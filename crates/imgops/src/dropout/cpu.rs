//! Dropout on the CPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::{DropoutKernel, DropoutMask};
use crate::cpu::memory::slice;
use crate::cpu::parallel::CHUNK;
use crate::device::Images4;
use crate::layout::new_images;

impl DropoutKernel for Cpu {
    fn dropout_forward(&self, x: &Images4<Self>, mask: DropoutMask) -> Result<Images4<Self>, CpuError> {
        let values = slice(x);
        new_images(self, *x.shape(), |y| {
            y.par_chunks_mut(CHUNK)
                .zip(values.par_chunks(CHUNK))
                .enumerate()
                .for_each(|(chunk, (y, x))| {
                    for (i, (y, x)) in y.iter_mut().zip(x).enumerate() {
                        *y = *x * mask.factor(chunk * CHUNK + i);
                    }
                });
        })
    }

    fn dropout_backward(
        &self,
        mask: DropoutMask,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        grad_x
            .par_chunks_mut(CHUNK)
            .zip(grad_y.par_chunks(CHUNK))
            .enumerate()
            .for_each(|(chunk, (gx, g))| {
                for (i, (gx, g)) in gx.iter_mut().zip(g).enumerate() {
                    *gx += *g * mask.factor(chunk * CHUNK + i);
                }
            });
        Ok(())
    }
}
