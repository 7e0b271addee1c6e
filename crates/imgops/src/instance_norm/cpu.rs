//! Instance norm on the CPU: every image is a group of rows.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage, TensorFromVec};

use super::{EPS, InstanceNormKernel};
use crate::activation::Activation;
use crate::cpu::memory::slice;
use crate::cpu::norm::{
    Affine, Slant, apply, apply_in_place, gradient_sums, input_gradient, moments, slope, turn_gradient,
};
use crate::device::{Images4, Vector};
use crate::layout::new_images_after;

/// Images' means and `1 / sqrt(biased variance + eps)`, `[image][channel]` both.
pub(crate) struct Statistics<V> {
    mean: V,
    inv_std: V,
}

impl Statistics<Vec<f32>> {
    /// Those of `n` images with `c` channels.
    pub(crate) fn of(x: &[f32], n: usize, c: usize) -> Self {
        let (means, variances) = moments(x, n, c);
        Self {
            mean: means.iter().map(|m| *m as f32).collect(),
            inv_std: variances
                .iter()
                .map(|v| (1.0 / (v + f64::from(EPS)).sqrt()) as f32)
                .collect(),
        }
    }
}

impl<V: AsRef<[f32]>> Statistics<V> {
    /// The images `x` that these are of, normalised and activated, on top of the values of `plus`, if any.
    pub(crate) fn normalise(
        &self,
        x: &[f32],
        n: usize,
        activation: Option<Activation>,
        plus: Option<&[f32]>,
        y: &mut [f32],
    ) {
        self.with_affine(activation, |affine| {
            apply(x, n, affine.scale.len() / n, affine, plus, y)
        });
    }

    /// As [`Statistics::normalise`], in the images' own place.
    pub(crate) fn normalise_in_place(&self, n: usize, activation: Option<Activation>, y: &mut [f32]) {
        self.with_affine(activation, |affine| {
            apply_in_place(y, n, affine.scale.len() / n, affine)
        });
    }

    /// Makes the gradient of the images `x` of that of their normalised ones, in its place.
    pub(crate) fn turn(&self, x: &[f32], n: usize, activation: Option<Activation>, grad: &mut [f32]) {
        self.with_affine(activation, |affine| {
            let slant = slant(x, n, affine, grad);
            turn_gradient(x, grad, n, affine.scale.len() / n, &slant);
        });
    }

    fn with_affine<R>(&self, activation: Option<Activation>, work: impl FnOnce(&Affine<'_>) -> R) -> R {
        let centre = self.mean.as_ref();
        work(&Affine {
            centre,
            scale: self.inv_std.as_ref(),
            shift: &vec![0.0; centre.len()],
            slope: slope(activation),
        })
    }
}

/// What the gradient of `n` images `x` is made with, given that of their normalised ones.
fn slant<'a>(x: &[f32], n: usize, affine: &'a Affine<'a>, grad_y: &[f32]) -> Slant<'a> {
    let columns = affine.scale.len();
    let [plain, weighted] = gradient_sums(x, grad_y, n, columns / n, affine);
    let count = (x.len() / columns) as f64;
    Slant {
        affine,
        mean_g: plain.iter().map(|s| (s / count) as f32).collect(),
        tilt: weighted
            .iter()
            .zip(affine.scale)
            .map(|(s, k)| (s * f64::from(*k).powi(2) / count) as f32)
            .collect(),
    }
}

impl InstanceNormKernel for Cpu {
    fn instance_norm_forward(
        &self,
        x: &Images4<Self>,
        activation: Option<Activation>,
    ) -> Result<(Images4<Self>, Vector<Self>, Vector<Self>), CpuError> {
        let shape = *x.shape();
        let (n, c) = (shape.0, shape.1);
        let statistics = || Statistics::of(slice(x), n, c);
        let (y, Statistics { mean, inv_std }) =
            new_images_after(self, shape, statistics, |statistics, y| {
                statistics.normalise(slice(x), n, activation, None, y);
            })?;
        Ok((
            y,
            self.try_tensor_from_vec(mean, (n * c,))?,
            self.try_tensor_from_vec(inv_std, (n * c,))?,
        ))
    }

    fn instance_norm_backward(
        &self,
        x: &Images4<Self>,
        mean: &Vector<Self>,
        inv_std: &Vector<Self>,
        activation: Option<Activation>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let ((n, c, ..), x) = (*x.shape(), slice(x));
        let statistics = Statistics {
            mean: slice(mean),
            inv_std: slice(inv_std),
        };
        statistics.with_affine(activation, |affine| {
            input_gradient(x, grad_y, n, c, &slant(x, n, affine, grad_y), grad_x);
        });
        Ok(())
    }
}
