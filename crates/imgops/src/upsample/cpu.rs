//! Upsampling on the CPU: rows and columns are mixed by tables.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::{UpsampleKernel, Upsampling};
use crate::cpu::memory::slice;
use crate::device::Images4;
use crate::layout::new_images;

/// For each output position: the two source positions and the second one's weight.
fn table(mode: Upsampling, len: usize) -> Vec<(usize, usize, f32)> {
    if mode == Upsampling::Nearest {
        return (0..2 * len).map(|i| (i / 2, i / 2, 0.0)).collect();
    }
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
    fn upsample_forward(&self, mode: Upsampling, x: &Images4<Self>) -> Result<Images4<Self>, CpuError> {
        let (n, c, h, w) = *x.shape();
        let (rows, cols) = (table(mode, h), table(mode, w));
        let values = slice(x);
        new_images(self, (n, c, 2 * h, 2 * w), |y| {
            y.par_chunks_mut(2 * w * c).enumerate().for_each(|(row, y)| {
                let (image, (r0, r1, fy)) = (row / (2 * h), rows[row % (2 * h)]);
                let source = |r: usize| &values[(image * h + r) * w * c..][..w * c];
                let (top, bottom) = (source(r0), source(r1));
                for (out, (c0, c1, fx)) in y.chunks_exact_mut(c).zip(&cols) {
                    for (k, o) in out.iter_mut().enumerate() {
                        let upper = top[c0 * c + k] * (1.0 - fx) + top[c1 * c + k] * fx;
                        let lower = bottom[c0 * c + k] * (1.0 - fx) + bottom[c1 * c + k] * fx;
                        *o = upper * (1.0 - fy) + lower * fy;
                    }
                }
            });
        })
    }

    fn upsample_backward(
        &self,
        mode: Upsampling,
        (_, c, h, w): (usize, usize, usize, usize),
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let (rows, cols) = (table(mode, h), table(mode, w));
        grad_x.par_chunks_mut(w * c).enumerate().for_each(|(row, gx)| {
            let (image, y) = (row / h, row % h);
            for (i, (r0, r1, fy)) in rows.iter().enumerate() {
                let share = if *r0 == y { 1.0 - fy } else { 0.0 } + if *r1 == y { *fy } else { 0.0 };
                if share == 0.0 {
                    continue;
                }
                let from = &grad_y[(image * 2 * h + i) * 2 * w * c..][..2 * w * c];
                for (g, (c0, c1, fx)) in from.chunks_exact(c).zip(&cols) {
                    for (k, g) in g.iter().enumerate() {
                        gx[c0 * c + k] += share * g * (1.0 - fx);
                        gx[c1 * c + k] += share * g * fx;
                    }
                }
            }
        });
        Ok(())
    }
}
