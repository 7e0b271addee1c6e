//! Batch norm on the CPU: one group of rows, the whole batch.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::{BatchNormKernel, BatchNormParams, EPS, MOMENTUM};
use crate::cpu::memory::{slice, slice_mut};
use crate::cpu::norm::{Affine, Slant, apply, gradient_sums, input_gradient, moments, slope};
use crate::device::{Images4, Vector};
use crate::layout::new_images;

fn inverse_std(var: f64) -> f32 {
    (1.0 / (var + f64::from(EPS)).sqrt()) as f32
}

/// `inv_std * weight`.
fn scales(p: &BatchNormParams<'_, Cpu>) -> Vec<f32> {
    slice(p.inv_std)
        .iter()
        .zip(slice(p.weight))
        .map(|(s, w)| s * w)
        .collect()
}

fn affine<'a>(p: &'a BatchNormParams<'_, Cpu>, scale: &'a [f32]) -> Affine<'a> {
    Affine {
        centre: slice(p.mean),
        scale,
        shift: slice(p.bias),
        slope: slope(p.activation),
    }
}

impl BatchNormKernel for Cpu {
    fn batch_norm_statistics(
        &self,
        x: &Images4<Self>,
        running: Option<(&mut Vector<Self>, &mut Vector<Self>)>,
    ) -> Result<(Vector<Self>, Vector<Self>), CpuError> {
        let (n, c, h, w) = *x.shape();
        let (means, variances) = moments(slice(x), 1, c);
        if let Some((mean, var)) = running {
            let count = (n * h * w) as f64;
            let running = slice_mut(mean).iter_mut().zip(slice_mut(var));
            for ((m, v), (batch_mean, batch_var)) in running.zip(means.iter().zip(&variances)) {
                let unbiased = batch_var * count / (count - 1.0);
                *m += MOMENTUM * (*batch_mean as f32 - *m);
                *v += MOMENTUM * (unbiased as f32 - *v);
            }
        }
        Ok((
            self.try_tensor_from_vec(means.iter().map(|m| *m as f32).collect(), (c,))?,
            self.try_tensor_from_vec(variances.iter().map(|v| inverse_std(*v)).collect(), (c,))?,
        ))
    }

    fn batch_norm_running(
        &self,
        mean: &Vector<Self>,
        var: &Vector<Self>,
    ) -> Result<(Vector<Self>, Vector<Self>), CpuError> {
        let inv_std: Vec<f32> = slice(var).iter().map(|v| inverse_std(f64::from(*v))).collect();
        let shape = *var.shape();
        Ok((
            self.try_tensor_from_vec(slice(mean).to_vec(), shape)?,
            self.try_tensor_from_vec(inv_std, shape)?,
        ))
    }

    fn batch_norm_apply(
        &self,
        x: &Images4<Self>,
        params: &BatchNormParams<'_, Self>,
    ) -> Result<Images4<Self>, CpuError> {
        let shape = *x.shape();
        new_images(self, shape, |y| {
            apply(slice(x), 1, shape.1, &affine(params, &scales(params)), None, y);
        })
    }

    fn batch_norm_backward(
        &self,
        x: &Images4<Self>,
        params: &BatchNormParams<'_, Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
        grad_params: Option<(&mut <Self as Storage<f32>>::Vec, &mut <Self as Storage<f32>>::Vec)>,
        batch_statistics: bool,
    ) -> Result<(), CpuError> {
        let (n, c, h, w) = *x.shape();
        let (scale, inv_std) = (scales(params), slice(params.inv_std));
        let affine = affine(params, &scale);
        let [plain, weighted] = gradient_sums(slice(x), grad_y, 1, c, &affine);
        if let Some((gw, gb)) = grad_params {
            for i in 0..c {
                gw[i] += (weighted[i] * f64::from(inv_std[i])) as f32;
                gb[i] += plain[i] as f32;
            }
        }
        let (mut mean_g, mut tilt) = (vec![0.0; c], vec![0.0; c]);
        if batch_statistics {
            let count = (n * h * w) as f64;
            for i in 0..c {
                mean_g[i] = (plain[i] / count) as f32;
                tilt[i] = (weighted[i] * f64::from(inv_std[i]).powi(2) / count) as f32;
            }
        }
        let slant = Slant {
            affine: &affine,
            mean_g,
            tilt,
        };
        input_gradient(slice(x), grad_y, 1, c, &slant, grad_x);
        Ok(())
    }
}
