//! The sum on the CPU.

use dfdx::tensor::{Cpu, CpuError, Storage};

use super::AddKernel;
use crate::cpu::memory::{changed_copy, slice};
use crate::cpu::parallel::add;
use crate::device::Images4;

impl AddKernel for Cpu {
    fn add_forward(&self, a: &Images4<Self>, b: &Images4<Self>) -> Result<Images4<Self>, CpuError> {
        changed_copy(self, a, |y| add(y, slice(b)))
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
