//! The directional derivative of batch and instance norm: how normalised images change, in first order, where their input
//! changes by a *tangent*. It is what a dual-number pass (value, tangent) through a network needs of a norm.
//!
//! Over each group of `M` values (an image's channel, or the batch's) with mean `m`, `s = 1 / sqrt(variance + eps)` and
//! `u = (x - m) s`, the derivative of `u` along `t` is `s (t - <t> - u <u t>)`, with `<.>` the mean over the group. It depends on
//! `x` too, so its backward pass gives second derivatives of the norm.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4, Vector, put, take};
use crate::error::OpError;
use crate::layout::arrange;

/// What a norm's statistics are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalised {
    /// Each channel of each image: instance norm.
    Image,
    /// Each channel of the whole batch: batch norm in training.
    Batch,
}

/// The gradients that a backward pass adds to.
pub struct NormTangentGradients<'a, V> {
    /// Of the norm's input.
    pub x: &'a mut V,
    /// Of the tangent.
    pub tangent: &'a mut V,
    /// Of the scale, unless it is frozen.
    pub weight: Option<&'a mut V>,
}

/// A device's derivative of norms. Without a weight the scale is 1.
pub trait NormTangentKernel: Storage<f32> {
    /// The output's change.
    ///
    /// # Errors
    /// Where the device fails.
    fn norm_tangent_forward(
        &self,
        over: Normalised,
        x: &Images4<Self>,
        tangent: &Images4<Self>,
        weight: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Adds to the gradients.
    ///
    /// # Errors
    /// Where the device fails.
    fn norm_tangent_backward(
        &self,
        over: Normalised,
        x: &Images4<Self>,
        tangent: &Images4<Self>,
        weight: Option<&Vector<Self>>,
        grad_y: &Self::Vec,
        out: NormTangentGradients<'_, Self::Vec>,
    ) -> Result<(), Self::Err>;
}

/// The change of the normalised `x` `[n, c, h, w]` along `tangent` of the same shape, times `weight` `[c]` where the norm has a
/// learnt scale. Gradients go to the tangent, to `x` (found by its identity on the tape that made it, which must be run too) and,
/// where `weight_grad`, to the weight.
///
/// # Errors
/// [`OpError::Shape`] where shapes do not fit or a group has a single value; [`OpError::Device`] where the device fails.
pub fn norm_tangent<D: ImageDevice, T: Flow<D>>(
    x: &Images4<D>,
    tangent: Images4<D, T>,
    weight: Option<&Vector<D>>,
    over: Normalised,
    weight_grad: bool,
) -> Result<Images4<D, T>, OpError> {
    let op = "norm_tangent";
    let shape = *x.shape();
    let (n, c, h, w) = shape;
    if shape != *tangent.shape() {
        let problem = format!("{shape:?} against {:?}", tangent.shape());
        return Err(OpError::shape(op, problem));
    }
    if let Some(weight) = weight.filter(|v| v.shape().0 != c) {
        let problem = format!(
            "weight has {} values, the input {shape:?} has {c} channels",
            weight.shape().0
        );
        return Err(OpError::shape(op, problem));
    }
    let group = h * w * if over == Normalised::Batch { n } else { 1 };
    if n * c == 0 || group < 2 {
        let problem = format!("needs more than one value a channel, the input is {shape:?}");
        return Err(OpError::shape(op, problem));
    }
    if !D::is_arranged(x) {
        return Err(OpError::shape(
            op,
            "the input must come from an operation".to_owned(),
        ));
    }
    let (tangent, mut tape) = arrange(tangent)?.split_tape();
    let device = x.device().clone();
    let y = device
        .norm_tangent_forward(over, x, &tangent, weight)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (ghost, x, weight) = (y.ghost(), x.clone(), weight.cloned());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            let (mut gx, mut gt) = (take(grads, &x)?, take(grads, &tangent)?);
            let trained = weight.as_ref().filter(|_| weight_grad);
            let mut gw = trained.map(|w| take(grads, w)).transpose()?;
            let out = NormTangentGradients {
                x: &mut gx,
                tangent: &mut gt,
                weight: gw.as_mut(),
            };
            device.norm_tangent_backward(over, &x, &tangent, weight.as_ref(), &grad_y, out)?;
            put(grads, &x, gx)?;
            put(grads, &tangent, gt)?;
            if let Some((w, gw)) = trained.zip(gw) {
                put(grads, w, gw)?;
            }
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
