//! How a discriminator and a generator stand to each other, from the verdicts of a step.

use diptych_imgops::{GanMode, ImageDevice, Images4, OpError, download_images};

/// A discriminator's verdicts of one step, still on the device.
#[derive(Clone)]
pub(crate) struct Verdicts<D: ImageDevice> {
    pub(crate) real: Images4<D>,
    pub(crate) fake: Images4<D>,
}

impl<D: ImageDevice> Verdicts<D> {
    /// The mean verdict on real images, on generated ones, and the part of all verdicts that are right.
    pub(crate) fn read(&self, mode: GanMode) -> Result<[f64; 3], OpError> {
        Ok(weigh(
            &download_images(&self.real)?,
            &download_images(&self.fake)?,
            mode,
        ))
    }
}

/// With cross-entropy a verdict is a probability, and real images begin at 1/2. Least squares aim at 1 and 0, and the verdict is the
/// raw output. A critic has no such border: real images begin halfway between both means.
fn weigh(real: &[f32], fake: &[f32], mode: GanMode) -> [f64; 3] {
    let verdict = |v: &f32| match mode {
        GanMode::Vanilla => 1.0 / (1.0 + (-f64::from(*v)).exp()),
        GanMode::Lsgan | GanMode::Wgan => f64::from(*v),
    };
    let mean = |values: &[f32]| values.iter().map(verdict).sum::<f64>() / values.len() as f64;
    let (of_real, of_fake) = (mean(real), mean(fake));
    let border = match mode {
        GanMode::Vanilla | GanMode::Lsgan => 0.5,
        GanMode::Wgan => 0.5 * (of_real + of_fake),
    };
    let right = real.iter().filter(|v| verdict(v) > border).count()
        + fake.iter().filter(|v| verdict(v) < border).count();
    [of_real, of_fake, right as f64 / (real.len() + fake.len()) as f64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discriminator_that_cannot_tell_is_right_half_of_the_time() {
        let got = weigh(&[1.0, -1.0], &[1.0, -1.0], GanMode::Vanilla);
        assert_eq!(got, [0.5, 0.5, 0.5]);
        // Undecided verdicts are not right.
        assert_eq!(weigh(&[0.5], &[0.5], GanMode::Lsgan), [0.5, 0.5, 0.0]);
    }

    #[test]
    fn one_that_always_can_is_always_right() {
        let [real, fake, accuracy] = weigh(&[4.0, 6.0], &[-5.0, -3.0], GanMode::Vanilla);
        assert!(
            real > 0.98 && fake < 0.03 && accuracy == 1.0,
            "{real} {fake} {accuracy}"
        );
        assert_eq!(
            weigh(&[0.75, 1.25], &[0.25, -0.25], GanMode::Lsgan),
            [1.0, 0.0, 1.0]
        );
        assert_eq!(weigh(&[7.0, 5.0], &[3.0, 1.0], GanMode::Wgan), [6.0, 2.0, 1.0]);
    }
}
