//! Bilinear upsampling on the CPU: planes are independent, one task each; rows and columns are mixed by tables.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::UpsampleKernel;
use crate::cpu::memory::slice;
use crate::device::Images4;

/// For each output position: the two source positions and the second one's weight.
fn table(len: usize) -> Vec<(usize, usize, f32)> {
    let step = if len > 1 {
        (len - 1) as f32 / (2 * len - 1) as f32
    } else {
        0.0
    };
    (0..2 * len)
        .map(|i| {
            let at = i as f32 * step;
            let low = (at as usize).min(len - 1);
            (low, (low + 1).min(len - 1), at - low as f32)
        })
        .collect()
}

impl UpsampleKernel for Cpu {
    fn upsample_forward(&self, x: &Images4<Self>) -> Result<Images4<Self>, CpuError> {
        let (n, c, h, w) = *x.shape();
        let (rows, cols) = (table(h), table(w));
        let mut y = vec![0.0; n * c * 4 * h * w];
        y.par_chunks_mut(4 * h * w)
            .zip(slice(x).par_chunks(h * w))
            .for_each(|(y, x)| {
                for (out, (r0, r1, fy)) in y.chunks_exact_mut(2 * w).zip(&rows) {
                    let (top, bottom) = (&x[r0 * w..][..w], &x[r1 * w..][..w]);
                    for (o, (c0, c1, fx)) in out.iter_mut().zip(&cols) {
                        let upper = top[*c0] * (1.0 - fx) + top[*c1] * fx;
                        let lower = bottom[*c0] * (1.0 - fx) + bottom[*c1] * fx;
                        *o = upper * (1.0 - fy) + lower * fy;
                    }
                }
            });
        self.try_tensor_from_vec(y, (n, c, 2 * h, 2 * w))
    }

    fn upsample_backward(
        &self,
        (_, _, h, w): (usize, usize, usize, usize),
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let (rows, cols) = (table(h), table(w));
        grad_x
            .par_chunks_mut(h * w)
            .zip(grad_y.par_chunks(4 * h * w))
            .for_each(|(gx, gy)| {
                for (g, (r0, r1, fy)) in gy.chunks_exact(2 * w).zip(&rows) {
                    for (g, (c0, c1, fx)) in g.iter().zip(&cols) {
                        let (upper, lower) = (g * (1.0 - fy), g * fy);
                        gx[r0 * w + c0] += upper * (1.0 - fx);
                        gx[r0 * w + c1] += upper * fx;
                        gx[r1 * w + c0] += lower * (1.0 - fx);
                        gx[r1 * w + c1] += lower * fx;
                    }
                }
            });
        Ok(())
    }
}
