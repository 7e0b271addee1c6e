//! Images on their way to a device.

use diptych_domain::Images;
use diptych_imgops::{ImageDevice, Images4, OpError};

use super::errors::op;
use crate::plugin::ModelError;

/// Copies images to the device; `what` names them where they have not as many channels as the model takes.
pub(crate) fn upload<D: ImageDevice>(
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
    device
        .try_tensor_from_vec(images.data.clone(), shape)
        .map_err(|e| op(OpError::device("upload")(e)))
}
