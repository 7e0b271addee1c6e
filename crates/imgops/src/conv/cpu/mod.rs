//! Convolutions on the CPU: the three products of [`crate::cpu::convolve`], bias and activation.

mod call;

pub(crate) use call::{convolve, reflection_pad_conv2d, skip_conv_transpose2d};

use dfdx::tensor::{Cpu, CpuError, Storage};

use super::{ConvGradients, ConvKernel, Direction};
use crate::activation::Activation;
use crate::activation::cpu::activate_in_place;
use crate::cpu::columns;
use crate::cpu::convolve::{Wanted, gradients, product};
use crate::cpu::memory::slice;
use crate::device::{Images4, Vector};
use crate::filter::Filter;
use crate::geometry::ConvGeometry;
use crate::layout::new_images;

/// Adds the bias and applies the activation.
fn finish(y: &mut [f32], bias: Option<&Vector<Cpu>>, activation: Option<Activation>) {
    if let Some(bias) = bias {
        columns::add(y, slice(bias));
    }
    if let Some(activation) = activation {
        activate_in_place(activation, y);
    }
}

impl ConvKernel for Cpu {
    fn conv_forward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        activation: Option<Activation>,
    ) -> Result<Images4<Self>, CpuError> {
        let shape = direction.output(g);
        new_images(self, shape, |y| {
            product(direction, g, slice(x), slice(weight.stored_values()), y);
            finish(y, bias, activation);
        })
    }

    fn conv_backward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Filter<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        if let Some(gb) = out.bias {
            columns::sum_into(grad_y, gb);
        }
        let wanted = Wanted {
            x: out.x.map(|gx| (&mut gx[..], true)),
            weight: out.weight.map(|gw| (&mut gw[..], !out.weight_fresh)),
        };
        let weight = slice(weight.stored_values());
        gradients(direction, g, slice(x), weight, grad_y, wanted);
        Ok(())
    }
}
