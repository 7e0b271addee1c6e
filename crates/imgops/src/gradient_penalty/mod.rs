//! The gradient penalty of WGAN-GP (Gulrajani et al. 2017, algorithm 1) apart from the critic: the points at which the critic's
//! gradient is measured, and what a gradient found there costs.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::Storage;

use crate::device::{ImageDevice, Images4, Scalar};
use crate::error::OpError;
use crate::layout::arrange;

/// Added to every component of a gradient before its norm is taken, as in the reference.
pub const EPS: f64 = 1e-16;

/// A device's part of the penalty.
pub trait GradientPenaltyKernel: Storage<f32> {
    /// `share * a + (1 - share) * b`, with a share for each image.
    ///
    /// # Errors
    /// Where the device fails.
    fn mix_forward(
        &self,
        a: &Images4<Self>,
        b: &Images4<Self>,
        shares: &[f32],
    ) -> Result<Images4<Self>, Self::Err>;

    /// The penalty of a gradient, and the penalty's own gradient for it.
    ///
    /// # Errors
    /// Where the device fails.
    fn penalty(
        &self,
        gradient: &Images4<Self>,
        weight: f32,
    ) -> Result<(Scalar<Self>, Images4<Self>), Self::Err>;
}

/// Points on the lines between two batches `[n, c, h, w]`: `share * a + (1 - share) * b`, with one of `n` shares for each image.
///
/// # Errors
/// [`OpError::Shape`] where shapes differ or there are not as many shares as images; [`OpError::Device`] where the device
/// fails.
pub fn mix_images<D: ImageDevice>(
    a: &Images4<D>,
    b: &Images4<D>,
    shares: &[f32],
) -> Result<Images4<D>, OpError> {
    let (op, shape) = ("mix_images", *a.shape());
    if shape != *b.shape() || shape.0 != shares.len() || shape.1 * shape.2 * shape.3 == 0 {
        let problem = format!("{shape:?} and {:?} in {} shares", b.shape(), shares.len());
        return Err(OpError::shape(op, problem));
    }
    let (a, b) = (arrange(a.clone())?, arrange(b.clone())?);
    a.device()
        .mix_forward(&a, &b, shares)
        .map_err(OpError::device(op))
}

/// What the gradient `[n, c, h, w]` of a critic's summed scores costs: `weight * mean_n (|g_n + 1e-16| - 1)^2`. Also gives the
/// derivative of that for the gradient itself, `2 weight / n * (|g_n| - 1) * g_n / |g_n|`, which is the direction along which
/// the critic's derivative has the penalty's gradient for the critic's weights.
///
/// # Errors
/// [`OpError::Shape`] for an empty gradient; [`OpError::Device`] where the device fails.
pub fn gradient_penalty<D: ImageDevice>(
    gradient: &Images4<D>,
    weight: f32,
) -> Result<(Scalar<D>, Images4<D>), OpError> {
    let (op, (n, c, h, w)) = ("gradient_penalty", *gradient.shape());
    if n * c * h * w == 0 {
        return Err(OpError::shape(
            op,
            format!("empty gradient {:?}", gradient.shape()),
        ));
    }
    let gradient = arrange(gradient.clone())?;
    gradient
        .device()
        .penalty(&gradient, weight)
        .map_err(OpError::device(op))
}
