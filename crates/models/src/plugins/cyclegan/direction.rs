//! One direction of CycleGAN: a generator's losses there and back again, its identity loss, and its discriminator's update.

use dfdx::tensor::{Gradients, NoneTape, Trace, WithEmptyTape};
use diptych_imgops::{
    GanMode, ImageDevice, Images4, OpError, Scalar, add_losses, backward, gan_loss, l1_loss,
};

use crate::networks::{Discriminator, Generator, Pass, Statistics};
use crate::plugins::shared::health::Verdicts;
use crate::plugins::shared::trained::Trained;

/// A discriminator's losses.
pub(super) struct Judgement<D: ImageDevice> {
    /// Its two halves: real, fake.
    pub(super) halves: [Scalar<D>; 2],
    /// WGAN-GP's penalty, halved like they are.
    pub(super) penalty: Option<Scalar<D>>,
    pub(super) verdicts: Verdicts<D>,
}

/// One direction: to the other domain and back again.
pub(super) struct Cycle<'a, D: ImageDevice> {
    pub(super) there: &'a mut Trained<D, Generator>,
    pub(super) back: &'a mut Trained<D, Generator>,
    /// Judges what comes from `there`.
    pub(super) judge: &'a mut Trained<D, Discriminator>,
    /// For the dropout of `there` and `back`.
    pub(super) seeds: [u64; 2],
}

/// What comes of one direction.
pub(super) struct Translated<D: ImageDevice> {
    /// The images, where a discriminator is to see them.
    pub(super) fake: Option<Images4<D>>,
    pub(super) gan: Option<Scalar<D>>,
    pub(super) cycle: Option<Scalar<D>>,
}

impl<D: ImageDevice> Cycle<'_, D> {
    /// Adds the gradients of this direction's GAN and cycle losses, as far as they have a weight, to both generators' buffers.
    pub(super) fn run(
        self,
        real: &Images4<D>,
        mode: GanMode,
        lambda_gan: f32,
        lambda_cycle: f32,
    ) -> Result<Translated<D>, OpError> {
        let mut out = Translated {
            fake: None,
            gan: None,
            cycle: None,
        };
        if lambda_gan == 0.0 && lambda_cycle == 0.0 {
            return Ok(out);
        }
        let Self {
            there,
            back,
            judge,
            seeds,
        } = self;
        let mut grads = Gradients::leaky();
        there.adam.lend_to(&there.params, &mut grads)?;
        back.adam.lend_to(&back.params, &mut grads)?;
        let mut pass = Pass::new(&mut there.params, Statistics::Train, true, seeds[0]);
        let fake = there.net.forward(real.clone().traced(grads), &mut pass)?;
        // A second handle on the fake: both losses' gradients meet in it.
        let judged = (lambda_gan > 0.0).then(|| fake.with_empty_tape());
        out.fake = judged.as_ref().map(|fake| fake.retaped());
        // The tape of `there` goes with the fake that is translated back, or else with the one that is judged.
        let (mut loss, judged) = if lambda_cycle > 0.0 {
            let mut pass = Pass::new(&mut back.params, Statistics::Train, true, seeds[1]);
            pass.input_grad = true;
            let reconstructed = back.net.forward(fake, &mut pass)?;
            let cycle = l1_loss(reconstructed, real, lambda_cycle)?;
            out.cycle = Some(cycle.retaped());
            (Some(cycle), judged)
        } else {
            (None, Some(fake))
        };
        if let Some(judged) = judged {
            let mut pass = Pass::new(&mut judge.params, Statistics::Train, false, 0);
            let gan = gan_loss(judge.net.forward(judged, &mut pass)?, mode, true, lambda_gan)?;
            out.gan = Some(gan.retaped());
            loss = Some(match loss {
                Some(cycle) => add_losses(gan, cycle)?,
                None => gan,
            });
        }
        if let Some(loss) = loss {
            let mut grads = backward(loss)?;
            there.adam.collect_from(&there.params, &mut grads)?;
            back.adam.collect_from(&back.params, &mut grads)?;
        }
        Ok(out)
    }
}

/// The identity loss: a generator given an image of its output's domain should keep it. Adds its gradient to the buffers;
/// nothing is computed without a weight.
pub(super) fn keep<D: ImageDevice>(
    generator: &mut Trained<D, Generator>,
    real: &Images4<D>,
    weight: f32,
    seed: u64,
) -> Result<Option<Scalar<D>>, OpError> {
    if weight == 0.0 {
        return Ok(None);
    }
    let grads = generator.adam.lend(&generator.params)?;
    let mut pass = Pass::new(&mut generator.params, Statistics::Train, true, seed);
    let same = generator.net.forward(real.clone().traced(grads), &mut pass)?;
    let loss = l1_loss(same, real, weight)?;
    let value = loss.retaped::<NoneTape>();
    let grads = backward(loss)?;
    generator.adam.collect(&generator.params, grads)?;
    Ok(Some(value))
}

/// One update of a discriminator, real images first. `penalty` is the weight of WGAN-GP's, if any, and its seed.
pub(super) fn discriminate<D: ImageDevice>(
    discriminator: &mut Trained<D, Discriminator>,
    real: Images4<D>,
    fake: Images4<D>,
    mode: GanMode,
    penalty: Option<(f32, u64)>,
) -> Result<Judgement<D>, OpError> {
    let (of_real, said_of_real) = discriminator.judge(real.clone(), true, mode)?;
    let (of_fake, said_of_fake) = discriminator.judge(fake.clone(), false, mode)?;
    let penalty = penalty
        .map(|(weight, seed)| discriminator.penalise(&real, &fake, 0.5 * weight, seed))
        .transpose()?;
    discriminator.update()?;
    Ok(Judgement {
        halves: [of_real, of_fake],
        penalty,
        verdicts: Verdicts {
            real: said_of_real,
            fake: said_of_fake,
        },
    })
}
