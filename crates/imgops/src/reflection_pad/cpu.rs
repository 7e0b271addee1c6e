//! Reflection padding on the CPU: planes are independent, one task each.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::ReflectionPadKernel;
use crate::cpu::memory::slice;
use crate::device::Images4;

/// The source position of padded position `i`, for `padding < len`.
fn mirror(i: usize, padding: usize, len: usize) -> usize {
    let at = i.abs_diff(padding);
    if at < len { at } else { 2 * (len - 1) - at }
}

impl ReflectionPadKernel for Cpu {
    fn reflection_pad_forward(&self, x: &Images4<Self>, padding: usize) -> Result<Images4<Self>, CpuError> {
        let (n, c, h, w) = *x.shape();
        let (ph, pw) = (h + 2 * padding, w + 2 * padding);
        let mut y = vec![0.0; n * c * ph * pw];
        y.par_chunks_mut(ph * pw)
            .zip(slice(x).par_chunks(h * w))
            .for_each(|(y, x)| {
                for (i, row) in y.chunks_exact_mut(pw).enumerate() {
                    let from = &x[mirror(i, padding, h) * w..][..w];
                    row[padding..padding + w].copy_from_slice(from);
                    for j in (0..padding).chain(padding + w..pw) {
                        row[j] = from[mirror(j, padding, w)];
                    }
                }
            });
        self.try_tensor_from_vec(y, (n, c, ph, pw))
    }

    fn reflection_pad_backward(
        &self,
        (_, _, h, w): (usize, usize, usize, usize),
        padding: usize,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let (ph, pw) = (h + 2 * padding, w + 2 * padding);
        grad_x
            .par_chunks_mut(h * w)
            .zip(grad_y.par_chunks(ph * pw))
            .for_each(|(gx, gy)| {
                for (i, row) in gy.chunks_exact(pw).enumerate() {
                    let to = &mut gx[mirror(i, padding, h) * w..][..w];
                    for (t, g) in to.iter_mut().zip(&row[padding..padding + w]) {
                        *t += *g;
                    }
                    for j in (0..padding).chain(padding + w..pw) {
                        to[mirror(j, padding, w)] += row[j];
                    }
                }
            });
        Ok(())
    }
}
