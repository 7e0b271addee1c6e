//! CycleGAN's settings, out of a resolved experiment.

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{ParamValue, Params, Size};

use super::CycleGan;
use crate::plugin::ModelError;
use crate::plugins::shared::NetworkSettings;
use crate::plugins::shared::errors::setting;
use crate::plugins::shared::values::{Values, resolve, weighs};

/// Everything that the model is built from. A is the input's domain, with `direction` applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Channels of A.
    pub channels_a: usize,
    /// Channels of B.
    pub channels_b: usize,
    /// Size of the training images: what the pools hold.
    pub crop: Size,
    /// All four networks.
    pub networks: NetworkSettings,
    /// Weight of the generators' GAN losses; 0 leaves the discriminators out.
    pub lambda_gan: f32,
    /// Weight of the forward cycle A -> B -> A; 0 leaves it out.
    pub lambda_a: f32,
    /// Weight of the backward cycle B -> A -> B; 0 leaves it out.
    pub lambda_b: f32,
    /// Weight of the identity losses, relative to the cycles'; 0 leaves them out.
    pub lambda_identity: f32,
    /// Generated images of each domain that its discriminator's history holds.
    pub pool_size: usize,
}

impl Settings {
    /// Reads a spec.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for parameters that are not CycleGAN's.
    pub fn from_spec(spec: &ExperimentSpec) -> Result<Self, ModelError> {
        let params = resolve(&CycleGan, spec)?;
        let v = Values(&params);
        let (channels_a, channels_b) = spec.data.channels();
        Ok(Self {
            channels_a,
            channels_b,
            crop: spec.data.crop_size,
            networks: NetworkSettings::from_spec(spec, &params)?,
            lambda_gan: v.number("lambda_gan")? as f32,
            lambda_a: v.number("lambda_a")? as f32,
            lambda_b: v.number("lambda_b")? as f32,
            lambda_identity: v.number("lambda_identity")? as f32,
            pool_size: v.count("pool_size")?,
        })
    }

    /// The weights of the identity losses of G_A and of G_B: each in proportion to the cycle loss that starts from the images
    /// it is given.
    pub fn identity(&self) -> [f32; 2] {
        [self.lambda_b, self.lambda_a].map(|weight| weight * self.lambda_identity)
    }

    /// The names of the losses that have a weight, under the reference's names and in its order.
    pub fn losses(params: &Params) -> Vec<&'static str> {
        let weighs = |name| weighs(params, name, true);
        let (gan, a, b) = (weighs("lambda_gan"), weighs("lambda_a"), weighs("lambda_b"));
        let identity = weighs("lambda_identity");
        let wasserstein = matches!(params.get("gan_mode"), Some(ParamValue::Text(mode)) if mode == "wgangp");
        let penalty = gan && wasserstein && weighs("lambda_gp");
        let all = [
            ("D_A", gan),
            ("gp_A", penalty),
            ("G_A", gan),
            ("cycle_A", a),
            ("idt_A", identity && b),
            ("D_B", gan),
            ("gp_B", penalty),
            ("G_B", gan),
            ("cycle_B", b),
            ("idt_B", identity && a),
        ];
        all.into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| name)
            .collect()
    }

    /// Checks what single declarations cannot.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where no loss has a weight, for a crop that does not fit the networks, or for identity losses
    /// between domains of different channel counts.
    pub fn check(&self) -> Result<(), ModelError> {
        let (a, b) = (self.channels_a, self.channels_b);
        if [self.lambda_gan, self.lambda_a, self.lambda_b] == [0.0; 3] {
            let problem = "nothing would be trained, for lambda_a and lambda_b, to which the identity losses are in proportion, \
                           are 0 too; give one of them a weight";
            return Err(setting("params.lambda_gan", self.lambda_gan, problem));
        }
        if self.identity() != [0.0; 2] && a != b {
            let problem = format!(
                "the identity loss gives each generator an image of its output's domain, so both domains need the same \
                 number of channels, and they have {a} and {b} (data.channels_a, data.channels_b): use lambda_identity = 0"
            );
            return Err(setting("params.lambda_identity", self.lambda_identity, problem));
        }
        self.networks.check_size(self.crop)
    }
}
