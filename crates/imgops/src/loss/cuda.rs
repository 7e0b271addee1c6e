//! Losses on a GPU: sums in f64, in a fixed order; the value stays on the device.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{GanMode, LossKernel, Pointwise};
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Arg, Kernel, at, blocks, double, len, real, uint};
use crate::cuda::memory::{buffer, images, new_scalar, pointer};
use crate::device::{Images4, Scalar};

/// A term as kernels are told it: its number, and 1 for "real".
fn args(term: Pointwise) -> [Arg; 2] {
    let (number, real_target) = match term {
        Pointwise::Gan(GanMode::Vanilla, real) => (0u32, real),
        Pointwise::Gan(GanMode::Lsgan, real) => (1, real),
        Pointwise::Gan(GanMode::Wgan, real) => (2, real),
        Pointwise::L1 => (3, false),
        Pointwise::Mse => (4, false),
        Pointwise::Product => (5, false),
    };
    [uint(number), real(f32::from(u8::from(real_target)))]
}

fn values(x: &Images4<Cuda>) -> usize {
    let (n, c, h, w) = *x.shape();
    n * c * h * w
}

impl LossKernel for Cuda {
    fn loss_forward(
        &self,
        term: Pointwise,
        scale: f32,
        x: &Images4<Self>,
        y: Option<&Images4<Self>>,
    ) -> Result<Scalar<Self>, CudaError> {
        let (rt, values, out) = (runtime()?, values(x), new_scalar(self)?);
        let blocks = blocks(values, rt.processors);
        let (partial, tickets) = rt.sums(blocks as usize, 1)?;
        let [term, target] = args(term);
        let (x, y) = (images(x)?, y.map(images).transpose()?);
        let args = [
            len(values),
            term,
            target,
            at(x),
            at(y.unwrap_or(x)),
            double(f64::from(scale)),
            at(partial),
            at(tickets),
            at(pointer(&out)?),
        ];
        rt.launch(Kernel::Loss, [blocks, 1, 1], &args)?;
        Ok(out)
    }

    fn loss_backward(
        &self,
        term: Pointwise,
        scale: f32,
        x: &Images4<Self>,
        y: Option<&Images4<Self>>,
        grad: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, values, gx) = (runtime()?, values(x), buffer(grad_x));
        let [term, target] = args(term);
        let (x, y) = (images(x)?, y.map(images).transpose()?);
        let rest = [
            term,
            target,
            at(x),
            at(y.unwrap_or(x)),
            real(scale),
            at(buffer(grad)),
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::LossBackward, values, &rest)
    }
}
