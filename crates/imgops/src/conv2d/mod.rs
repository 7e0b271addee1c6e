//! Convolution (cross-correlation), NCHW, square kernels.

pub(crate) mod cpu;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4, Vector, put, take};
use crate::error::OpError;
use crate::geometry::{ConvConfig, ConvGeometry};

/// The gradients that a convolution's backward pass adds to; what is `None` is not computed.
pub struct ConvGradients<'a, V> {
    /// Of the input.
    pub x: Option<&'a mut V>,
    /// Of the weight.
    pub weight: Option<&'a mut V>,
    /// Of the bias.
    pub bias: Option<&'a mut V>,
}

/// A device's convolution.
pub trait Conv2dKernel: Storage<f32> {
    /// `y[n, o] = bias[o] + sum over windows of weight[o] * x[n]`.
    ///
    /// # Errors
    /// Where the device fails.
    fn conv2d_forward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        bias: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Adds to each gradient asked for, given the output's.
    ///
    /// # Errors
    /// Where the device fails.
    fn conv2d_backward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        grad_y: &Self::Vec,
        out: ConvGradients<'_, Self::Vec>,
    ) -> Result<(), Self::Err>;
}

/// Convolves `x` `[n, in, h, w]` with `weight` `[out, in, k, k]` and adds `bias` `[out]`:
/// `[n, out, (h + 2p - k) / s + 1, (w + 2p - k) / s + 1]`.
///
/// # Errors
/// [`OpError::Shape`] where shapes do not fit, [`OpError::Device`] where the device fails.
pub fn conv2d<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    weight: &Images4<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    let g = ConvGeometry::conv2d(*x.shape(), *weight.shape(), bias.map(|b| b.shape().0), config)?;
    let (x, mut tape) = x.split_tape();
    let device = x.device().clone();
    let y = device
        .conv2d_forward(&g, &x, weight, bias)
        .map_err(OpError::device("conv2d"))?;
    if T::OWNS_TAPE && (config.weight_grad || config.input_grad) {
        let (ghost, weight, bias) = (y.ghost(), weight.clone(), bias.cloned());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            let mut gx = config.input_grad.then(|| take(grads, &x)).transpose()?;
            let mut gw = config.weight_grad.then(|| take(grads, &weight)).transpose()?;
            let mut gb = bias
                .as_ref()
                .filter(|_| config.weight_grad)
                .map(|b| take(grads, b))
                .transpose()?;
            let out = ConvGradients {
                x: gx.as_mut(),
                weight: gw.as_mut(),
                bias: gb.as_mut(),
            };
            device.conv2d_backward(&g, &x, &weight, &grad_y, out)?;
            if let Some(gx) = gx {
                put(grads, &x, gx)?;
            }
            if let Some(gw) = gw {
                put(grads, &weight, gw)?;
            }
            if let Some((gb, b)) = gb.zip(bias.as_ref()) {
                put(grads, b, gb)?;
            }
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
