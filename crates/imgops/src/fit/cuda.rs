//! Fitting on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::FitKernel;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

impl FitKernel for Cuda {
    fn fit_forward(&self, x: &Images4<Self>, (fh, fw): (usize, usize)) -> Result<Images4<Self>, CudaError> {
        let (n, c, h, w) = *x.shape();
        let y = new_images(self, (n, c, fh, fw))?;
        let rest = [
            len(c),
            len(h),
            len(w),
            len(fh),
            len(fw),
            at(images(x)?),
            at(images(&y)?),
        ];
        runtime()?.each(Kernel::Fit, n * c * fh * fw, &rest)?;
        Ok(y)
    }

    fn fit_backward(
        &self,
        (n, c, h, w): (usize, usize, usize, usize),
        (fh, fw): (usize, usize),
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, gx) = (runtime()?, buffer(grad_x));
        let rest = [
            len(c),
            len(h),
            len(w),
            len(fh),
            len(fw),
            at(buffer(grad_y)),
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::FitBackward, n * c * h * w, &rest)
    }
}
