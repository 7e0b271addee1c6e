//! Concatenation on the CPU: whole images are contiguous copies.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::ConcatKernel;
use crate::cpu::memory::slice;
use crate::cpu::parallel::add;
use crate::device::Images4;

impl ConcatKernel for Cpu {
    fn concat_forward(&self, a: &Images4<Self>, b: &Images4<Self>) -> Result<Images4<Self>, CpuError> {
        let ((n, ca, h, w), cb) = (*a.shape(), b.shape().1);
        let mut y = Vec::with_capacity(n * (ca + cb) * h * w);
        for (a, b) in slice(a)
            .chunks_exact(ca * h * w)
            .zip(slice(b).chunks_exact(cb * h * w))
        {
            y.extend_from_slice(a);
            y.extend_from_slice(b);
        }
        self.try_tensor_from_vec(y, (n, ca + cb, h, w))
    }

    fn concat_backward(
        &self,
        (_, c, h, w): (usize, usize, usize, usize),
        offset: usize,
        channels: usize,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_part: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let len = h * w;
        for (g, gy) in grad_part
            .chunks_exact_mut(c * len)
            .zip(grad_y.chunks_exact(channels * len))
        {
            add(g, &gy[offset * len..(offset + c) * len]);
        }
        Ok(())
    }
}
