//! Adam (Kingma and Ba 2015) over one tensor at a time, in place; the gradient can be cleared as it is read.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::Shape;
use dfdx::tensor::{Storage, Tensor};

use crate::device::Vector;

/// Adam's settings. `eps` is 1e-8 as in the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Keeps the division finite.
    pub eps: f64,
}

impl AdamConfig {
    /// The factors of step `t` (from 1): `step_size = lr / (1 - beta1^t)` and `1 / sqrt(1 - beta2^t)`.
    pub fn corrections(&self, t: u64) -> (f64, f64) {
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        (
            self.lr / (1.0 - self.beta1.powi(t)),
            1.0 / (1.0 - self.beta2.powi(t)).sqrt(),
        )
    }
}

/// A trained tensor with its gradient and moments, all of the tensor's length.
pub struct AdamTensor<'a, D: Storage<f32>> {
    /// The tensor.
    pub param: &'a mut Vector<D>,
    /// Its gradient.
    pub grad: &'a mut D::Vec,
    /// Whether the gradient is cleared as it is read.
    pub clear: bool,
    /// First moment.
    pub m: &'a mut D::Vec,
    /// Second moment.
    pub v: &'a mut D::Vec,
}

/// A device's Adam.
pub trait AdamKernel: Storage<f32> {
    /// One update, number `t` from 1: `m = b1 m + (1-b1) g`, `v = b2 v + (1-b2) g^2`,
    /// `param -= step_size * m / (sqrt(v) / sqrt(1 - b2^t) + eps)`, and `grad = 0` where `clear`. All have the parameter's
    /// length.
    ///
    /// # Errors
    /// Where the device fails.
    fn adam_step<S: Shape>(
        &self,
        config: &AdamConfig,
        t: u64,
        param: &mut Tensor<S, f32, Self>,
        grad: &mut Self::Vec,
        clear: bool,
        m: &mut Self::Vec,
        v: &mut Self::Vec,
    ) -> Result<(), Self::Err>;

    /// The same update of every tensor of a network.
    ///
    /// # Errors
    /// Where the device fails.
    fn adam_steps(
        &self,
        config: &AdamConfig,
        t: u64,
        tensors: Vec<AdamTensor<'_, Self>>,
    ) -> Result<(), Self::Err> {
        for AdamTensor {
            param,
            grad,
            clear,
            m,
            v,
        } in tensors
        {
            self.adam_step(config, t, param, grad, clear, m, v)?;
        }
        Ok(())
    }
}
