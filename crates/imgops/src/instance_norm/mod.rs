//! Instance normalisation over (h, w) for each image and channel (Ulyanov et al. 2016), without learnt parameters.

mod cpu;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4, Vector, put, take};
use crate::error::OpError;

/// Added to the variance, PyTorch's default.
pub const EPS: f32 = 1e-5;

/// A device's instance norm.
pub trait InstanceNormKernel: Storage<f32> {
    /// `y`, and `1 / sqrt(biased variance + eps)` of each (image, channel) for the backward pass.
    ///
    /// # Errors
    /// Where the device fails.
    fn instance_norm_forward(&self, x: &Images4<Self>) -> Result<(Images4<Self>, Vector<Self>), Self::Err>;

    /// Adds to the input's gradient, given the output and its gradient.
    ///
    /// # Errors
    /// Where the device fails.
    fn instance_norm_backward(
        &self,
        y: &Images4<Self>,
        inv_std: &Vector<Self>,
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// Normalises each channel of each image of `x` `[n, c, h, w]` to mean 0 and variance 1; the same in training and
/// evaluation.
///
/// # Errors
/// [`OpError::Shape`] for an empty input or one of a single pixel, whose variance says nothing (PyTorch refuses it in
/// training too); [`OpError::Device`] where the device fails.
pub fn instance_norm<D: ImageDevice, T: Flow<D>>(x: Images4<D, T>) -> Result<Images4<D, T>, OpError> {
    let op = "instance_norm";
    let shape = *x.shape();
    if shape.0 * shape.1 == 0 || shape.2 * shape.3 < 2 {
        return Err(OpError::shape(
            op,
            format!("needs more than one pixel a channel, the input is {shape:?}"),
        ));
    }
    let (x, mut tape) = x.split_tape();
    let device = x.device().clone();
    let (y, inv_std) = device.instance_norm_forward(&x).map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let kept = y.clone();
        tape.add_backward_op(move |grads| {
            let grad_y = take(grads, &kept)?;
            let mut gx = take(grads, &x)?;
            device.instance_norm_backward(&kept, &inv_std, &grad_y, &mut gx)?;
            put(grads, &x, gx)
        });
    }
    Ok(y.put_tape(tape))
}
