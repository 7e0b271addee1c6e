//! Reflection padding on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::ReflectionPadKernel;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

impl ReflectionPadKernel for Cuda {
    fn reflection_pad_forward(&self, x: &Images4<Self>, padding: usize) -> Result<Images4<Self>, CudaError> {
        let (n, c, h, w) = *x.shape();
        let (ph, pw) = (h + 2 * padding, w + 2 * padding);
        let y = new_images(self, (n, c, ph, pw))?;
        let rest = [
            len(c),
            len(h),
            len(w),
            len(padding),
            at(images(x)?),
            at(images(&y)?),
        ];
        runtime()?.each(Kernel::ReflectionPad, n * c * ph * pw, &rest)?;
        Ok(y)
    }

    fn reflection_pad_backward(
        &self,
        (n, c, h, w): (usize, usize, usize, usize),
        padding: usize,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, gx) = (runtime()?, buffer(grad_x));
        let rest = [
            len(c),
            len(h),
            len(w),
            len(padding),
            at(buffer(grad_y)),
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::ReflectionPadBackward, n * c * h * w, &rest)
    }
}
