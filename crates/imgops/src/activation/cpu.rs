//! Activations on the CPU. They do not ask for an order of images: the output has the input's.

use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::{Activation, ActivationKernel};
use crate::cpu::memory::{changed_copy, slice};
use crate::cpu::parallel::CHUNK;
use crate::device::Images4;

// Comparisons are written so that NaN takes the branch that keeps it: a diverged run must be seen.
simd! {
    fn rectify(values: &mut [f32], slope: f32) {
        values.iter_mut().for_each(|v| *v = if *v < 0.0 { slope * *v } else { *v });
    }
}

simd! {
    fn rectify_slope(y: &[f32], grad: &mut [f32], slope: f32) {
        grad.iter_mut().zip(y).for_each(|(g, y)| *g = if *y > 0.0 { *g } else { slope * *g });
    }
}

/// `y = f(y)`.
pub(crate) fn activate_in_place(activation: Activation, y: &mut [f32]) {
    y.par_chunks_mut(CHUNK).for_each(|part| match activation {
        Activation::Relu => rectify(part, 0.0),
        Activation::LeakyRelu(slope) => rectify(part, slope),
        Activation::Tanh => part.iter_mut().for_each(|v| *v = v.tanh()),
        Activation::Sigmoid => part.iter_mut().for_each(|v| *v = 1.0 / (1.0 + (-*v).exp())),
    });
}

/// `grad *= f'`, given the output.
pub(crate) fn scale_by_slope(activation: Activation, y: &[f32], grad: &mut [f32]) {
    grad.par_chunks_mut(CHUNK)
        .zip(y.par_chunks(CHUNK))
        .for_each(|(grad, y)| match activation {
            Activation::Relu => rectify_slope(y, grad, 0.0),
            Activation::LeakyRelu(slope) => rectify_slope(y, grad, slope),
            Activation::Tanh => grad.iter_mut().zip(y).for_each(|(g, y)| *g *= 1.0 - y * y),
            Activation::Sigmoid => grad.iter_mut().zip(y).for_each(|(g, y)| *g *= y * (1.0 - y)),
        });
}

impl ActivationKernel for Cpu {
    fn activation_forward(
        &self,
        activation: Activation,
        x: &Images4<Self>,
    ) -> Result<Images4<Self>, CpuError> {
        changed_copy(self, x, |y| activate_in_place(activation, y))
    }

    fn activation_slope(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        scale_by_slope(activation, slice(y), grad_y);
        Ok(())
    }

    fn activation_tangent(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        tangent: &Images4<Self>,
    ) -> Result<Images4<Self>, CpuError> {
        changed_copy(self, tangent, |t| scale_by_slope(activation, slice(y), t))
    }

    fn activation_backward(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &mut <Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        scale_by_slope(activation, slice(y), grad_y);
        crate::cpu::parallel::add(grad_x, grad_y);
        Ok(())
    }
}
