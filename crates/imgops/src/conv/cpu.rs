//! Convolutions on the CPU: the three products of [`crate::cpu::convolve`], bias and activation.

use dfdx::tensor::{Cpu, CpuError, Storage};

use super::{ConvGradients, ConvKernel, Direction};
use crate::activation::Activation;
use crate::activation::cpu::activate_in_place;
use crate::cpu::columns;
use crate::cpu::convolve::{Wanted, narrow, narrow_gradients, widen, widen_gradients};
use crate::cpu::memory::slice;
use crate::device::{Images4, Vector};
use crate::filter::Filter;
use crate::geometry::ConvGeometry;
use crate::layout::new_images;

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
        let product = if direction == Direction::Narrow {
            narrow
        } else {
            widen
        };
        new_images(self, shape, |y| {
            product(g, slice(x), slice(weight.stored_values()), y);
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
        let gradients = if direction == Direction::Narrow {
            narrow_gradients
        } else {
            widen_gradients
        };
        let wanted = Wanted {
            x: out.x.map(|gx| (&mut gx[..], true)),
            weight: out.weight.map(|gw| (&mut gw[..], !out.weight_fresh)),
        };
        gradients(g, slice(x), slice(weight.stored_values()), grad_y, wanted);
        Ok(())
    }
}
