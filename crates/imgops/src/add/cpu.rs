//! The sum on the CPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};

use super::AddKernel;
use crate::cpu::memory::slice;
use crate::cpu::parallel::add;
use crate::device::Images4;
use crate::layout::channels_last;

impl AddKernel for Cpu {
    fn add_forward(&self, a: &Images4<Self>, b: &Images4<Self>) -> Result<Images4<Self>, CpuError> {
        let mut y = slice(a).to_vec();
        add(&mut y, slice(b));
        channels_last(self, y, *a.shape())
    }

    fn add_backward(
        &self,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_part: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        add(grad_part, grad_y);
        Ok(())
    }
}
