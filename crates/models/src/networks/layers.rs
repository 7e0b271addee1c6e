//! Convolutions and norms that know which tensors of a [`ParamSet`] are theirs.

use dfdx::tensor::NoneTape;
use diptych_imgops::{
    Activation, BatchNormMode, ConvConfig, Filter, Flow, ImageDevice, Images4, Normalised, OpError,
    Upsampling, Vector, activate, activate_tangent, add_images, batch_norm, concat_relu, conv_transpose2d,
    conv2d, instance_norm, norm_tangent, reflection_pad, reflection_pad_conv2d, residual_conv2d,
    skip_conv_transpose2d, upsample2,
};

use super::Norm;
use super::dual::Dual;
use super::params::ParamSet;
use super::pass::{Pass, Statistics};
use super::receptive::Reach;

/// LeakyReLU with the slope of both papers, 0.2.
pub const LEAKY: Activation = Activation::LeakyRelu(diptych_imgops::activation::LEAKY_SLOPE);

/// What follows a convolution in the same operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish {
    instance_norm: bool,
    activation: Option<Activation>,
    more: bool,
}

impl Finish {
    /// Whether nothing is left to do afterwards: something may be added to what comes out.
    pub fn is_all(self) -> bool {
        !self.more
    }
}

impl From<Option<Activation>> for Finish {
    fn from(activation: Option<Activation>) -> Self {
        Self {
            activation,
            ..Self::default()
        }
    }
}

/// A convolution or transposed convolution.
#[derive(Clone, Debug)]
pub struct Conv {
    weight: usize,
    bias: Option<usize>,
    config: ConvConfig,
    transposed: bool,
    first: bool,
}

/// A convolution's extents.
#[derive(Clone, Copy, Debug)]
pub struct ConvShape {
    /// Input channels.
    pub inp: usize,
    /// Output channels.
    pub out: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels of zeros around the input.
    pub padding: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl Conv {
    /// A convolution whose tensors are `{name}.weight` and `{name}.bias`.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new<D: ImageDevice>(params: &mut ParamSet<D>, name: &str, s: ConvShape) -> Result<Self, OpError> {
        let shape = [s.out, s.inp, s.kernel, s.kernel];
        Self::build(params, name, shape, s, false, 0)
    }

    /// A transposed convolution; `output_padding` more pixels come out at the right and at the bottom.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn transposed<D: ImageDevice>(
        params: &mut ParamSet<D>,
        name: &str,
        s: ConvShape,
        output_padding: usize,
    ) -> Result<Self, OpError> {
        let shape = [s.inp, s.out, s.kernel, s.kernel];
        Self::build(params, name, shape, s, true, output_padding)
    }

    fn build<D: ImageDevice>(
        params: &mut ParamSet<D>,
        name: &str,
        shape: [usize; 4],
        s: ConvShape,
        transposed: bool,
        output_padding: usize,
    ) -> Result<Self, OpError> {
        let weight = params.add_weight(format!("{name}.weight"), shape)?;
        let bias = if s.bias {
            Some(params.add_vector(format!("{name}.bias"), s.out, 0.0)?)
        } else {
            None
        };
        let config = ConvConfig {
            output_padding,
            ..ConvConfig::new(s.stride, s.padding)
        };
        Ok(Self {
            weight,
            bias,
            config,
            transposed,
            first: false,
        })
    }

    /// Marks the network's first layer, whose input may be an image that needs no gradient.
    pub fn first(mut self) -> Self {
        self.first = true;
        self
    }

    /// The output, finished in the same pass.
    ///
    /// # Errors
    /// Where the input does not fit, or the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        finish: impl Into<Finish>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let (weight, bias, config) = self.settings(finish.into(), pass);
        if self.transposed {
            conv_transpose2d(x, weight, bias, config)
        } else {
            conv2d(x, weight, bias, config)
        }
    }

    /// [`Conv::forward`] of the ReLU of `skip`'s channels and `y`'s side by side.
    ///
    /// # Errors
    /// As there.
    pub fn forward_skip<D: ImageDevice, T: Flow<D>>(
        &self,
        skip: Images4<D, T>,
        y: Images4<D, T>,
        finish: impl Into<Finish>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        if !self.transposed {
            return self.forward(concat_relu(skip, y)?, finish, pass);
        }
        let (weight, bias, config) = self.settings(finish.into(), pass);
        skip_conv_transpose2d(skip, y, weight, bias, config)
    }

    /// [`Conv::forward`] of images with a border of `padding` pixels that mirrors them.
    ///
    /// # Errors
    /// As there, and where a side is not longer than the padding.
    pub fn forward_reflected<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        padding: usize,
        finish: impl Into<Finish>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        if self.transposed {
            return self.forward(reflection_pad(x, padding)?, finish, pass);
        }
        let (weight, bias, config) = self.settings(finish.into(), pass);
        reflection_pad_conv2d(x, padding, weight, bias, config)
    }

    /// [`Conv::forward_reflected`], added to `skip`.
    ///
    /// # Errors
    /// As there, and where the shapes differ.
    pub fn forward_residual<D: ImageDevice, T: Flow<D>>(
        &self,
        skip: Images4<D, T>,
        x: Images4<D, T>,
        padding: usize,
        finish: impl Into<Finish>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        if self.transposed {
            return add_images(skip, self.forward_reflected(x, padding, finish, pass)?);
        }
        let (weight, bias, config) = self.settings(finish.into(), pass);
        residual_conv2d(skip, x, padding, weight, bias, config)
    }

    fn settings<'a, D: ImageDevice>(
        &self,
        finish: Finish,
        pass: &'a Pass<'_, D>,
    ) -> (&'a Filter<D>, Option<&'a Vector<D>>, ConvConfig) {
        let config = ConvConfig {
            instance_norm: finish.instance_norm,
            activation: finish.activation,
            weight_grad: pass.trains,
            input_grad: !self.first || pass.input_grad,
            ..self.config
        };
        let bias = self.bias.map(|b| pass.params.vector_at(b));
        (pass.params.weight(self.weight), bias, config)
    }

    /// How the output, before its activation, changes along `tangent`: the convolution without its bias.
    pub(crate) fn tangent<D: ImageDevice, T: Flow<D>>(
        &self,
        tangent: Images4<D, T>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let linear = Self {
            bias: None,
            ..self.clone()
        };
        linear.forward(tangent, Finish::default(), pass)
    }

    /// [`Conv::forward`] of a dual number.
    pub(crate) fn dual<D: ImageDevice, V: Flow<D>, T: Flow<D>>(
        &self,
        x: Dual<D, V, T>,
        activation: Option<Activation>,
        pass: &Pass<'_, D>,
    ) -> Result<Dual<D, V, T>, OpError> {
        let tangent = self.tangent(x.tangent, pass)?;
        Dual::activated(self.forward(x.value, activation, pass)?, tangent, activation)
    }
}

impl<D: ImageDevice, V: Flow<D>, T: Flow<D>> Dual<D, V, T> {
    /// A dual number from a value that an activation has been applied to and a tangent that it has not.
    fn activated(
        value: Images4<D, V>,
        tangent: Images4<D, T>,
        activation: Option<Activation>,
    ) -> Result<Self, OpError> {
        let tangent = match activation {
            Some(activation) => activate_tangent(tangent, &value.retaped::<NoneTape>(), activation)?,
            None => tangent,
        };
        Ok(Self { value, tangent })
    }
}

/// How a generator doubles its images' sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upscale {
    /// By a transposed convolution, as both papers do.
    Transposed,
    /// By upsampling, reflection padding and a 3x3 convolution, which leaves no checkerboard (Odena et al. 2016).
    Resize(Upsampling),
}

/// A layer that doubles sides.
#[derive(Clone, Debug)]
pub struct Up {
    upsampling: Option<Upsampling>,
    conv: Conv,
    reach: Vec<Reach>,
}

impl Up {
    /// A layer at `position` of a sequence whose names start with `prefix`; a transposed convolution has the extents of `s`.
    /// Gives the position of what follows, too: a resize-convolution takes three places (upsampling, padding, convolution),
    /// as in the reference's FAQ, which gives the convolution's tensors their names.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new<D: ImageDevice>(
        params: &mut ParamSet<D>,
        prefix: &str,
        position: usize,
        s: ConvShape,
        output_padding: usize,
        upscale: Upscale,
    ) -> Result<(Self, usize), OpError> {
        let (upsampling, conv, position) = match upscale {
            Upscale::Transposed => {
                let conv = Conv::transposed(params, &format!("{prefix}.{position}"), s, output_padding)?;
                (None, conv, position)
            }
            Upscale::Resize(upsampling) => {
                let s = ConvShape {
                    kernel: 3,
                    stride: 1,
                    padding: 0,
                    ..s
                };
                let conv = Conv::new(params, &format!("{prefix}.{}", position + 2), s)?;
                (Some(upsampling), conv, position + 2)
            }
        };
        let transposed = |kernel: usize, padding: usize| Reach::Transposed {
            kernel: kernel as i64,
            stride: 2,
            padding: padding as i64,
        };
        // Nearest upsampling gives each output one input, bilinear two in a row, as transposed convolutions of two and four taps do.
        let reach = match upsampling {
            None => vec![transposed(s.kernel, s.padding)],
            Some(upsampling) => vec![
                match upsampling {
                    Upsampling::Nearest => transposed(2, 0),
                    Upsampling::Bilinear => transposed(4, 1),
                },
                Reach::Conv {
                    kernel: 3,
                    stride: 1,
                    padding: 1,
                },
            ],
        };
        let up = Self {
            upsampling,
            conv,
            reach,
        };
        Ok((up, position + 1))
    }

    /// What an output pixel depends on.
    pub fn reach(&self) -> &[Reach] {
        &self.reach
    }

    /// The output, finished in the same pass.
    ///
    /// # Errors
    /// Where the input does not fit, or the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        finish: impl Into<Finish>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        match self.upsampling {
            Some(upsampling) => {
                let x = upsample2(x, upsampling)?;
                self.conv.forward_reflected(x, 1, finish, pass)
            }
            None => self.conv.forward(x, finish, pass),
        }
    }

    /// [`Up::forward`] of the ReLU of `skip`'s channels and `y`'s side by side.
    ///
    /// # Errors
    /// As there.
    pub fn forward_skip<D: ImageDevice, T: Flow<D>>(
        &self,
        skip: Images4<D, T>,
        y: Images4<D, T>,
        finish: impl Into<Finish>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        match self.upsampling {
            Some(_) => self.forward(concat_relu(skip, y)?, finish, pass),
            None => self.conv.forward_skip(skip, y, finish, pass),
        }
    }
}

/// A norm.
#[derive(Clone, Debug)]
pub struct NormLayer(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// Batch norm: indices of scale, shift and the first of mean, variance, counter.
    Batch {
        weight: usize,
        bias: usize,
        running: usize,
    },
    /// Instance norm.
    Instance,
    /// Nothing.
    None,
}

impl NormLayer {
    /// No norm: only the activation is applied.
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// A norm whose tensors, if any, are `{name}.weight`, `{name}.bias`, `{name}.running_mean` and so on.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new<D: ImageDevice>(
        params: &mut ParamSet<D>,
        name: &str,
        norm: Norm,
        channels: usize,
    ) -> Result<Self, OpError> {
        Ok(Self(match norm {
            Norm::Batch => {
                let weight = params.add_vector(format!("{name}.weight"), channels, 1.0)?;
                let bias = params.add_vector(format!("{name}.bias"), channels, 0.0)?;
                let running = params.add_running(format!("{name}.running_mean"), channels, 0.0)?;
                params.add_running(format!("{name}.running_var"), channels, 1.0)?;
                params.add_count(format!("{name}.num_batches_tracked"));
                Kind::Batch {
                    weight,
                    bias,
                    running,
                }
            }
            Norm::Instance => Kind::Instance,
            Norm::None => Kind::None,
        }))
    }

    /// The output, with `activation` applied in the same pass.
    ///
    /// # Errors
    /// Where the input does not fit, or the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        activation: Option<Activation>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        match &self.0 {
            Kind::Batch {
                weight,
                bias,
                running,
            } => {
                // Cheap clones of handles: the running statistics next to them are borrowed mutably.
                let (w, b) = (
                    pass.params.vector_at(*weight).clone(),
                    pass.params.vector_at(*bias).clone(),
                );
                let trains = pass.trains;
                let mode = match pass.statistics {
                    Statistics::Train => BatchNormMode::Train(Some(pass.params.running_mut(*running))),
                    Statistics::Paper => BatchNormMode::Train(None),
                    Statistics::Eval => {
                        let (mean, var) = (
                            pass.params.vector_at(*running),
                            pass.params.vector_at(running + 1),
                        );
                        BatchNormMode::Eval(mean, var)
                    }
                };
                batch_norm(x, &w, &b, mode, activation, trains)
            }
            Kind::Instance => instance_norm(x, activation),
            Kind::None => match activation {
                Some(activation) => activate(x, activation),
                None => Ok(x),
            },
        }
    }

    /// The output behind a convolution, with `activation` applied in the same pass. `conv` is told what to do of it itself.
    ///
    /// # Errors
    /// As [`NormLayer::forward`], and as `conv`.
    pub fn behind<D: ImageDevice, T: Flow<D>>(
        &self,
        activation: Option<Activation>,
        pass: &mut Pass<'_, D>,
        conv: impl FnOnce(Finish, &Pass<'_, D>) -> Result<Images4<D, T>, OpError>,
    ) -> Result<Images4<D, T>, OpError> {
        let instance_norm = match &self.0 {
            Kind::Batch { .. } => {
                let nothing = Finish {
                    more: true,
                    ..Finish::default()
                };
                let y = conv(nothing, pass)?;
                return self.forward(y, activation, pass);
            }
            Kind::Instance => true,
            Kind::None => false,
        };
        let all = Finish {
            instance_norm,
            activation,
            more: false,
        };
        conv(all, pass)
    }

    /// Whether the output's derivative depends on the input.
    pub(crate) fn is_curved(&self) -> bool {
        !matches!(self.0, Kind::None)
    }

    /// [`NormLayer::forward`] of a dual number, with the batch's statistics.
    pub(crate) fn dual<D: ImageDevice, V: Flow<D>, T: Flow<D>>(
        &self,
        x: Dual<D, V, T>,
        activation: Option<Activation>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Dual<D, V, T>, OpError> {
        if pass.statistics == Statistics::Eval {
            let problem = "derivatives of norms are those of the batch's statistics, not of running ones";
            return Err(OpError::shape("norm", problem));
        }
        let input = x.value.retaped::<NoneTape>();
        let value = self.forward(x.value, activation, pass)?;
        let tangent = match &self.0 {
            Kind::Batch { weight, .. } => {
                let weight = pass.params.vector_at(*weight);
                norm_tangent(&input, x.tangent, Some(weight), Normalised::Batch, pass.trains)?
            }
            Kind::Instance => norm_tangent(&input, x.tangent, None, Normalised::Image, false)?,
            Kind::None => x.tangent,
        };
        Dual::activated(value, tangent, activation)
    }
}
