//! Upsampling on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{UpsampleKernel, Upsampling};
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

impl UpsampleKernel for Cuda {
    fn upsample_forward(&self, mode: Upsampling, x: &Images4<Self>) -> Result<Images4<Self>, CudaError> {
        let (n, c, h, w) = *x.shape();
        let y = new_images(self, (n, c, 2 * h, 2 * w))?;
        let bilinear = uint(mode == Upsampling::Bilinear);
        let rest = [bilinear, len(c), len(h), len(w), at(images(x)?), at(images(&y)?)];
        runtime()?.each(Kernel::Upsample, 4 * n * c * h * w, &rest)?;
        Ok(y)
    }

    fn upsample_backward(
        &self,
        mode: Upsampling,
        (n, c, h, w): (usize, usize, usize, usize),
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, gx) = (runtime()?, buffer(grad_x));
        let bilinear = uint(mode == Upsampling::Bilinear);
        let rest = [
            bilinear,
            len(c),
            len(h),
            len(w),
            at(buffer(grad_y)),
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::UpsampleBackward, n * c * h * w, &rest)
    }
}
