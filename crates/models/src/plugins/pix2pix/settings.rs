//! pix2pix's settings, out of a resolved experiment.

use diptych_domain::spec::ExperimentSpec;

use crate::plugin::ModelError;
use crate::plugins::shared::NetworkSettings;
use crate::plugins::shared::values::Values;

/// Everything that the model is built from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Channels of the input images.
    pub inp: usize,
    /// Channels of the output images.
    pub out: usize,
    /// The generator and the discriminator.
    pub networks: NetworkSettings,
    /// Weight of the L1 loss.
    pub lambda_l1: f32,
    /// Weight of the generator's GAN loss.
    pub lambda_gan: f32,
    /// Whether the discriminator sees the input.
    pub conditional: bool,
}

impl Settings {
    /// Reads a spec whose `params` are resolved.
    ///
    /// # Errors
    /// As [`NetworkSettings::from_spec`].
    pub fn from_spec(spec: &ExperimentSpec) -> Result<Self, ModelError> {
        let v = Values(&spec.params);
        let (inp, out) = spec.data.channels();
        Ok(Self {
            inp,
            out,
            networks: NetworkSettings::from_spec(spec)?,
            lambda_l1: v.number("lambda_l1")? as f32,
            lambda_gan: v.number("lambda_gan")? as f32,
            conditional: v.flag("conditional")?,
        })
    }

    /// Channels that the discriminator sees.
    pub fn judged_channels(&self) -> usize {
        if self.conditional {
            self.inp + self.out
        } else {
            self.out
        }
    }
}
