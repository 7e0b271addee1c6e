//! Convolutions on a GPU: the three products of [`crate::cuda::convolve`], bias and activation.

use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{ConvGradients, ConvKernel, Direction};
use crate::activation::Activation;
use crate::activation::cuda::args;
use crate::cuda::convolve::{Addresses, product};
use crate::cuda::cudnn::Pass;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, maybe, uint};
use crate::cuda::memory::{buffer, images, new_images, pointer};
use crate::device::{Images4, Vector};
use crate::filter::Filter;
use crate::geometry::ConvGeometry;

/// Wide and narrow side from the input's and the output's addresses, with the weight's.
fn operands(direction: Direction, x: u64, y: u64, filter: u64) -> Addresses {
    let (wide, narrow) = match direction {
        Direction::Narrow => (x, y),
        Direction::Widen => (y, x),
    };
    Addresses { wide, narrow, filter }
}

/// The output's shape.
fn output(direction: Direction, g: &ConvGeometry) -> (usize, usize, usize, usize) {
    match direction {
        Direction::Narrow => (g.n, g.narrow_c, g.narrow_h, g.narrow_w),
        Direction::Widen => (g.n, g.wide_c, g.wide_h, g.wide_w),
    }
}

impl ConvKernel for Cuda {
    fn conv_forward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        activation: Option<Activation>,
    ) -> Result<Images4<Self>, CudaError> {
        let shape @ (n, c, h, w) = output(direction, g);
        let y = new_images(self, shape)?;
        let to = images(&y)?;
        let pass = match direction {
            Direction::Narrow => Pass::Narrow,
            Direction::Widen => Pass::Widen,
        };
        let operands = operands(direction, images(x)?, to, pointer(weight.stored_values())?);
        product(g, pass, operands, false)?;
        if bias.is_some() || activation.is_some() {
            let ([kind, slope], bias) = (args(activation), bias.map(pointer).transpose()?);
            let rest = [len(c), maybe(bias), kind, slope, at(to)];
            runtime()?.each(Kernel::BiasActivate, n * c * h * w, &rest)?;
        }
        Ok(y)
    }

    fn conv_backward(
        &self,
        direction: Direction,
        g: &ConvGeometry,
        x: &Images4<Self>,
        weight: &Filter<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: ConvGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CudaError> {
        let (rt, gy) = (runtime()?, buffer(grad_y));
        if let Some(gb) = out.bias {
            let (n, c, h, w) = output(direction, g);
            let gb = buffer(gb);
            rt.columns(
                Kernel::ColumnSums,
                (n * h * w, c, 1),
                &[at(gy), uint(rt.start(gb)), at(gb)],
            )?;
        }
        if let Some(gw) = out.weight {
            let gw = buffer(gw);
            let fresh = rt.start(gw) || out.weight_fresh;
            product(g, Pass::Weight, operands(direction, images(x)?, gy, gw), !fresh)?;
        }
        if let Some(gx) = out.x {
            let gx = buffer(gx);
            let pass = match direction {
                Direction::Narrow => Pass::Widen,
                Direction::Widen => Pass::Narrow,
            };
            let filter = pointer(weight.stored_values())?;
            product(g, pass, operands(direction, gx, gy, filter), !rt.start(gx))?;
        }
        Ok(())
    }
}
