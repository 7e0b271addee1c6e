//! Transposed convolution on the CPU: one matrix product an image, then the windows summed back.

use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::ConvTranspose2dKernel;
use crate::conv2d::ConvGradients;
use crate::conv2d::cpu::{bias_gradient, with_windows};
use crate::cpu::gemm::{Matrix, matmul};
use crate::cpu::memory::slice;
use crate::cpu::scratch::with_scratch;
use crate::cpu::windows::{is_identity, roll};
use crate::device::{Images4, Vector};
use crate::geometry::ConvGeometry;

impl ConvTranspose2dKernel for Cpu {
    fn conv_transpose2d_forward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        bias: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, CpuError> {
        let mut y = vec![0.0; g.n * g.wide_c * g.wide_len()];
        let w = Matrix::new(slice(weight), g.narrow_c, g.window());
        let images = slice(x).chunks_exact(g.narrow_c * g.narrow_len());
        for (image, out) in images.zip(y.chunks_exact_mut(g.wide_c * g.wide_len())) {
            let image = Matrix::new(image, g.narrow_c, g.narrow_len());
            if is_identity(g) {
                matmul(out, w.t(), image, false);
            } else {
                with_scratch(g.window() * g.narrow_len(), |m| {
                    matmul(m, w.t(), image, false);
                    roll(g, m, out, false);
                });
            }
            if let Some(b) = bias {
                out.par_chunks_mut(g.wide_len())
                    .zip(slice(b))
                    .for_each(|(channel, b)| channel.iter_mut().for_each(|v| *v += *b));
            }
        }
        self.try_tensor_from_vec(y, (g.n, g.wide_c, g.wide_h, g.wide_w))
    }

    fn conv_transpose2d_backward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        mut out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        let w = Matrix::new(slice(weight), g.narrow_c, g.window());
        if let Some(gb) = out.bias {
            bias_gradient(grad_y, g.wide_c, g.wide_len(), gb);
        }
        let narrow = g.narrow_c * g.narrow_len();
        for (i, gy) in grad_y.chunks_exact(g.wide_c * g.wide_len()).enumerate() {
            with_windows(g, gy, |m| {
                let m = Matrix::new(m, g.window(), g.narrow_len());
                if let Some(gw) = out.weight.as_deref_mut() {
                    let x = Matrix::new(
                        &slice(x)[i * narrow..(i + 1) * narrow],
                        g.narrow_c,
                        g.narrow_len(),
                    );
                    matmul(gw, x, m.t(), true);
                }
                if let Some(gx) = out.x.as_deref_mut() {
                    matmul(&mut gx[i * narrow..(i + 1) * narrow], w, m, true);
                }
            });
        }
        Ok(())
    }
}
