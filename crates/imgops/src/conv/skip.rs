//! [`crate::skip_conv_transpose2d`] on the CPU, which keeps both halves on the tape and never their concatenation.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, PutTape, SplitTape};

use super::{conv_transpose2d, with_parameters};
use crate::activation::ActivationKernel;
use crate::activation::cpu::activate_in_place;
use crate::concat::{concat_relu, joined_shape};
use crate::cpu::columns;
use crate::cpu::joined::{Joined, WantedOfJoined};
use crate::cpu::memory::slice;
use crate::device::{Flow, GradientBuffer, Images4, Vector, put, take};
use crate::error::OpError;
use crate::filter::Filter;
use crate::geometry::{ConvConfig, ConvGeometry};
use crate::layout::{arrange, new_images};

const OP: &str = "skip_conv_transpose2d";

fn joined<'a>(skip: &'a Images4<Cpu>, y: &'a Images4<Cpu>) -> Joined<'a> {
    Joined {
        parts: [skip, y].map(|part| (slice(part), part.shape().1)),
    }
}

pub(crate) fn apply<T: Flow<Cpu>>(
    skip: Images4<Cpu, T>,
    y: Images4<Cpu, T>,
    weight: &Filter<Cpu>,
    bias: Option<&Vector<Cpu>>,
    config: ConvConfig,
) -> Result<Images4<Cpu, T>, OpError> {
    if let Some(activation) = config.activation {
        activation.check(OP)?;
    }
    let shape = joined_shape(OP, *skip.shape(), *y.shape())?;
    if std::ptr::eq(slice(&skip), slice(&y)) {
        // Two parts of one tensor have one gradient, which can't be lent twice.
        return conv_transpose2d(concat_relu(skip, y)?, weight, bias, config);
    }
    let g = ConvGeometry::conv_transpose2d(shape, weight.shape(), bias.map(|b| b.shape().0), config)?;
    let ((skip, tape), (y, tape_y)) = (arrange(skip)?.split_tape(), arrange(y)?.split_tape());
    let mut tape = tape.merge(tape_y);
    let device = skip.device().clone();
    let out = new_images(&device, (g.n, g.wide_c, g.wide_h, g.wide_w), |out| {
        joined(&skip, &y).widen(&g, slice(weight.stored_values()), out);
        if let Some(bias) = bias {
            columns::add(out, slice(bias));
        }
        if let Some(activation) = config.activation {
            activate_in_place(activation, out);
        }
    })
    .map_err(OpError::device(OP))?;
    if T::OWNS_TAPE && (config.weight_grad || config.input_grad) {
        let (ghost, weight, bias) = (out.ghost(), weight.clone(), bias.cloned());
        let activated = config.activation.map(|activation| (activation, out.clone()));
        tape.add_backward_op(move |grads| {
            let mut grad = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            if let Some((activation, out)) = &activated {
                device.activation_slope(*activation, out, &mut grad)?;
            }
            let mut parts = config
                .input_grad
                .then(|| Ok([take(grads, &skip)?, take(grads, &y)?]))
                .transpose()?;
            with_parameters(grads, &weight, bias.as_ref(), config.weight_grad, |out| {
                if let Some(gb) = out.bias {
                    columns::sum_into(&grad, gb);
                }
                let wanted = WantedOfJoined {
                    parts: parts
                        .as_mut()
                        .map(|parts| parts.each_mut().map(|part| &mut part[..])),
                    weight: out.weight.map(|gw| (&mut gw[..], !out.weight_fresh)),
                };
                joined(&skip, &y).widen_gradients(&g, slice(weight.stored_values()), &grad, wanted);
                Ok(())
            })?;
            if let Some([of_skip, of_y]) = parts {
                put(grads, &skip, of_skip)?;
                put(grads, &y, of_y)?;
            }
            Ok(())
        });
    }
    Ok(out.put_tape(tape))
}
