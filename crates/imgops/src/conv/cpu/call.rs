//! Convolutions as operations of the CPU's tape. Of images that are made from others first it keeps those others, not what was
//! made; of a normalised output only the values before the norm, whose gradient takes the place of the output's.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, PutTape, SplitTape, Storage};

use super::finish;
use crate::activation::{Activation, ActivationKernel};
use crate::add::add_images;
use crate::concat::{concat_relu, joined_shape};
use crate::conv::{Direction, conv_transpose2d, with_parameters};
use crate::cpu::columns;
use crate::cpu::made::{Input, Join, Mirror, Plain, WantedOfMade};
use crate::cpu::memory::slice;
use crate::cpu::parallel::{add, while_clearing};
use crate::cpu::scratch::Saved;
use crate::device::{Flow, GradientBuffer, Images4, Vector, put, take};
use crate::error::OpError;
use crate::filter::Filter;
use crate::geometry::{ConvConfig, ConvGeometry};
use crate::instance_norm;
use crate::instance_norm::cpu::Statistics;
use crate::layout::{arrange, new_images, new_images_after};
use crate::reflection_pad::padded_shape;

/// [`crate::conv2d`] and [`crate::conv_transpose2d`].
pub(crate) fn convolve<T: Flow<Cpu>>(
    x: Images4<Cpu, T>,
    direction: Direction,
    g: ConvGeometry,
    weight: &Filter<Cpu>,
    bias: Option<&Vector<Cpu>>,
    config: ConvConfig,
) -> Result<Images4<Cpu, T>, OpError> {
    let (x, tape) = arrange(x)?.split_tape();
    let call = Call {
        op: direction.op(),
        direction,
        g,
        input: Plain,
        parts: [x],
        skip: None,
    };
    call.apply(tape, weight, bias, config)
}

/// [`crate::skip_conv_transpose2d`].
pub(crate) fn skip_conv_transpose2d<T: Flow<Cpu>>(
    skip: Images4<Cpu, T>,
    y: Images4<Cpu, T>,
    weight: &Filter<Cpu>,
    bias: Option<&Vector<Cpu>>,
    config: ConvConfig,
) -> Result<Images4<Cpu, T>, OpError> {
    let op = "skip_conv_transpose2d";
    let channels = [skip.shape().1, y.shape().1];
    let shape = joined_shape(op, *skip.shape(), *y.shape())?;
    if std::ptr::eq(slice(&skip), slice(&y)) {
        // Two parts of one tensor have one gradient, which can't be lent twice.
        return conv_transpose2d(concat_relu(skip, y)?, weight, bias, config);
    }
    let g = ConvGeometry::conv_transpose2d(shape, weight.shape(), bias.map(|b| b.shape().0), config)?;
    let ((skip, tape), (y, tape_y)) = (arrange(skip)?.split_tape(), arrange(y)?.split_tape());
    let call = Call {
        op,
        direction: Direction::Widen,
        g,
        input: Join(channels),
        parts: [skip, y],
        skip: None,
    };
    call.apply(tape.merge(tape_y), weight, bias, config)
}

/// [`crate::reflection_pad_conv2d`] and [`crate::residual_conv2d`].
pub(crate) fn reflection_pad_conv2d<T: Flow<Cpu>>(
    x: Images4<Cpu, T>,
    padding: usize,
    weight: &Filter<Cpu>,
    bias: Option<&Vector<Cpu>>,
    config: ConvConfig,
    skip: Option<Images4<Cpu, T>>,
) -> Result<Images4<Cpu, T>, OpError> {
    let op = "reflection_pad_conv2d";
    let shape = padded_shape(op, *x.shape(), padding)?;
    let g = ConvGeometry::conv2d(shape, weight.shape(), bias.map(|b| b.shape().0), config)?;
    let (x, tape) = arrange(x)?.split_tape();
    let mut call = Call {
        op,
        direction: Direction::Narrow,
        g,
        input: Mirror(padding),
        parts: [x],
        skip: None,
    };
    match skip {
        Some(skip) if config.instance_norm && *skip.shape() == call.direction.output(&g) => {
            let (skip, tape_of_skip) = arrange(skip)?.split_tape();
            call.skip = Some(skip);
            call.apply(tape_of_skip.merge(tape), weight, bias, config)
        }
        Some(skip) => add_images(skip, call.apply(tape, weight, bias, config)?),
        None => call.apply(tape, weight, bias, config),
    }
}

/// A checked operation, with its tensors.
struct Call<const P: usize, I> {
    op: &'static str,
    direction: Direction,
    g: ConvGeometry,
    input: I,
    parts: [Images4<Cpu>; P],
    /// Added to a normalised output.
    skip: Option<Images4<Cpu>>,
}

/// What came behind a convolution, with what its backward pass needs.
enum Behind {
    Nothing,
    Activation(Activation, Images4<Cpu>),
    /// The images before it, and their statistics.
    InstanceNorm(Saved, Statistics<Vec<f32>>, Option<Activation>),
}

impl Behind {
    /// Makes the gradient of the convolution's own output, so many images, of that of the operation's, in its place.
    fn turn(&self, n: usize, grad: &mut <Cpu as Storage<f32>>::Vec) -> Result<(), CpuError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Activation(activation, y) => y.device().activation_slope(*activation, y, grad),
            Self::InstanceNorm(before, statistics, activation) => {
                statistics.turn(before, n, *activation, grad);
                Ok(())
            }
        }
    }
}

impl<const P: usize, I: Input<P> + Send + Sync + 'static> Call<P, I> {
    fn parts(&self) -> [&[f32]; P] {
        self.parts.each_ref().map(slice)
    }

    /// The convolution, without a bias.
    fn product(&self, weight: &Filter<Cpu>, out: &mut [f32]) {
        let weight = slice(weight.stored_values());
        self.input
            .product(self.direction, &self.g, self.parts(), weight, out);
    }

    /// The output, and what a backward pass, if there is to be one, has to know of it.
    fn forward(
        &self,
        weight: &Filter<Cpu>,
        bias: Option<&Vector<Cpu>>,
        config: ConvConfig,
        taped: bool,
    ) -> Result<(Images4<Cpu>, Behind), CpuError> {
        let device = self.parts[0].device();
        let shape @ (n, c, h, w) = self.direction.output(&self.g);
        let activation = config.activation;
        if !config.instance_norm {
            let y = new_images(device, shape, |y| {
                self.product(weight, y);
                finish(y, bias, activation);
            })?;
            let behind = activation.map_or(Behind::Nothing, |activation| {
                Behind::Activation(activation, y.clone())
            });
            return Ok((y, behind));
        }
        // Without the bias, which the norm would take away again.
        let skip = self.skip.as_ref().map(slice);
        if !taped {
            let y = new_images(device, shape, |y| {
                self.product(weight, y);
                Statistics::of(y, n, c).normalise_in_place(n, activation, y);
                if let Some(skip) = skip {
                    add(y, skip);
                }
            })?;
            return Ok((y, Behind::Nothing));
        }
        let before = || {
            let mut before = Saved::new(n * c * h * w);
            self.product(weight, &mut before);
            let statistics = Statistics::of(&before, n, c);
            (before, statistics)
        };
        let (y, (before, statistics)) =
            new_images_after(device, shape, before, |(before, statistics), y| {
                statistics.normalise(before, n, activation, skip, y);
            })?;
        Ok((y, Behind::InstanceNorm(before, statistics, activation)))
    }

    fn apply<T: Flow<Cpu>>(
        mut self,
        mut tape: T,
        weight: &Filter<Cpu>,
        bias: Option<&Vector<Cpu>>,
        config: ConvConfig,
    ) -> Result<Images4<Cpu, T>, OpError> {
        let shape = self.direction.output(&self.g);
        if config.instance_norm {
            instance_norm::check(self.op, shape, config.activation)?;
        } else if let Some(activation) = config.activation {
            activation.check(self.op)?;
        }
        let (y, behind) = self
            .forward(weight, bias, config, T::OWNS_TAPE)
            .map_err(OpError::device(self.op))?;
        let skip = self.skip.take().map(|skip| skip.ghost());
        if T::OWNS_TAPE && (config.weight_grad || config.input_grad || skip.is_some()) {
            let (ghost, weight, bias) = (y.ghost(), weight.clone(), bias.cloned());
            let device = y.device().clone();
            tape.add_backward_op(move |grads| {
                let mut grad = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
                if let Some(skip) = &skip {
                    add(grads.get_or_alloc_mut(skip)?, &grad);
                }
                let parts = || self.parts.iter().filter(|_| config.input_grad);
                let values = match behind {
                    Behind::Nothing => 0, // nothing to do meanwhile
                    _ => parts().map(|part| slice(part).len()).sum(),
                };
                let turn = || behind.turn(shape.0, &mut grad);
                let (turned, slots) = while_clearing(values, turn, || {
                    parts()
                        .map(|part| take(grads, part))
                        .collect::<Result<Vec<_>, _>>()
                });
                turned?;
                let mut slots = slots?;
                drop(behind);
                with_parameters(grads, &weight, bias.as_ref(), config.weight_grad, |out| {
                    // The gradients behind a norm add up to nothing.
                    if let Some(gb) = out.bias.filter(|_| !config.instance_norm) {
                        columns::sum_into(&grad, gb);
                    }
                    let parts: Vec<&mut [f32]> = slots.iter_mut().map(|slot| &mut slot[..]).collect();
                    let wanted = WantedOfMade {
                        parts: parts.try_into().ok(), // none where they are not wanted
                        weight: out.weight.map(|gw| (&mut gw[..], !out.weight_fresh)),
                    };
                    let weight = slice(weight.stored_values());
                    self.input
                        .gradients(self.direction, &self.g, self.parts(), weight, &grad, wanted);
                    Ok(())
                })?;
                for (part, slot) in self.parts.iter().zip(slots) {
                    put(grads, part, slot)?;
                }
                Ok(())
            });
        }
        Ok(y.put_tape(tape))
    }
}
