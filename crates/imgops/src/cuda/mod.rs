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
mod tape;
pub(crate) mod trained;
mod upload;

pub use device::{DeviceInfo, devices, libraries, open};
pub use driver::Counts;
pub use problem::CudaProblem;

use dfdx::tensor::{Cache, Cuda, CudaError};

use crate::device::ImageDevice;

/// What this process has asked of the GPU so far.
pub fn counts() -> Counts {
    driver::counters().read()
}

impl ImageDevice for Cuda {
    fn for_training(self) -> Result<Self, CudaError> {
        self.try_enable_cache()?;
        Ok(self)
    }

    fn trim(&self) -> Result<(), CudaError> {
        self.try_empty_cache()
    }
}
