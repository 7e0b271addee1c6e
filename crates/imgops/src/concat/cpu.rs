//! Concatenation on the CPU: pixel by pixel.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::ConcatKernel;
use crate::cpu::columns::task_len;
use crate::cpu::memory::slice;
use crate::device::Images4;
use crate::layout::new_images;

/// The channels of pixels side by side, of two parts with so many each; negative values become zeros where `rectified`.
pub(crate) fn join([(a, ca), (b, cb)]: [(&[f32], usize); 2], rectified: bool, y: &mut [f32]) {
    let c = ca + cb;
    let task = task_len(c);
    let pixels = task / c;
    y.par_chunks_mut(task)
        .zip(a.par_chunks(pixels * ca))
        .zip(b.par_chunks(pixels * cb))
        .for_each(|((y, a), b)| {
            let parts = a.chunks_exact(ca).zip(b.chunks_exact(cb));
            for (y, (a, b)) in y.chunks_exact_mut(c).zip(parts) {
                let (first, second) = y.split_at_mut(ca);
                first.copy_from_slice(a);
                second.copy_from_slice(b);
                if rectified {
                    // Written so that NaN is kept.
                    y.iter_mut().for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v });
                }
            }
        });
}

/// Adds the part's share of the joined pixels' gradient to its own: `c` channels from `offset` of `channels`.
pub(crate) fn add_part(c: usize, offset: usize, channels: usize, grad_y: &[f32], grad_part: &mut [f32]) {
    let task = task_len(c);
    grad_part
        .par_chunks_mut(task)
        .zip(grad_y.par_chunks(task / c * channels))
        .for_each(|(g, gy)| {
            for (g, gy) in g.chunks_exact_mut(c).zip(gy.chunks_exact(channels)) {
                g.iter_mut().zip(&gy[offset..]).for_each(|(g, gy)| *g += *gy);
            }
        });
}

impl ConcatKernel for Cpu {
    fn concat_forward(
        &self,
        a: &Images4<Self>,
        b: &Images4<Self>,
        rectified: bool,
    ) -> Result<Images4<Self>, CpuError> {
        let ((n, ca, h, w), cb) = (*a.shape(), b.shape().1);
        let parts = [(slice(a), ca), (slice(b), cb)];
        new_images(self, (n, ca + cb, h, w), |y| join(parts, rectified, y))
    }

    fn concat_backward(
        &self,
        (_, c, _, _): (usize, usize, usize, usize),
        offset: usize,
        channels: usize,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_part: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        add_part(c, offset, channels, grad_y, grad_part);
        Ok(())
    }
}
