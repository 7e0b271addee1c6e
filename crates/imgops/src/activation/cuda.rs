//! Activations on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{Activation, ActivationKernel};
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Arg, Kernel, at, real, uint};
use crate::cuda::memory::{buffer, images, new_images};
use crate::device::Images4;

/// An activation as kernels are told it.
pub(crate) fn args(activation: Option<Activation>) -> [Arg; 2] {
    let (kind, slope) = match activation {
        None => (0u32, 0.0),
        Some(Activation::Relu) => (1, 0.0),
        Some(Activation::LeakyRelu(slope)) => (1, slope),
        Some(Activation::Tanh) => (2, 0.0),
        Some(Activation::Sigmoid) => (3, 0.0),
    };
    [uint(kind), real(slope)]
}

/// What negative values behind a norm are multiplied by: 1 without an activation.
pub(crate) fn slope(activation: Option<Activation>) -> f32 {
    activation.and_then(Activation::negative_slope).unwrap_or(1.0)
}

fn values(x: &Images4<Cuda>) -> usize {
    let (n, c, h, w) = *x.shape();
    n * c * h * w
}

impl ActivationKernel for Cuda {
    fn activation_forward(
        &self,
        activation: Activation,
        x: &Images4<Self>,
    ) -> Result<Images4<Self>, CudaError> {
        let y = new_images(self, *x.shape())?;
        let [kind, slope] = args(Some(activation));
        runtime()?.each(
            Kernel::Activate,
            values(x),
            &[kind, slope, at(images(x)?), at(images(&y)?)],
        )?;
        Ok(y)
    }

    fn activation_slope(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let ([kind, slope], g) = (args(Some(activation)), buffer(grad_y));
        runtime()?.each(
            Kernel::ScaleBySlope,
            values(y),
            &[kind, slope, at(images(y)?), at(g), at(g)],
        )
    }

    fn activation_tangent(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        tangent: &Images4<Self>,
    ) -> Result<Images4<Self>, CudaError> {
        let out = new_images(self, *tangent.shape())?;
        let [kind, slope] = args(Some(activation));
        let rest = [
            kind,
            slope,
            at(images(y)?),
            at(images(tangent)?),
            at(images(&out)?),
        ];
        runtime()?.each(Kernel::ScaleBySlope, values(y), &rest)?;
        Ok(out)
    }

    fn activation_backward(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &mut <Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (rt, [kind, slope], gx) = (runtime()?, args(Some(activation)), buffer(grad_x));
        let rest = [
            kind,
            slope,
            at(images(y)?),
            at(buffer(grad_y)),
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::ActivationBackward, values(y), &rest)
    }
}
