//! CycleGAN's settings, out of a resolved experiment.

use diptych_domain::spec::ExperimentSpec;

use crate::plugin::ModelError;
use crate::plugins::shared::NetworkSettings;
use crate::plugins::shared::errors::setting;
use crate::plugins::shared::values::Values;

/// Everything that the model is built from. A is the input's domain, with `direction` applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Channels of A.
    pub channels_a: usize,
    /// Channels of B.
    pub channels_b: usize,
    /// Side of the training images: what the pools hold.
    pub crop: usize,
    /// All four networks.
    pub networks: NetworkSettings,
    /// Weight of the cycle A -> B -> A.
    pub lambda_a: f32,
    /// Weight of the cycle B -> A -> B.
    pub lambda_b: f32,
    /// Weight of the identity losses, relative to the cycles'; 0 leaves them out.
    pub lambda_identity: f32,
    /// Generated images of each domain that its discriminator's history holds.
    pub pool_size: usize,
}

impl Settings {
    /// Reads a spec whose `params` are resolved.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where they are not.
    pub fn from_spec(spec: &ExperimentSpec) -> Result<Self, ModelError> {
        let v = Values(&spec.params);
        let (channels_a, channels_b) = spec.data.channels();
        Ok(Self {
            channels_a,
            channels_b,
            crop: spec.data.crop_size as usize,
            networks: NetworkSettings::from_spec(spec)?,
            lambda_a: v.number("lambda_a")? as f32,
            lambda_b: v.number("lambda_b")? as f32,
            lambda_identity: v.number("lambda_identity")? as f32,
            pool_size: v.count("pool_size")?,
        })
    }

    /// Whether there are identity losses.
    pub fn has_identity(&self) -> bool {
        self.lambda_identity > 0.0
    }

    /// Checks what single declarations cannot.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for a crop that does not fit the networks, or identity losses between domains of different
    /// channel counts.
    pub fn check(&self) -> Result<(), ModelError> {
        let (a, b) = (self.channels_a, self.channels_b);
        if self.has_identity() && a != b {
            let problem = format!(
                "the identity loss gives each generator an image of its output's domain, so both domains need the same \
                 number of channels, and they have {a} and {b} (data.channels_a, data.channels_b): use lambda_identity = 0"
            );
            return Err(setting("params.lambda_identity", self.lambda_identity, problem));
        }
        self.networks.check_size(self.crop)
    }
}
