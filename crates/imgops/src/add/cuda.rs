//! The sum on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::AddKernel;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

impl AddKernel for Cuda {
    fn add_forward(&self, a: &Images4<Self>, b: &Images4<Self>) -> Result<Images4<Self>, CudaError> {
        let shape @ (n, c, h, w) = *a.shape();
        let y = new_images(self, shape)?;
        runtime()?.each(
            Kernel::Add,
            n * c * h * w,
            &[at(images(a)?), at(images(b)?), at(images(&y)?)],
        )?;
        Ok(y)
    }

    fn add_backward(
        &self,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_part: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, to) = (runtime()?, buffer(grad_part));
        let len = Storage::<f32>::len(self, grad_y);
        rt.each(
            Kernel::Accumulate,
            len,
            &[at(buffer(grad_y)), uint(rt.start(to)), at(to)],
        )
    }
}
