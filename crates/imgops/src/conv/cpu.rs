//! Convolutions on the CPU: the three products of [`crate::cpu::convolve`], bias and activation.

use dfdx::tensor::{Cpu, CpuError, Storage};

use super::{ConvGradients, ConvKernel, Direction};
use crate::activation::Activation;
use crate::activation::cpu::activate_in_place;
use crate::cpu::columns;
use crate::cpu::convolve::{narrow, weight_gradient, widen};
use crate::cpu::memory::slice;
use crate::device::{Images4, Vector};
use crate::filter::Filter;
use crate::geometry::ConvGeometry;
use crate::layout::new_images;

/// The output's shape.
fn output(direction: Direction, g: &ConvGeometry) -> (usize, usize, usize, usize) {
    match direction {
        Direction::Narrow => (g.n, g.narrow_c, g.narrow_h, g.narrow_w),
        Direction::Widen => (g.n, g.wide_c, g.wide_h, g.wide_w),
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
        let shape = output(direction, g);
        let product = if direction == Direction::Narrow {
            narrow
        } else {
            widen
        };
        new_images(self, shape, |y| {
            product(g, slice(x), slice(weight.stored_values()), y, false);
            if let Some(bias) = bias {
                columns::add(y, slice(bias));
            }
            if let Some(activation) = activation {
                activate_in_place(activation, y);
            }
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
        if let Some(gw) = out.weight {
            match direction {
                Direction::Narrow => weight_gradient(g, slice(x), grad_y, gw, !out.weight_fresh),
                Direction::Widen => weight_gradient(g, grad_y, slice(x), gw, !out.weight_fresh),
            }
        }
        if let Some(gx) = out.x {
            let product = if direction == Direction::Narrow {
                widen
            } else {
                narrow
            };
            product(g, grad_y, slice(weight.stored_values()), gx, true);
        }
        Ok(())
    }
}
