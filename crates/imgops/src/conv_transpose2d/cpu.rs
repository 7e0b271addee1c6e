//! Transposed convolution on the CPU: the convolution's products with the sides swapped.

use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::ConvTranspose2dKernel;
use crate::conv2d::ConvGradients;
use crate::conv2d::cpu::{bias_gradient, fill_bias};
use crate::cpu::convolve::{narrow, weight_gradient, widen};
use crate::cpu::memory::slice;
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
        if let Some(b) = bias {
            fill_bias(&mut y, g.wide_len(), slice(b));
        }
        widen(g, slice(x), slice(weight), &mut y, bias.is_some());
        self.try_tensor_from_vec(y, (g.n, g.wide_c, g.wide_h, g.wide_w))
    }

    fn conv_transpose2d_backward(
        &self,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Images4<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CpuError> {
        if let Some(gb) = out.bias {
            bias_gradient(grad_y, g.wide_c, g.wide_len(), gb);
        }
        if let Some(gw) = out.weight {
            weight_gradient(g, grad_y, slice(x), gw);
        }
        if let Some(gx) = out.x {
            narrow(g, grad_y, slice(weight), gx, true);
        }
        Ok(())
    }
}
