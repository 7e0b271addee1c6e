//! Batches on the CPU: images lie one behind the other.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError};

use super::BatchKernel;
use crate::cpu::memory::slice;
use crate::cpu::parallel::copy;
use crate::device::Images4;
use crate::layout::new_images;

impl BatchKernel for Cpu {
    fn image_of(&self, x: &Images4<Self>, i: usize) -> Result<Images4<Self>, CpuError> {
        let (_, c, h, w) = *x.shape();
        let len = c * h * w;
        new_images(self, (1, c, h, w), |out| copy(out, &slice(x)[i * len..][..len]))
    }

    fn batch_of(&self, images: &[Images4<Self>]) -> Result<Images4<Self>, CpuError> {
        let (_, c, h, w) = *images[0].shape();
        new_images(self, (images.len(), c, h, w), |out| {
            for (out, image) in out.chunks_exact_mut((c * h * w).max(1)).zip(images) {
                copy(out, slice(image));
            }
        })
    }

    fn exchanged(
        &self,
        x: &Images4<Self>,
        slots: &mut [Option<&mut Images4<Self>>],
    ) -> Result<Images4<Self>, CpuError> {
        if slots.iter().all(Option::is_none) {
            return Ok(x.clone());
        }
        let mut images = Vec::with_capacity(slots.len());
        for (i, slot) in slots.iter_mut().enumerate() {
            let image = self.image_of(x, i)?;
            images.push(match slot {
                Some(slot) => std::mem::replace(*slot, image),
                None => image,
            });
        }
        self.batch_of(&images)
    }
}
