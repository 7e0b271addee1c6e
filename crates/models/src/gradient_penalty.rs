//! The gradient penalty of WGAN-GP (Gulrajani et al. 2017) with its exact gradient.
//!
//! With `g` the gradient of a critic's summed scores at some images, the penalty `P(g)` has for a weight `w` the gradient
//! `<P'(g), dg/dw>`. That is the gradient for `w` of the critic's derivative along the fixed direction `P'(g)`: one pass of
//! dual numbers forwards, then one of the tape backwards. Nothing has to be differentiated twice.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Gradients, Merge, NoneTape, OwnedTape, PutTape, SplitTape, Trace};
use diptych_domain::stream_seed;
use diptych_imgops::{
    GanMode, ImageDevice, Images4, OpError, Scalar, backward, gan_loss, gradient_penalty, mix_images,
};

use crate::networks::{Discriminator, ParamSet, Pass, Statistics};
use crate::optimiser::Adam;

/// A share in [0, 1) for each of `n` images: where between a real and a generated image the gradient is measured.
pub fn shares(n: usize, seed: u64) -> Vec<f32> {
    let share = |i: usize| (stream_seed(seed, "share", i as u64) >> 40) as f32 / (1u32 << 24) as f32;
    (0..n).map(share).collect()
}

/// Adds the gradient of `weight * mean_n (|grad D(x_n) + 1e-16| - 1)^2` to the critic's buffers and gives its value, with
/// `x = share * real + (1 - share) * fake` and `D` the sum of all scores. Batch norm's running statistics see `x` once.
///
/// # Errors
/// [`OpError::Shape`] where the images do not fit; [`OpError::Device`] where the device fails.
pub fn penalise<D: ImageDevice>(
    critic: &Discriminator,
    params: &mut ParamSet<D>,
    adam: &mut Adam<D>,
    (real, fake): (&Images4<D>, &Images4<D>),
    shares: &[f32],
    weight: f32,
) -> Result<Scalar<D>, OpError> {
    let x = mix_images(real, fake, shares)?;
    let taped = x.clone().traced(Gradients::leaky());
    let mut pass = Pass::new(params, Statistics::Train, false, 0);
    let grads = backward(sum(critic.forward(taped, &mut pass)?)?)?;
    let (value, direction) = gradient_penalty(&grads.get(&x), weight)?;

    let direction = direction.traced(adam.lend(params)?);
    let mut pass = Pass::new(params, Statistics::Paper, true, 0);
    let derivative = if critic.is_curved() {
        let x = x.traced(Gradients::leaky());
        let (y, values) = critic.derivative(x, direction, &mut pass)?;
        let (y, tape) = y.split_tape();
        y.put_tape(tape.merge(values))
    } else {
        let (y, NoneTape) = critic.derivative(x, direction, &mut pass)?;
        y
    };
    let grads = backward(sum(derivative)?)?;
    adam.collect(params, grads)?;
    Ok(value)
}

/// The sum of all scores.
fn sum<D: ImageDevice>(
    scores: Images4<D, OwnedTape<f32, D>>,
) -> Result<Scalar<D, OwnedTape<f32, D>>, OpError> {
    let (n, c, h, w) = *scores.shape();
    gan_loss(scores, GanMode::Wgan, false, (n * c * h * w) as f32)
}
