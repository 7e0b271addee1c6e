//! What the CPU kernels share: access to tensor memory, microkernels, convolutions' products, reductions.

#[macro_use]
pub mod simd;

#[cfg(any(test, not(feature = "cuda")))] // with CUDA, work need not be `Send`
pub(crate) mod awake;
pub(crate) mod columns;
pub mod convolve;
pub(crate) mod correlate;
pub(crate) mod direct;
pub(crate) mod few;
pub(crate) mod kernel;
pub(crate) mod made;
pub(crate) mod memory;
pub(crate) mod norm;
pub(crate) mod padded;
pub(crate) mod panels;
pub(crate) mod parallel;
pub(crate) mod scratch;
pub(crate) mod steps;
pub(crate) mod winograd;

use dfdx::tensor::{AsArray, Cpu, CpuError, Gradients, OwnedTape, Storage};
use dfdx::tensor_ops::{Backward, TryAdd};

use crate::device::{GradientBuffer, Scalar, TapeKernel};

impl TapeKernel for Cpu {
    fn add_scalars(
        a: Scalar<Self, OwnedTape<f32, Self>>,
        b: Scalar<Self, OwnedTape<f32, Self>>,
    ) -> Result<Scalar<Self, OwnedTape<f32, Self>>, CpuError> {
        a.try_add(b)
    }

    fn run_backward(loss: Scalar<Self, OwnedTape<f32, Self>>) -> Result<Gradients<f32, Self>, CpuError> {
        loss.try_backward()
    }

    fn scalar_to_host(&self, scalar: &Scalar<Self>) -> Result<f32, CpuError> {
        Ok(scalar.array())
    }
}

impl GradientBuffer for Cpu {
    fn take_buffer(&self, slot: &mut Self::Vec) -> Result<Self::Vec, CpuError> {
        let empty = Storage::<f32>::try_alloc_len(self, 0)?;
        Ok(std::mem::replace(slot, empty))
    }

    fn buffer_to_host(&self, buffer: &Self::Vec) -> Result<Vec<f32>, CpuError> {
        Ok(buffer.to_vec())
    }

    fn sum_of_squares(&self, buffer: &Self::Vec) -> Result<f64, CpuError> {
        Ok(parallel::sum_of_squares(buffer))
    }

    fn buffer_from_host(&self, buffer: &mut Self::Vec, values: &[f32]) -> Result<(), CpuError> {
        if buffer.len() != values.len() {
            return Err(CpuError::WrongNumElements);
        }
        buffer.copy_from_slice(values);
        Ok(())
    }
}
