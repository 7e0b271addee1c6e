//! Element-wise activations. Every derivative is a function of the *output*, so the input is not kept.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4, take};
use crate::error::OpError;
use crate::layout::arrange;

/// An activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `x` where positive, `slope * x` elsewhere; the slope is positive.
    LeakyRelu(f32),
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
}

impl Activation {
    /// Refuses a leaky slope that is not positive: the output's sign would not tell the input's.
    pub(crate) fn check(self, op: &'static str) -> Result<(), OpError> {
        match self {
            Self::LeakyRelu(slope) if slope.is_nan() || slope <= 0.0 => {
                let problem = format!("{self:?}: the slope must be positive");
                Err(OpError::shape(op, problem))
            }
            _ => Ok(()),
        }
    }

    /// What negative values are multiplied by, for the activations that are straight on either side of zero.
    pub(crate) fn negative_slope(self) -> Option<f32> {
        match self {
            Self::Relu => Some(0.0),
            Self::LeakyRelu(slope) => Some(slope),
            Self::Tanh | Self::Sigmoid => None,
        }
    }
}

/// The slope of both papers' discriminators and of the U-Net's encoder.
pub const LEAKY_SLOPE: f32 = 0.2;

/// A device's activations.
pub trait ActivationKernel: Storage<f32> {
    /// The activated images.
    ///
    /// # Errors
    /// Where the device fails.
    fn activation_forward(
        &self,
        activation: Activation,
        x: &Images4<Self>,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Multiplies an output's gradient by the activation's slope, given the output: what every operation that takes an
    /// activation along begins its backward pass with.
    ///
    /// # Errors
    /// Where the device fails.
    fn activation_slope(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &mut Self::Vec,
    ) -> Result<(), Self::Err>;

    /// `tangent * f'`, given the output.
    ///
    /// # Errors
    /// Where the device fails.
    fn activation_tangent(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        tangent: &Images4<Self>,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Adds to the input's gradient, given the output and its gradient, which may be overwritten.
    ///
    /// # Errors
    /// Where the device fails.
    fn activation_backward(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &mut Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// Applies `activation` to every value.
///
/// # Errors
/// [`OpError::Shape`] for a leaky slope that is not positive (the output's sign would not tell the input's);
/// [`OpError::Device`] where the device fails.
pub fn activate<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    activation: Activation,
) -> Result<Images4<D, T>, OpError> {
    let op = "activation";
    activation.check(op)?;
    let (x, mut tape) = x.split_tape();
    let device = x.device().clone();
    let y = device
        .activation_forward(activation, &x)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        // The input itself is not needed, only the slot of its gradient.
        let (kept, input) = (y.clone(), x.ghost());
        tape.add_backward_op(move |grads| {
            let mut grad_y = take(grads, &kept)?;
            let mut gx = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.activation_backward(activation, &kept, &mut grad_y, &mut gx)?;
            *grads.get_or_alloc_mut(&input)? = gx;
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}

/// The change of an activated output `y` in first order, where its input changes by `tangent`: `f' * tangent`. ReLU and leaky
/// ReLU only: their slope does not change with the input, so that the gradient goes to the tangent alone.
///
/// # Errors
/// [`OpError::Shape`] for another activation, or where shapes differ; [`OpError::Device`] where the device fails.
pub fn activate_tangent<D: ImageDevice, T: Flow<D>>(
    tangent: Images4<D, T>,
    y: &Images4<D>,
    activation: Activation,
) -> Result<Images4<D, T>, OpError> {
    let op = "activate_tangent";
    activation.check(op)?;
    if activation.negative_slope().is_none() {
        let problem =
            format!("the slope of {activation:?} changes with its input; ReLU's and leaky ReLU's do not");
        return Err(OpError::shape(op, problem));
    }
    if tangent.shape() != y.shape() {
        let problem = format!("{:?} against {:?}", tangent.shape(), y.shape());
        return Err(OpError::shape(op, problem));
    }
    let y = arrange(y.clone())?;
    let (tangent, mut tape) = arrange(tangent)?.split_tape();
    let device = tangent.device().clone();
    let out = device
        .activation_tangent(activation, &y, &tangent)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (output, input) = (out.ghost(), tangent.ghost());
        tape.add_backward_op(move |grads| {
            let mut grad = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            let mut gt = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.activation_backward(activation, &y, &mut grad, &mut gt)?;
            *grads.get_or_alloc_mut(&input)? = gt;
            Ok(())
        });
    }
    Ok(out.put_tape(tape))
}
