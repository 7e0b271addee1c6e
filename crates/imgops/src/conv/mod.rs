//! Convolution (cross-correlation) and its adjoint, transposed convolution: NCHW, square kernels.
//!
//! Both are one linear map between a *wide* and a *narrow* side ([`ConvGeometry`]), read in opposite directions; so they
//! share kernels, gradients and tape.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{Gradients, PutTape, SplitTape, Storage};

use crate::activation::Activation;
use crate::device::{Flow, ImageDevice, Images4, Vector, put, take};
use crate::error::OpError;
use crate::filter::{Filter, GradientBuffer, Kept};
use crate::geometry::{ConvConfig, ConvGeometry};
use crate::instance_norm::{self, instance_norm};
use crate::layout::arrange;

/// In which direction the map is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A convolution: wide to narrow.
    Narrow,
    /// A transposed convolution: narrow to wide.
    Widen,
}

impl Direction {
    /// The operation that reads it so.
    fn op(self) -> &'static str {
        match self {
            Self::Narrow => "conv2d",
            Self::Widen => "conv_transpose2d",
        }
    }

    /// The output's shape.
    pub(crate) fn output(self, g: &ConvGeometry) -> (usize, usize, usize, usize) {
        match self {
            Self::Narrow => (g.n, g.narrow_c, g.narrow_h, g.narrow_w),
            Self::Widen => (g.n, g.wide_c, g.wide_h, g.wide_w),
        }
    }
}

/// The gradients that a backward pass adds to, or sets where they are fresh; what is `None` is not computed.
pub struct ConvGradients<'a, V> {
    /// Of the input.
    pub x: Option<&'a mut V>,
    /// Of the weight.
    pub weight: Option<&'a mut V>,
    /// Whether the weight's holds nothing worth keeping.
    pub weight_fresh: bool,
    /// Of the bias.
    pub bias: Option<&'a mut V>,
}

/// A device's convolutions. The weight is `[narrow channels, wide channels, k, k]` in either direction.
pub trait ConvKernel: Storage<f32> {
    /// The output, with the bias added and the activation applied.
    ///
    /// # Errors
    /// Where the device fails.
    fn conv_forward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        activation: Option<Activation>,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Adds to each gradient asked for, given the output's.
    ///
    /// # Errors
    /// Where the device fails.
    fn conv_backward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Filter<Self>,
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
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    let g = ConvGeometry::conv2d(*x.shape(), weight.shape(), bias.map(|b| b.shape().0), config)?;
    D::convolve(x, Direction::Narrow, g, weight, bias, config)
}

/// Transposed convolution of `x` `[n, in, h, w]` with `weight` `[in, out, k, k]` and `bias` `[out]`:
/// `[n, out, (h - 1) s - 2p + k + output_padding, …]`.
///
/// # Errors
/// [`OpError::Shape`] where shapes do not fit, [`OpError::Device`] where the device fails.
pub fn conv_transpose2d<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    let g = ConvGeometry::conv_transpose2d(*x.shape(), weight.shape(), bias.map(|b| b.shape().0), config)?;
    D::convolve(x, Direction::Widen, g, weight, bias, config)
}

/// Transposed convolution, as [`conv_transpose2d`], of the ReLU of two images' channels side by side, `[n, cs, h, w]` and
/// `[n, cy, h, w]`: what a level of a U-Net's decoder makes of its encoder's half and of the level inside it.
///
/// # Errors
/// As [`crate::concat_channels`] and [`conv_transpose2d`].
pub fn skip_conv_transpose2d<D: ImageDevice, T: Flow<D>>(
    skip: Images4<D, T>,
    y: Images4<D, T>,
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    D::skip_conv_transpose(skip, y, weight, bias, config)
}

/// Convolution, as [`conv2d`], of images padded by reflection as [`crate::reflection_pad()`] does: `[n, c, h, w]` with `padding` more
/// pixels on each side.
///
/// # Errors
/// As both.
pub fn reflection_pad_conv2d<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    padding: usize,
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    D::reflection_pad_conv(x, padding, weight, bias, config, None)
}

/// [`reflection_pad_conv2d`] of `x`, added to `skip`, which is as large as what comes out: the end of a residual block.
///
/// # Errors
/// As there, and [`OpError::Shape`] where the shapes differ.
pub fn residual_conv2d<D: ImageDevice, T: Flow<D>>(
    skip: Images4<D, T>,
    x: Images4<D, T>,
    padding: usize,
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    D::reflection_pad_conv(x, padding, weight, bias, config, Some(skip))
}

/// The convolution with bias and activation; instance norm, where it is asked for, as an operation of its own.
pub(crate) fn in_turn<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    direction: Direction,
    g: ConvGeometry,
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    config: ConvConfig,
) -> Result<Images4<D, T>, OpError> {
    let op = direction.op();
    if config.instance_norm {
        instance_norm::check(op, direction.output(&g), config.activation)?;
        let alone = ConvConfig {
            instance_norm: false,
            activation: None,
            ..config
        };
        return instance_norm(in_turn(x, direction, g, weight, bias, alone)?, config.activation);
    }
    if let Some(activation) = config.activation {
        activation.check(op)?;
    }
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let y = device
        .conv_forward(direction, &g, &x, weight, bias, config.activation)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE && (config.weight_grad || config.input_grad) {
        let (ghost, weight, bias) = (y.ghost(), weight.clone(), bias.cloned());
        let activated = config.activation.map(|activation| (activation, y.clone()));
        tape.add_backward_op(move |grads| {
            let mut grad_y = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            if let Some((activation, y)) = &activated {
                device.activation_slope(*activation, y, &mut grad_y)?;
            }
            let mut gx = config.input_grad.then(|| take(grads, &x)).transpose()?;
            let (weight, bias) = (&weight, bias.as_ref());
            with_parameters(grads, weight, bias, config.weight_grad, |out| {
                let x_too = ConvGradients {
                    x: gx.as_mut(),
                    ..out
                };
                device.conv_backward(direction, &g, &x, weight, &grad_y, x_too)
            })?;
            if let Some(gx) = gx {
                put(grads, &x, gx)?;
            }
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}

/// Runs `work` with the gradients of a weight and its bias where they are wanted: the weight's own buffer where it has one, else the
/// tape's.
fn with_parameters<D: ImageDevice>(
    grads: &mut Gradients<f32, D>,
    weight: &Filter<D>,
    bias: Option<&Vector<D>>,
    wanted: bool,
    work: impl FnOnce(ConvGradients<'_, D::Vec>) -> Result<(), D::Err>,
) -> Result<(), D::Err> {
    let kept = weight.kept_gradient().filter(|_| wanted);
    let mut kept = kept.map(GradientBuffer::lock);
    let mut gw = (wanted && kept.is_none())
        .then(|| take(grads, weight.stored_values()))
        .transpose()?;
    let bias = bias.filter(|_| wanted);
    let mut gb = bias.map(|b| take(grads, b)).transpose()?;
    work(ConvGradients {
        x: None,
        weight_fresh: kept.as_deref_mut().is_some_and(Kept::start),
        weight: kept.as_deref_mut().map(|kept| &mut kept.values).or(gw.as_mut()),
        bias: gb.as_mut(),
    })?;
    if let Some(gw) = gw {
        put(grads, weight.stored_values(), gw)?;
    }
    if let Some((gb, b)) = gb.zip(bias) {
        put(grads, b, gb)?;
    }
    Ok(())
}
