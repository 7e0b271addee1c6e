//! On the CPU, convolutions of images that are made from others first keep those others on the tape, not what was made.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, PutTape, SplitTape};

use super::cpu::finish;
use super::{Direction, conv_transpose2d, with_parameters};
use crate::activation::ActivationKernel;
use crate::concat::{concat_relu, joined_shape};
use crate::cpu::columns;
use crate::cpu::made::{Join, Made, Mirror, Recipe, WantedOfMade};
use crate::cpu::memory::slice;
use crate::device::{Flow, GradientBuffer, Images4, Vector, put, take};
use crate::error::OpError;
use crate::filter::Filter;
use crate::geometry::{ConvConfig, ConvGeometry};
use crate::layout::{arrange, new_images};
use crate::reflection_pad::padded_shape;

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
        recipe: Join(channels),
        parts: [skip, y],
    };
    call.apply(tape.merge(tape_y), weight, bias, config)
}

/// [`crate::reflection_pad_conv2d`].
pub(crate) fn reflection_pad_conv2d<T: Flow<Cpu>>(
    x: Images4<Cpu, T>,
    padding: usize,
    weight: &Filter<Cpu>,
    bias: Option<&Vector<Cpu>>,
    config: ConvConfig,
) -> Result<Images4<Cpu, T>, OpError> {
    let op = "reflection_pad_conv2d";
    let shape = padded_shape(op, *x.shape(), padding)?;
    let g = ConvGeometry::conv2d(shape, weight.shape(), bias.map(|b| b.shape().0), config)?;
    let (x, tape) = arrange(x)?.split_tape();
    let call = Call {
        op,
        direction: Direction::Narrow,
        g,
        recipe: Mirror(padding),
        parts: [x],
    };
    call.apply(tape, weight, bias, config)
}

/// A checked operation, with its parts.
struct Call<const P: usize, R> {
    op: &'static str,
    direction: Direction,
    g: ConvGeometry,
    recipe: R,
    parts: [Images4<Cpu>; P],
}

impl<const P: usize, R: Recipe<P> + Copy + 'static> Call<P, R> {
    fn made(&self) -> Made<'_, P, R> {
        Made {
            direction: self.direction,
            recipe: self.recipe,
            parts: self.parts.each_ref().map(slice),
        }
    }

    fn apply<T: Flow<Cpu>>(
        self,
        mut tape: T,
        weight: &Filter<Cpu>,
        bias: Option<&Vector<Cpu>>,
        config: ConvConfig,
    ) -> Result<Images4<Cpu, T>, OpError> {
        if let Some(activation) = config.activation {
            activation.check(self.op)?;
        }
        let device = self.parts[0].device().clone();
        let y = new_images(&device, self.direction.output(&self.g), |y| {
            self.made().product(&self.g, slice(weight.stored_values()), y);
            finish(y, bias, config.activation);
        })
        .map_err(OpError::device(self.op))?;
        if T::OWNS_TAPE && (config.weight_grad || config.input_grad) {
            let (ghost, weight, bias) = (y.ghost(), weight.clone(), bias.cloned());
            let activated = config.activation.map(|activation| (activation, y.clone()));
            tape.add_backward_op(move |grads| {
                let mut grad = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
                if let Some((activation, y)) = &activated {
                    device.activation_slope(*activation, y, &mut grad)?;
                }
                let parts = self.parts.iter().filter(|_| config.input_grad);
                let mut slots = parts
                    .map(|part| take(grads, part))
                    .collect::<Result<Vec<_>, _>>()?;
                with_parameters(grads, &weight, bias.as_ref(), config.weight_grad, |out| {
                    if let Some(gb) = out.bias {
                        columns::sum_into(&grad, gb);
                    }
                    let parts: Vec<&mut [f32]> = slots.iter_mut().map(|slot| &mut slot[..]).collect();
                    let wanted = WantedOfMade {
                        parts: parts.try_into().ok(), // none where they are not wanted
                        weight: out.weight.map(|gw| (&mut gw[..], !out.weight_fresh)),
                    };
                    self.made()
                        .gradients(&self.g, slice(weight.stored_values()), &grad, wanted);
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
