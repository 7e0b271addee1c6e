//! Instance normalisation over (h, w) for each image and channel (Ulyanov et al. 2016), without learnt parameters.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::activation::Activation;
use crate::device::{Flow, ImageDevice, Images4, Vector, put, take};
use crate::error::OpError;
use crate::layout::arrange;

/// Added to the variance, PyTorch's default.
pub const EPS: f32 = 1e-5;

/// A device's instance norm.
pub trait InstanceNormKernel: Storage<f32> {
    /// `y` with the activation applied, and the mean and `1 / sqrt(biased variance + eps)` of each (image, channel) for the
    /// backward pass.
    ///
    /// # Errors
    /// Where the device fails.
    #[allow(clippy::type_complexity)] // the output and its two statistics, used once
    fn instance_norm_forward(
        &self,
        x: &Images4<Self>,
        activation: Option<Activation>,
    ) -> Result<(Images4<Self>, Vector<Self>, Vector<Self>), Self::Err>;

    /// Adds to the input's gradient, given the input, its statistics and the output's gradient.
    ///
    /// # Errors
    /// Where the device fails.
    fn instance_norm_backward(
        &self,
        x: &Images4<Self>,
        mean: &Vector<Self>,
        inv_std: &Vector<Self>,
        activation: Option<Activation>,
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// Normalises each channel of each image of `x` `[n, c, h, w]` to mean 0 and variance 1; the same in training and
/// evaluation. An activation (ReLU or leaky ReLU) may follow in the same pass.
///
/// # Errors
/// [`OpError::Shape`] for an empty input or one of a single pixel, whose variance says nothing (PyTorch refuses it in
/// training too), or for another activation; [`OpError::Device`] where the device fails.
pub fn instance_norm<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    activation: Option<Activation>,
) -> Result<Images4<D, T>, OpError> {
    let op = "instance_norm";
    check(op, *x.shape(), activation)?;
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let (y, mean, inv_std) = device
        .instance_norm_forward(&x, activation)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let ghost = y.ghost();
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            let mut gx = take(grads, &x)?;
            device.instance_norm_backward(&x, &mean, &inv_std, activation, &grad_y, &mut gx)?;
            put(grads, &x, gx)
        });
    }
    Ok(y.put_tape(tape))
}

/// Refuses images that can't be normalised, and an activation that can't follow.
pub(crate) fn check(
    op: &'static str,
    images: (usize, usize, usize, usize),
    activation: Option<Activation>,
) -> Result<(), OpError> {
    let (n, c, h, w) = images;
    if n * c == 0 || h * w < 2 {
        let problem = format!("instance norm needs more than one pixel a channel, the images are {images:?}");
        return Err(OpError::shape(op, problem));
    }
    check_activation(op, activation)
}

/// Refuses an activation that a norm cannot take along: its slope must follow from the value's sign alone.
pub(crate) fn check_activation(op: &'static str, activation: Option<Activation>) -> Result<(), OpError> {
    let Some(activation) = activation else {
        return Ok(());
    };
    if activation.negative_slope().is_none() {
        let problem = format!("{activation:?} cannot follow in the same pass; ReLU and leaky ReLU can");
        return Err(OpError::shape(op, problem));
    }
    activation.check(op)
}
