//! Batches on a GPU: images lie one behind the other.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError};

use super::BatchKernel;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, maybe, uint};
use crate::cuda::memory::{images, new_images};
use crate::device::Images4;

/// Copies `len` values.
fn copy(from: u64, to: u64, len: usize) -> Result<(), CudaError> {
    runtime()?.each(Kernel::Accumulate, len, &[at(from), uint(true), at(to)])
}

/// Bytes of so many values.
fn bytes(values: usize) -> u64 {
    (values * size_of::<f32>()) as u64
}

impl BatchKernel for Cuda {
    fn image_of(&self, x: &Images4<Self>, i: usize) -> Result<Images4<Self>, CudaError> {
        let (_, c, h, w) = *x.shape();
        let (out, len) = (new_images(self, (1, c, h, w))?, c * h * w);
        copy(images(x)? + bytes(i * len), images(&out)?, len)?;
        Ok(out)
    }

    fn batch_of(&self, parts: &[Images4<Self>]) -> Result<Images4<Self>, CudaError> {
        let (_, c, h, w) = *parts[0].shape();
        let (out, len) = (new_images(self, (parts.len(), c, h, w))?, c * h * w);
        for (i, image) in parts.iter().enumerate() {
            copy(images(image)?, images(&out)? + bytes(i * len), len)?;
        }
        Ok(out)
    }

    // Kept images stay where they are: a step's addresses do not depend on which of them it meets.
    fn exchanged(
        &self,
        x: &Images4<Self>,
        slots: &mut [Option<&mut Images4<Self>>],
    ) -> Result<Images4<Self>, CudaError> {
        let shape @ (_, c, h, w) = *x.shape();
        let (out, len) = (new_images(self, shape)?, c * h * w);
        for (i, slot) in slots.iter_mut().enumerate() {
            let kept = slot.as_deref().map(images).transpose()?;
            let places = [images(x)?, images(&out)?].map(|at| at + bytes(i * len));
            let rest = [at(places[0]), maybe(kept), at(places[1])];
            runtime()?.each(Kernel::Exchange, len, &rest)?;
        }
        Ok(out)
    }
}
