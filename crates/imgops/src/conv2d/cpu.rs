//! Convolution on the CPU.

use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::{Conv2dKernel, ConvGradients};
use crate::cpu::convolve::{narrow, weight_gradient, widen};
use crate::cpu::memory::slice;
use crate::device::{Images4, Vector};
use crate::geometry::ConvGeometry;

/// `bias[c] += sum of grad_y over images and pixels`.
pub(crate) fn bias_gradient(grad_y: &[f32], channels: usize, len: usize, grad_b: &mut [f32]) {
    grad_b.par_iter_mut().enumerate().for_each(|(c, sum)| {
        for image in grad_y.chunks_exact(channels * len) {
            *sum += image[c * len..(c + 1) * len]
                .iter()
                .map(|v| f64::from(*v))
                .sum::<f64>() as f32;
        }
    });
}

/// Fills each channel of each image with its bias.
pub(crate) fn fill_bias(images: &mut [f32], len: usize, bias: &[f32]) {
    images
        .par_chunks_mut(len)
        .enumerate()
        .for_each(|(i, channel)| channel.fill(bias[i % bias.len()]));
}

impl Conv2dKernel for Cpu {
    fn conv2d_forward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        bias: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, CpuError> {
        let mut y = vec![0.0; g.n * g.narrow_c * g.narrow_len()];
        if let Some(b) = bias {
            fill_bias(&mut y, g.narrow_len(), slice(b));
        }
        narrow(g, slice(x), slice(weight), &mut y, bias.is_some());
        self.try_tensor_from_vec(y, (g.n, g.narrow_c, g.narrow_h, g.narrow_w))
    }

    fn conv2d_backward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        if let Some(gb) = out.bias {
            bias_gradient(grad_y, g.narrow_c, g.narrow_len(), gb);
        }
        if let Some(gw) = out.weight {
            weight_gradient(g, slice(x), grad_y, gw);
        }
        if let Some(gx) = out.x {
            widen(g, grad_y, slice(weight), gx, true);
        }
        Ok(())
    }
}
