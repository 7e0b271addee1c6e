//! Batch normalisation over (n, h, w) for each channel (Ioffe and Szegedy 2015), with learnt scale and shift.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::activation::Activation;
use crate::device::{Flow, ImageDevice, Images4, Vector, put, take};
use crate::error::OpError;
use crate::instance_norm::check_activation;
use crate::layout::arrange;

/// Running statistics are updated as `running += MOMENTUM * (batch - running)`, PyTorch's default.
pub const MOMENTUM: f32 = 0.1;

/// Added to the variance, PyTorch's default.
pub const EPS: f32 = 1e-5;

/// Which statistics normalise.
pub enum BatchNormMode<'a, D: ImageDevice> {
    /// The batch's own; running mean and (unbiased) variance are updated where given.
    Train(Option<(&'a mut Vector<D>, &'a mut Vector<D>)>),
    /// The running mean and variance.
    Eval(&'a Vector<D>, &'a Vector<D>),
}

/// What the input is normalised with: `y = f((x - mean) * inv_std * weight + bias)`.
pub struct BatchNormParams<'a, D: Storage<f32>> {
    /// Mean of each channel.
    pub mean: &'a Vector<D>,
    /// `1 / sqrt(variance + eps)` of each channel.
    pub inv_std: &'a Vector<D>,
    /// Learnt scale.
    pub weight: &'a Vector<D>,
    /// Learnt shift.
    pub bias: &'a Vector<D>,
    /// ReLU, leaky ReLU or nothing.
    pub activation: Option<Activation>,
}

/// A device's batch norm.
pub trait BatchNormKernel: Storage<f32> {
    /// The batch's mean and `1 / sqrt(biased variance + eps)` of each channel; updates the running statistics.
    ///
    /// # Errors
    /// Where the device fails.
    #[allow(clippy::type_complexity)] // a pair of pairs, used once
    fn batch_norm_statistics(
        &self,
        x: &Images4<Self>,
        running: Option<(&mut Vector<Self>, &mut Vector<Self>)>,
    ) -> Result<(Vector<Self>, Vector<Self>), Self::Err>;

    /// The running mean and `1 / sqrt(running variance + eps)`.
    ///
    /// # Errors
    /// Where the device fails.
    fn batch_norm_running(
        &self,
        mean: &Vector<Self>,
        var: &Vector<Self>,
    ) -> Result<(Vector<Self>, Vector<Self>), Self::Err>;

    /// The normalised, scaled, shifted and activated images.
    ///
    /// # Errors
    /// Where the device fails.
    fn batch_norm_apply(
        &self,
        x: &Images4<Self>,
        params: &BatchNormParams<'_, Self>,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Adds to the gradients of the input and, unless frozen, of weight and bias. `batch_statistics` says whether mean and
    /// variance depend on the input.
    ///
    /// # Errors
    /// Where the device fails.
    fn batch_norm_backward(
        &self,
        x: &Images4<Self>,
        params: &BatchNormParams<'_, Self>,
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
        grad_params: Option<(&mut Self::Vec, &mut Self::Vec)>,
        batch_statistics: bool,
    ) -> Result<(), Self::Err>;
}

/// Normalises each channel of `x` `[n, c, h, w]`, then scales by `weight` `[c]` and shifts by `bias` `[c]`.
/// An activation (ReLU or leaky ReLU) may follow in the same pass. `param_grad` is false for a frozen network.
///
/// # Errors
/// [`OpError::Shape`] where a vector's length is not `c`, or where training has a single value a channel (its variance
/// says nothing); [`OpError::Device`] where the device fails.
pub fn batch_norm<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    weight: &Vector<D>,
    bias: &Vector<D>,
    mode: BatchNormMode<'_, D>,
    activation: Option<Activation>,
    param_grad: bool,
) -> Result<Images4<D, T>, OpError> {
    let op = "batch_norm";
    let shape = *x.shape();
    let (n, c, h, w) = shape;
    if [n, c, h, w].contains(&0) {
        return Err(OpError::shape(op, format!("empty input {shape:?}")));
    }
    let check = |what: &str, v: &Vector<D>| match v.shape().0 {
        len if len == c => Ok(()),
        len => Err(OpError::shape(
            op,
            format!("{what} has {len} values, the input {shape:?} has {c} channels"),
        )),
    };
    check("weight", weight)?;
    check("bias", bias)?;
    check_activation(op, activation)?;
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let batch_statistics = matches!(mode, BatchNormMode::Train(_));
    let (mean, inv_std) = match mode {
        BatchNormMode::Train(running) => {
            if n * h * w == 1 {
                let problem = format!("training needs more than one value a channel, the input is {shape:?}");
                return Err(OpError::shape(op, problem));
            }
            if let Some((mean, var)) = &running {
                check("running mean", mean)?;
                check("running variance", var)?;
            }
            device.batch_norm_statistics(&x, running)
        }
        BatchNormMode::Eval(mean, var) => {
            check("running mean", mean)?;
            check("running variance", var)?;
            device.batch_norm_running(mean, var)
        }
    }
    .map_err(OpError::device(op))?;
    let params = BatchNormParams {
        mean: &mean,
        inv_std: &inv_std,
        weight,
        bias,
        activation,
    };
    let y = device
        .batch_norm_apply(&x, &params)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (ghost, weight, bias) = (y.ghost(), weight.clone(), bias.clone());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            let mut gx = take(grads, &x)?;
            let mut gp = if param_grad {
                Some((take(grads, &weight)?, take(grads, &bias)?))
            } else {
                None
            };
            let params = BatchNormParams {
                mean: &mean,
                inv_std: &inv_std,
                weight: &weight,
                bias: &bias,
                activation,
            };
            let sums = gp.as_mut().map(|(w, b)| (w, b));
            device.batch_norm_backward(&x, &params, &grad_y, &mut gx, sums, batch_statistics)?;
            put(grads, &x, gx)?;
            if let Some((gw, gb)) = gp {
                put(grads, &weight, gw)?;
                put(grads, &bias, gb)?;
            }
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
