//! pix2pix's settings, out of a resolved experiment.

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{ParamValue, Params, Size};

use super::Pix2Pix;
use crate::plugin::ModelError;
use crate::plugins::shared::NetworkSettings;
use crate::plugins::shared::errors::setting;
use crate::plugins::shared::values::{Values, resolve, weighs};

/// Everything that the model is built from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Channels of the input images.
    pub inp: usize,
    /// Channels of the output images.
    pub out: usize,
    /// The generator and the discriminator.
    pub networks: NetworkSettings,
    /// Weight of the L1 loss; 0 leaves it out.
    pub lambda_l1: f32,
    /// Weight of the generator's GAN loss; 0 leaves the discriminator out.
    pub lambda_gan: f32,
    /// Whether the discriminator sees the input.
    pub conditional: bool,
}

impl Settings {
    /// Reads a spec.
    ///
    /// # Errors
    /// As [`NetworkSettings::from_spec`].
    pub fn from_spec(spec: &ExperimentSpec) -> Result<Self, ModelError> {
        let params = resolve(&Pix2Pix, spec)?;
        let v = Values(&params);
        let (inp, out) = spec.data.channels();
        Ok(Self {
            inp,
            out,
            networks: NetworkSettings::from_spec(spec, &params)?,
            lambda_l1: v.number("lambda_l1")? as f32,
            lambda_gan: v.number("lambda_gan")? as f32,
            conditional: v.flag("conditional")?,
        })
    }

    /// The names of the losses that have a weight, under the reference's names and in its order.
    pub fn losses(params: &Params) -> Vec<&'static str> {
        let adversarial = weighs(params, "lambda_gan", true);
        let wasserstein = matches!(params.get("gan_mode"), Some(ParamValue::Text(mode)) if mode == "wgangp");
        let all = [
            ("G_GAN", adversarial),
            ("G_L1", weighs(params, "lambda_l1", true)),
            ("D_real", adversarial),
            ("D_fake", adversarial),
            (
                "D_gp",
                adversarial && wasserstein && weighs(params, "lambda_gp", true),
            ),
        ];
        all.into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| name)
            .collect()
    }

    /// Checks what single declarations cannot.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where no loss has a weight, or for a crop that does not fit the networks.
    pub fn check(&self, crop: Size) -> Result<(), ModelError> {
        if self.lambda_gan == 0.0 && self.lambda_l1 == 0.0 {
            let problem = "nothing would be trained, for lambda_l1 is 0 too; give one of them a weight";
            return Err(setting("params.lambda_gan", self.lambda_gan, problem));
        }
        self.networks.check_size(crop)
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
