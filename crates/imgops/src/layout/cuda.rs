//! A GPU's order is channels-last, as the CPU's: tensor cores read it without conversions, and masks and norms have one
//! definition on both. Images are brought into it as they are uploaded; a tensor that dfdx made otherwise is not taken for images.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::LayoutKernel;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::{buffer, images, new_images, pointer};
use crate::device::Images4;

type Shape = (usize, usize, usize, usize);

impl LayoutKernel for Cuda {
    fn images_from_host(&self, values: &[f32], shape: Shape) -> Result<Images4<Self>, CudaError> {
        let (n, c, h, w) = shape;
        let y = new_images(self, shape)?;
        let (rt, to) = (runtime()?, at(images(&y)?));
        if n * c * h * w > 0 {
            rt.uploads()?.send(values, |from| {
                let rest = [len(c), len(h * w), at(from), uint(true), to];
                rt.each(Kernel::PlanesToPixels, values.len(), &rest)
            })?;
        }
        Ok(y)
    }

    fn images_to_host(&self, x: &Images4<Self>) -> Result<Vec<f32>, CudaError> {
        let (n, c, h, w) = *x.shape();
        let mut pixels = vec![0.0f32; n * c * h * w];
        runtime()?.read(images(x)?, &mut pixels)?;
        let mut planes = vec![0.0f32; pixels.len()];
        for (plane, values) in planes.chunks_exact_mut((h * w).max(1)).enumerate() {
            let image = &pixels[plane / c * c * h * w..];
            let channel = image.iter().skip(plane % c).step_by(c);
            values.iter_mut().zip(channel).for_each(|(to, from)| *to = *from);
        }
        Ok(planes)
    }

    fn is_arranged(_x: &Images4<Self>) -> bool {
        true
    }

    fn arrange_forward(&self, x: &Images4<Self>) -> Result<Images4<Self>, CudaError> {
        let shape @ (n, c, h, w) = *x.shape();
        let y = new_images(self, shape)?;
        let rest = [len(c), len(h * w), at(pointer(x)?), uint(true), at(images(&y)?)];
        runtime()?.each(Kernel::PlanesToPixels, n * c * h * w, &rest)?;
        Ok(y)
    }

    fn arrange_backward(
        &self,
        (n, c, h, w): Shape,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, gx) = (runtime()?, buffer(grad_x));
        let rest = [len(c), len(h * w), at(buffer(grad_y)), uint(rt.start(gx)), at(gx)];
        rt.each(Kernel::PixelsToPlanes, n * c * h * w, &rest)
    }
}
