//! Convolution on the CPU: windows unrolled into a matrix, then one matrix product an image.

use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::{Conv2dKernel, ConvGradients};
use crate::cpu::gemm::{Matrix, matmul};
use crate::cpu::memory::slice;
use crate::cpu::scratch::with_scratch;
use crate::cpu::windows::{is_identity, roll, unroll};
use crate::device::{Images4, Vector};
use crate::geometry::ConvGeometry;

/// Runs `work` with the window matrix of one wide image: the image itself where windows are single pixels.
pub(crate) fn with_windows<R>(g: &ConvGeometry, image: &[f32], work: impl FnOnce(&[f32]) -> R) -> R {
    if is_identity(g) {
        return work(image);
    }
    with_scratch(g.window() * g.narrow_len(), |matrix| {
        unroll(g, image, matrix);
        work(matrix)
    })
}

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

/// Fills each channel of one image with its bias.
pub(crate) fn fill_bias(image: &mut [f32], len: usize, bias: &[f32]) {
    image
        .par_chunks_mut(len)
        .zip(bias)
        .for_each(|(channel, b)| channel.fill(*b));
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
        let w = Matrix::new(slice(weight), g.narrow_c, g.window());
        let images = slice(x).chunks_exact(g.wide_c * g.wide_len());
        for (image, out) in images.zip(y.chunks_exact_mut(g.narrow_c * g.narrow_len())) {
            if let Some(b) = bias {
                fill_bias(out, g.narrow_len(), slice(b));
            }
            with_windows(g, image, |m| {
                matmul(out, w, Matrix::new(m, g.window(), g.narrow_len()), bias.is_some());
            });
        }
        self.try_tensor_from_vec(y, (g.n, g.narrow_c, g.narrow_h, g.narrow_w))
    }

    fn conv2d_backward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        mut out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        let w = Matrix::new(slice(weight), g.narrow_c, g.window());
        if let Some(gb) = out.bias {
            bias_gradient(grad_y, g.narrow_c, g.narrow_len(), gb);
        }
        let wide = g.wide_c * g.wide_len();
        for (i, gy) in grad_y.chunks_exact(g.narrow_c * g.narrow_len()).enumerate() {
            let gy = Matrix::new(gy, g.narrow_c, g.narrow_len());
            if let Some(gw) = out.weight.as_deref_mut() {
                with_windows(g, &slice(x)[i * wide..(i + 1) * wide], |m| {
                    matmul(gw, gy, Matrix::new(m, g.window(), g.narrow_len()).t(), true);
                });
            }
            if let Some(gx) = out.x.as_deref_mut() {
                let gx = &mut gx[i * wide..(i + 1) * wide];
                if is_identity(g) {
                    matmul(gx, w.t(), gy, true);
                } else {
                    with_scratch(g.window() * g.narrow_len(), |m| {
                        matmul(m, w.t(), gy, false);
                        roll(g, m, gx, true);
                    });
                }
            }
        }
        Ok(())
    }
}
