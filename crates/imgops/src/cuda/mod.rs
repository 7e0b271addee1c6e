//! NVIDIA GPUs: dfdx's CUDA device with this crate's kernels (`kernels.cu`) and cuDNN.
//!
//! Nothing is linked. The driver, cuDNN 9 and NVRTC are opened when a device is ([`open`]); what is missing is a
//! [`CudaProblem`] that says so. Each operation's kernel trait is implemented in its own folder's `cuda.rs`.

pub(crate) mod convolve;
pub(crate) mod cudnn;
pub mod device;
pub mod driver;
pub(crate) mod kernels;
pub(crate) mod memory;
mod nvrtc;
pub mod problem;
pub(crate) mod queue;
mod tape;
pub(crate) mod trained;
mod upload;

pub use device::{DeviceInfo, devices, libraries, open};
pub use driver::Counts;
pub use problem::CudaProblem;

use dfdx::tensor::{Cuda, CudaError};

use crate::device::ImageDevice;

/// What this process has asked of the GPU so far.
pub fn counts() -> Counts {
    driver::counters().read()
}

impl ImageDevice for Cuda {
    fn for_training(self) -> Result<Self, CudaError> {
        driver::cache::enable();
        Ok(self)
    }

    fn trim(&self) -> Result<(), CudaError> {
        driver::trim();
        Ok(())
    }

    /// The device begins with the step's last work before the host has something else for it.
    fn enter<R: crate::device::MaybeSend>(work: impl FnOnce() -> R + crate::device::MaybeSend) -> R {
        let done = work();
        device::settle_later();
        done
    }
}
