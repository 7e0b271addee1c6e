//! Batch norm on the CPU: channels are independent, one task each.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};
use rayon::prelude::*;

use super::{BatchNormKernel, EPS, MOMENTUM};
use crate::cpu::memory::{slice, slice_mut};
use crate::cpu::norm::{moments, sum_of, sum_of2};
use crate::device::{Images4, Vector};

fn inverse_std(var: f64) -> f32 {
    (1.0 / (var + f64::from(EPS)).sqrt()) as f32
}

impl BatchNormKernel for Cpu {
    fn batch_norm_statistics(
        &self,
        x: &Images4<Self>,
        running: Option<(&mut Vector<Self>, &mut Vector<Self>)>,
    ) -> Result<(Vector<Self>, Vector<Self>), CpuError> {
        let (_, c, h, w) = *x.shape();
        let len = h * w;
        let values = slice(x);
        let stats: Vec<(f64, f64, usize)> = (0..c)
            .into_par_iter()
            .map(|k| {
                moments(
                    values
                        .chunks_exact(c * len)
                        .map(|image| &image[k * len..(k + 1) * len]),
                )
            })
            .collect();
        if let Some((mean, var)) = running {
            let running = slice_mut(mean).iter_mut().zip(slice_mut(var));
            for ((m, v), (batch_mean, batch_var, count)) in running.zip(&stats) {
                let unbiased = batch_var * *count as f64 / (*count as f64 - 1.0);
                *m += MOMENTUM * (*batch_mean as f32 - *m);
                *v += MOMENTUM * (unbiased as f32 - *v);
            }
        }
        Ok((
            self.try_tensor_from_vec(stats.iter().map(|s| s.0 as f32).collect(), (c,))?,
            self.try_tensor_from_vec(stats.iter().map(|s| inverse_std(s.1)).collect(), (c,))?,
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
        mean: &Vector<Self>,
        inv_std: &Vector<Self>,
        weight: &Vector<Self>,
        bias: &Vector<Self>,
    ) -> Result<Images4<Self>, CpuError> {
        let shape = *x.shape();
        let (_, c, h, w) = shape;
        let (mean, inv_std, weight, bias) = (slice(mean), slice(inv_std), slice(weight), slice(bias));
        let values = slice(x);
        let mut y = vec![0.0; values.len()];
        y.par_chunks_mut(h * w)
            .zip(values.par_chunks(h * w))
            .enumerate()
            .for_each(|(i, (y, x))| {
                let k = i % c;
                let (scale, centre, shift) = (inv_std[k] * weight[k], mean[k], bias[k]);
                for (y, x) in y.iter_mut().zip(x) {
                    *y = (*x - centre) * scale + shift;
                }
            });
        self.try_tensor_from_vec(y, shape)
    }

    fn batch_norm_backward(
        &self,
        x: &Images4<Self>,
        mean: &Vector<Self>,
        inv_std: &Vector<Self>,
        weight: &Vector<Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
        grad_params: Option<(&mut <Self as Storage<f32>>::Vec, &mut <Self as Storage<f32>>::Vec)>,
        batch_statistics: bool,
    ) -> Result<(), CpuError> {
        let (n, c, h, w) = *x.shape();
        let len = h * w;
        let (mean, inv_std, weight, values) = (slice(mean), slice(inv_std), slice(weight), slice(x));
        // Per channel: sum of grad_y, and sum of grad_y * normalised x.
        let sums: Vec<(f64, f64)> = (0..c)
            .into_par_iter()
            .map(|k| {
                let centre = mean[k];
                let (mut plain, mut weighted) = (0.0, 0.0);
                for i in 0..n {
                    let at = (i * c + k) * len;
                    let (x, g) = (&values[at..at + len], &grad_y[at..at + len]);
                    plain += sum_of(g, |g| g);
                    weighted += sum_of2(g, x, |g, x| g * (x - centre));
                }
                (plain, weighted * f64::from(inv_std[k]))
            })
            .collect();
        if let Some((gw, gb)) = grad_params {
            for ((gw, gb), (plain, weighted)) in gw.iter_mut().zip(gb.iter_mut()).zip(&sums) {
                *gw += *weighted as f32;
                *gb += *plain as f32;
            }
        }
        let count = (n * len) as f64;
        let planes = grad_x
            .par_chunks_mut(len)
            .zip(values.par_chunks(len))
            .zip(grad_y.par_chunks(len));
        planes.enumerate().for_each(|(i, ((gx, x), g))| {
            let k = i % c;
            let scale = inv_std[k] * weight[k];
            let (mean_g, slope) = if batch_statistics {
                (
                    (sums[k].0 / count) as f32,
                    (sums[k].1 / count) as f32 * inv_std[k],
                )
            } else {
                (0.0, 0.0)
            };
            let centre = mean[k];
            for ((gx, x), g) in gx.iter_mut().zip(x).zip(g) {
                *gx += scale * (*g - mean_g - (*x - centre) * slope);
            }
        });
        Ok(())
    }
}
