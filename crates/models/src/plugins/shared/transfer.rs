//! Images on their way to a device.

use dfdx::tensor::Cpu;
use diptych_domain::{DeviceChoice, Images};
use diptych_imgops::{ImageDevice, Images4, OpError, Scalar, upload_images};

use super::errors::op;
use crate::plugin::ModelError;

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

/// The device that a model trains on, keeping the memory of a step's tensors for the next step.
///
/// # Errors
/// [`ModelError::Device`] where it is not to be had.
pub fn training_device(choice: DeviceChoice) -> Result<Cpu, ModelError> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => Cpu::default()
            .for_training()
            .map_err(|e| op(OpError::device("cpu")(e))),
        DeviceChoice::Cuda(n) => Err(ModelError::Device(format!(
            "cuda:{n} is not to be had: this build has no CUDA kernels; use --device cpu"
        ))),
    }
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

/// A loss's value, off the device.
pub fn value<D: ImageDevice>(loss: &Scalar<D>) -> f64 {
    loss.as_vec().first().map_or(f64::NAN, |v| f64::from(*v))
}
