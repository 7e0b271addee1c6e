//! Images on their way to a device.

use dfdx::tensor::Cpu;
use diptych_domain::{DeviceChoice, Images};
use diptych_imgops::{ImageDevice, Images4, OpError, Scalar, upload_images};

use super::errors::op;
use crate::plugin::{Model, ModelError};

/// Copies images to the device; `what` names them where they have not as many channels as the model takes.
///
/// # Errors
/// [`ModelError::Input`] there; or where the device fails.
pub fn upload<D: ImageDevice>(
    device: &D,
    images: &Images,
    channels: usize,
    what: &str,
) -> Result<Images4<D>, ModelError> {
    if images.c != channels {
        let problem = format!("the {what} has {} channels, the model takes {channels}", images.c);
        return Err(ModelError::Input(problem));
    }
    let shape = (images.n, images.c, images.h, images.w);
    upload_images(device, &images.data, shape).map_err(op)
}

/// Something that is done on whichever device is chosen: models are generic over it.
pub trait OnDevice {
    /// Does it.
    ///
    /// # Errors
    /// Whatever stands in its way.
    fn on<D: ImageDevice>(self, device: D) -> Result<Box<dyn Model>, ModelError>;
}

/// Does `work` on the device of a choice, which keeps the memory of a step's tensors for the next step.
///
/// # Errors
/// [`ModelError::Device`] where it is not to be had; or as `work`.
pub fn on_device(choice: DeviceChoice, work: impl OnDevice) -> Result<Box<dyn Model>, ModelError> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => {
            let device = Cpu::default().for_training();
            work.on(device.map_err(|e| op(OpError::device("cpu")(e)))?)
        }
        DeviceChoice::Cuda(ordinal) => on_gpu(ordinal, work),
    }
}

#[cfg(feature = "cuda")]
fn on_gpu(ordinal: usize, work: impl OnDevice) -> Result<Box<dyn Model>, ModelError> {
    use diptych_imgops::{arithmetic, cuda};
    let device = cuda::open(ordinal, arithmetic::current()).map_err(|e| ModelError::Device(e.to_string()))?;
    work.on(device
        .for_training()
        .map_err(|e| op(OpError::device("cuda")(e)))?)
}

#[cfg(not(feature = "cuda"))]
fn on_gpu(ordinal: usize, _work: impl OnDevice) -> Result<Box<dyn Model>, ModelError> {
    Err(ModelError::Device(format!(
        "cuda:{ordinal} is not to be had: this build has no CUDA kernels; build with `--features cuda`, or use --device cpu"
    )))
}

/// The extents of the latest training images. A device keeps the memory of a step's tensors for the next step; where the
/// extents change, that memory fits nothing any more.
#[derive(Debug, Default)]
pub struct LatestExtents(Option<[usize; 4]>);

impl LatestExtents {
    /// Gives kept memory back where these images are of other extents than the latest.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn note<D: ImageDevice>(&mut self, device: &D, images: &Images) -> Result<(), ModelError> {
        let extents = Some([images.n, images.c, images.h, images.w]);
        if self.0 != extents {
            device.trim().map_err(|e| op(OpError::device("trim")(e)))?;
            self.0 = extents;
        }
        Ok(())
    }
}

/// A loss's value, off the device: waits for it.
///
/// # Errors
/// Where the device fails.
pub fn value<D: ImageDevice>(loss: &Scalar<D>) -> Result<f64, ModelError> {
    let value = loss.device().scalar_to_host(loss);
    Ok(f64::from(value.map_err(|e| op(OpError::device("loss")(e)))?))
}
