//! Convolutions and norms that know which tensors of a [`ParamSet`] are theirs.

use diptych_imgops::{
    Activation, BatchNormMode, ConvConfig, Flow, ImageDevice, Images4, OpError, activate, batch_norm,
    conv_transpose2d, conv2d, instance_norm,
};

use super::Norm;
use super::params::ParamSet;
use super::pass::{Pass, Statistics};

/// LeakyReLU with the slope of both papers, 0.2.
pub(crate) const LEAKY: Activation = Activation::LeakyRelu(diptych_imgops::activation::LEAKY_SLOPE);

/// A convolution or transposed convolution.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    weight: usize,
    bias: Option<usize>,
    config: ConvConfig,
    transposed: bool,
    first: bool,
}

/// A convolution's extents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvShape {
    pub(crate) inp: usize,
    pub(crate) out: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) bias: bool,
}

impl Conv {
    /// A convolution whose tensors are `{name}.weight` and `{name}.bias`.
    pub(crate) fn new<D: ImageDevice>(
        params: &mut ParamSet<D>,
        name: &str,
        s: ConvShape,
    ) -> Result<Self, OpError> {
        let shape = [s.out, s.inp, s.kernel, s.kernel];
        Self::build(params, name, shape, s, false, 0)
    }

    /// A transposed convolution.
    pub(crate) fn transposed<D: ImageDevice>(
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
    pub(crate) fn first(mut self) -> Self {
        self.first = true;
        self
    }

    /// The output, with `activation` applied in the same pass.
    pub(crate) fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        activation: Option<Activation>,
        pass: &Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let config = ConvConfig {
            activation,
            weight_grad: pass.trains,
            input_grad: !self.first || pass.input_grad,
            ..self.config
        };
        let weight = pass.params.weight(self.weight);
        let bias = self.bias.map(|b| pass.params.vector_at(b));
        if self.transposed {
            conv_transpose2d(x, weight, bias, config)
        } else {
            conv2d(x, weight, bias, config)
        }
    }
}

/// A norm.
#[derive(Clone, Debug)]
pub(crate) enum NormLayer {
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
    /// A norm whose tensors, if any, are `{name}.weight`, `{name}.bias`, `{name}.running_mean` and so on.
    pub(crate) fn new<D: ImageDevice>(
        params: &mut ParamSet<D>,
        name: &str,
        norm: Norm,
        channels: usize,
    ) -> Result<Self, OpError> {
        Ok(match norm {
            Norm::Batch => {
                let weight = params.add_vector(format!("{name}.weight"), channels, 1.0)?;
                let bias = params.add_vector(format!("{name}.bias"), channels, 0.0)?;
                let running = params.add_running(format!("{name}.running_mean"), channels, 0.0)?;
                params.add_running(format!("{name}.running_var"), channels, 1.0)?;
                params.add_count(format!("{name}.num_batches_tracked"));
                Self::Batch {
                    weight,
                    bias,
                    running,
                }
            }
            Norm::Instance => Self::Instance,
            Norm::None => Self::None,
        })
    }

    /// The output, with `activation` applied in the same pass.
    pub(crate) fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        activation: Option<Activation>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        match self {
            Self::Batch {
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
            Self::Instance => instance_norm(x, activation),
            Self::None => match activation {
                Some(activation) => activate(x, activation),
                None => Ok(x),
            },
        }
    }
}
