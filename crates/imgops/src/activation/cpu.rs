//! Activations on the CPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::{Activation, ActivationKernel};
use crate::cpu::memory::slice;
use crate::cpu::parallel::{add_map2, map};
use crate::device::Images4;

impl ActivationKernel for Cpu {
    fn activation_forward(
        &self,
        activation: Activation,
        x: &Images4<Self>,
    ) -> Result<Images4<Self>, CpuError> {
        let values = slice(x);
        let mut y = vec![0.0; values.len()];
        // Comparisons are written so that NaN takes the branch that keeps it: a diverged run must be seen.
        match activation {
            Activation::Relu => map(&mut y, values, |v| if v < 0.0 { 0.0 } else { v }),
            Activation::LeakyRelu(slope) => map(&mut y, values, |v| if v < 0.0 { slope * v } else { v }),
            Activation::Tanh => map(&mut y, values, f32::tanh),
            Activation::Sigmoid => map(&mut y, values, |v| 1.0 / (1.0 + (-v).exp())),
        }
        self.try_tensor_from_vec(y, *x.shape())
    }

    fn activation_backward(
        &self,
        activation: Activation,
        y: &Images4<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let y = slice(y);
        match activation {
            Activation::Relu => add_map2(grad_x, y, grad_y, |y, g| if y > 0.0 { g } else { 0.0 }),
            Activation::LeakyRelu(slope) => {
                add_map2(grad_x, y, grad_y, |y, g| if y > 0.0 { g } else { slope * g });
            }
            Activation::Tanh => add_map2(grad_x, y, grad_y, |y, g| g * (1.0 - y * y)),
            Activation::Sigmoid => add_map2(grad_x, y, grad_y, |y, g| g * y * (1.0 - y)),
        }
        Ok(())
    }
}
