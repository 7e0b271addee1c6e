//! Dropout on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{DropoutKernel, DropoutMask};
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Arg, Kernel, at, real, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

impl DropoutMask {
    /// As the kernel is told it, which computes [`DropoutMask::factor`] by itself.
    fn args(self) -> [Arg; 3] {
        [uint(self.seed), uint(self.threshold), real(self.scale)]
    }
}

impl DropoutKernel for Cuda {
    fn dropout_forward(&self, x: &Images4<Self>, mask: DropoutMask) -> Result<Images4<Self>, CudaError> {
        let shape @ (n, c, h, w) = *x.shape();
        let (y, values) = (new_images(self, shape)?, n * c * h * w);
        let [seed, threshold, scale] = mask.args();
        let rest = [
            seed,
            threshold,
            scale,
            at(images(x)?),
            uint(true),
            at(images(&y)?),
        ];
        runtime()?.each_of(Kernel::Dropout, values.div_ceil(2), values, &rest)?;
        Ok(y)
    }

    fn dropout_backward(
        &self,
        mask: DropoutMask,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, values, gx) = (runtime()?, Storage::<f32>::len(self, grad_y), buffer(grad_x));
        let [seed, threshold, scale] = mask.args();
        let rest = [
            seed,
            threshold,
            scale,
            at(buffer(grad_y)),
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each_of(Kernel::Dropout, values.div_ceil(2), values, &rest)
    }
}
