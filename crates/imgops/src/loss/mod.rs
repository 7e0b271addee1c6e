//! Losses: means over a whole tensor, as scalars on the tape.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{Gradients, OwnedTape, PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4, Scalar, put, take};
use crate::error::OpError;
use crate::layout::arrange;

/// How a discriminator's logits become a loss (SPEC section 6: targets 1 for real, 0 for fake).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GanMode {
    /// Binary cross-entropy with logits: `max(x, 0) - x t + ln(1 + e^-|x|)`.
    Vanilla,
    /// Least squares: `(x - t)^2` (Mao et al. 2017).
    Lsgan,
    /// The critic's score: `-x` for real, `x` for fake (Arjovsky et al. 2017).
    Wgan,
}

/// A term of which a loss is the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointwise {
    /// A GAN loss against "real" (true) or "fake".
    Gan(GanMode, bool),
    /// `|x - y|`.
    L1,
    /// `(x - y)^2`.
    Mse,
    /// `x * y`: used to weigh outputs in tests.
    Product,
}

/// A device's losses.
pub trait LossKernel: Storage<f32> {
    /// `scale` times the mean of the term over `x` (and `y` of the same shape, for the terms that take two).
    ///
    /// # Errors
    /// Where the device fails.
    fn loss_forward(
        &self,
        term: Pointwise,
        scale: f32,
        x: &Images4<Self>,
        y: Option<&Images4<Self>>,
    ) -> Result<Scalar<Self>, Self::Err>;

    /// Adds `grad * scale / len * d term / d x` to the gradient of `x`. `y` is a constant.
    ///
    /// # Errors
    /// Where the device fails.
    fn loss_backward(
        &self,
        term: Pointwise,
        scale: f32,
        x: &Images4<Self>,
        y: Option<&Images4<Self>>,
        grad: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

fn pointwise<D: ImageDevice, T: Flow<D>>(
    op: &'static str,
    term: Pointwise,
    scale: f32,
    x: Images4<D, T>,
    y: Option<&Images4<D>>,
) -> Result<Scalar<D, T>, OpError> {
    let shape = *x.shape();
    if [shape.0, shape.1, shape.2, shape.3].contains(&0) {
        return Err(OpError::shape(op, format!("empty input {shape:?}")));
    }
    if let Some(y) = y.filter(|y| *y.shape() != shape) {
        return Err(OpError::shape(op, format!("{shape:?} against {:?}", y.shape())));
    }
    // Two images are compared value by value: both in one order.
    let y = y.map(|y| arrange(y.clone())).transpose()?;
    let x = if y.is_some() { arrange(x)? } else { x };
    let (x, mut tape) = x.split_tape();
    let device = x.device().clone();
    let loss = device
        .loss_forward(term, scale, &x, y.as_ref())
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let ghost = loss.ghost();
        tape.add_backward_op(move |grads| {
            let grad = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            let mut gx = take(grads, &x)?;
            device.loss_backward(term, scale, &x, y.as_ref(), &grad, &mut gx)?;
            put(grads, &x, gx)
        });
    }
    Ok(loss.put_tape(tape))
}

/// `scale` times the mean GAN loss of `logits` against "real" or "fake".
///
/// # Errors
/// [`OpError::Shape`] for an empty input; [`OpError::Device`] where the device fails.
pub fn gan_loss<D: ImageDevice, T: Flow<D>>(
    logits: Images4<D, T>,
    mode: GanMode,
    real: bool,
    scale: f32,
) -> Result<Scalar<D, T>, OpError> {
    pointwise("gan_loss", Pointwise::Gan(mode, real), scale, logits, None)
}

/// `scale` times the mean of `|x - target|`; the target gets no gradient.
///
/// # Errors
/// [`OpError::Shape`] where shapes differ; [`OpError::Device`] where the device fails.
pub fn l1_loss<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    target: &Images4<D>,
    scale: f32,
) -> Result<Scalar<D, T>, OpError> {
    pointwise("l1_loss", Pointwise::L1, scale, x, Some(target))
}

/// `scale` times the mean of `(x - target)^2`; the target gets no gradient.
///
/// # Errors
/// [`OpError::Shape`] where shapes differ; [`OpError::Device`] where the device fails.
pub fn mse_loss<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    target: &Images4<D>,
    scale: f32,
) -> Result<Scalar<D, T>, OpError> {
    pointwise("mse_loss", Pointwise::Mse, scale, x, Some(target))
}

/// `scale` times the mean of `x * weights`; the weights get no gradient.
///
/// # Errors
/// [`OpError::Shape`] where shapes differ; [`OpError::Device`] where the device fails.
pub fn weighted_mean<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    weights: &Images4<D>,
    scale: f32,
) -> Result<Scalar<D, T>, OpError> {
    pointwise("weighted_mean", Pointwise::Product, scale, x, Some(weights))
}

/// The sum of `x * weights`: [`weighted_mean`] times the number of values.
///
/// # Errors
/// As [`weighted_mean`].
pub fn weighted_sum<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    weights: &Images4<D>,
) -> Result<Scalar<D, T>, OpError> {
    let (n, c, h, w) = *x.shape();
    weighted_mean(x, weights, (n * c * h * w) as f32)
}

/// The sum of two losses, on both their tapes.
///
/// # Errors
/// [`OpError::Device`] where the device fails.
pub fn add_losses<D: ImageDevice>(
    a: Scalar<D, OwnedTape<f32, D>>,
    b: Scalar<D, OwnedTape<f32, D>>,
) -> Result<Scalar<D, OwnedTape<f32, D>>, OpError> {
    D::add_scalars(a, b).map_err(OpError::device("add_losses"))
}

/// Runs the tape backwards from a loss.
///
/// # Errors
/// [`OpError::Device`] where the device fails.
pub fn backward<D: ImageDevice>(loss: Scalar<D, OwnedTape<f32, D>>) -> Result<Gradients<f32, D>, OpError> {
    D::run_backward(loss).map_err(OpError::device("backward"))
}
