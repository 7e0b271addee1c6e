//! Losses on the CPU: sums in f64, in a fixed order.

use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::{GanMode, LossKernel, Pointwise};
use crate::cpu::memory::slice;
use crate::cpu::parallel::{add_map2, sum, sum2};
use crate::device::{Images4, Scalar};

/// The value of a one-argument term.
fn gan_value(mode: GanMode, real: bool, x: f64) -> f64 {
    let t = f64::from(u8::from(real));
    match mode {
        GanMode::Vanilla => x.max(0.0) - x * t + (-x.abs()).exp().ln_1p() + if x.is_nan() { x } else { 0.0 },
        GanMode::Lsgan => (x - t) * (x - t),
        GanMode::Wgan => {
            if real {
                -x
            } else {
                x
            }
        }
    }
}

fn gan_slope(mode: GanMode, real: bool, x: f32) -> f32 {
    let t = f32::from(u8::from(real));
    match mode {
        GanMode::Vanilla => 1.0 / (1.0 + (-x).exp()) - t,
        GanMode::Lsgan => 2.0 * (x - t),
        GanMode::Wgan => {
            if real {
                -1.0
            } else {
                1.0
            }
        }
    }
}

impl LossKernel for Cpu {
    fn loss_forward(
        &self,
        term: Pointwise,
        scale: f32,
        x: &Images4<Self>,
        y: Option<&Images4<Self>>,
    ) -> Result<Scalar<Self>, CpuError> {
        let x = slice(x);
        let y = y.map_or(x, slice);
        let total = match term {
            Pointwise::Gan(mode, real) => sum(x, |x| gan_value(mode, real, f64::from(x))),
            Pointwise::L1 => sum2(x, y, |x, y| f64::from((x - y).abs())),
            Pointwise::Mse => sum2(x, y, |x, y| (f64::from(x) - f64::from(y)).powi(2)),
            Pointwise::Product => sum2(x, y, |x, y| f64::from(x) * f64::from(y)),
        };
        let mean = total / x.len() as f64;
        self.try_tensor_from_vec(vec![(mean * f64::from(scale)) as f32], ())
    }

    fn loss_backward(
        &self,
        term: Pointwise,
        scale: f32,
        x: &Images4<Self>,
        y: Option<&Images4<Self>>,
        grad: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let x = slice(x);
        let y = y.map_or(x, slice);
        let k = grad.first().copied().unwrap_or(0.0) * scale / x.len() as f32;
        match term {
            Pointwise::Gan(mode, real) => add_map2(grad_x, x, y, |x, _| k * gan_slope(mode, real, x)),
            // The subgradient at 0 is 0, as in PyTorch.
            Pointwise::L1 => add_map2(grad_x, x, y, |x, y| {
                if x > y {
                    k
                } else if x < y {
                    -k
                } else {
                    0.0
                }
            }),
            Pointwise::Mse => add_map2(grad_x, x, y, |x, y| 2.0 * k * (x - y)),
            Pointwise::Product => add_map2(grad_x, x, y, |_, y| k * y),
        }
        Ok(())
    }
}
