//! Convolutions on the CPU: bias, and the three products of [`crate::cpu::convolve`].

use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::{ConvGradients, ConvKernel, Direction};
use crate::cpu::convolve::{narrow, weight_gradient, widen};
use crate::cpu::memory::slice;
use crate::device::{Images4, Vector};
use crate::geometry::ConvGeometry;

/// The output's shape.
fn output(direction: Direction, g: &ConvGeometry) -> (usize, usize, usize, usize) {
    match direction {
        Direction::Narrow => (g.n, g.narrow_c, g.narrow_h, g.narrow_w),
        Direction::Widen => (g.n, g.wide_c, g.wide_h, g.wide_w),
    }
}

/// `bias[c] += sum of grad_y over images and pixels`.
fn bias_gradient(grad_y: &[f32], channels: usize, len: usize, grad_b: &mut [f32]) {
    grad_b.par_iter_mut().enumerate().for_each(|(c, sum)| {
        for image in grad_y.chunks_exact(channels * len) {
            *sum += image[c * len..(c + 1) * len]
                .iter()
                .map(|v| f64::from(*v))
                .sum::<f64>() as f32;
        }
    });
}

impl ConvKernel for Cpu {
    fn conv_forward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        bias: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, CpuError> {
        let shape = output(direction, g);
        let mut y = vec![0.0; shape.0 * shape.1 * shape.2 * shape.3];
        if let Some(bias) = bias.map(slice) {
            let channels = y.par_chunks_mut(shape.2 * shape.3);
            channels
                .enumerate()
                .for_each(|(i, channel)| channel.fill(bias[i % bias.len()]));
        }
        let product = if direction == Direction::Narrow {
            narrow
        } else {
            widen
        };
        product(g, slice(x), slice(weight), &mut y, bias.is_some());
        self.try_tensor_from_vec(y, shape)
    }

    fn conv_backward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        if let Some(gb) = out.bias {
            let (_, channels, h, w) = output(direction, g);
            bias_gradient(grad_y, channels, h * w, gb);
        }
        if let Some(gw) = out.weight {
            match direction {
                Direction::Narrow => weight_gradient(g, slice(x), grad_y, gw),
                Direction::Widen => weight_gradient(g, grad_y, slice(x), gw),
            }
        }
        if let Some(gx) = out.x {
            let product = if direction == Direction::Narrow {
                widen
            } else {
                narrow
            };
            product(g, grad_y, slice(weight), gx, true);
        }
        Ok(())
    }
}
