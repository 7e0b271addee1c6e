//! Concatenation on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::ConcatKernel;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

impl ConcatKernel for Cuda {
    fn concat_forward(
        &self,
        a: &Images4<Self>,
        b: &Images4<Self>,
        rectified: bool,
    ) -> Result<Images4<Self>, CudaError> {
        let ((n, ca, h, w), cb) = (*a.shape(), b.shape().1);
        let y = new_images(self, (n, ca + cb, h, w))?;
        let rest = [
            len(ca),
            len(cb),
            uint(rectified),
            at(images(a)?),
            at(images(b)?),
            at(images(&y)?),
        ];
        runtime()?.each(Kernel::Concat, n * (ca + cb) * h * w, &rest)?;
        Ok(y)
    }

    fn concat_backward(
        &self,
        (n, c, h, w): (usize, usize, usize, usize),
        offset: usize,
        channels: usize,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_part: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, to) = (runtime()?, buffer(grad_part));
        let rest = [
            len(c),
            len(offset),
            len(channels),
            at(buffer(grad_y)),
            uint(rt.start(to)),
            at(to),
        ];
        rt.each(Kernel::ConcatBackward, n * c * h * w, &rest)
    }
}
