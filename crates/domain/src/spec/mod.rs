//! Experiment specs: what a run is made from.

mod draft;
mod error;
pub mod keys;
mod setting;
pub mod sweep;

use serde::{Deserialize, Serialize};

pub use draft::Draft;
pub use error::{Origin, SpecError, SpecIssue};
pub use sweep::Sweep;

use crate::params::Params;
use crate::size::Size;

/// How a data set is laid out on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Pairs: A|B side by side in one file, or parallel folders `A/` and `B/` with equal file names.
    #[default]
    Aligned,
    /// Two folders without correspondence.
    Unaligned,
    /// One folder.
    Single,
}

/// Which domain is the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A is the input, B the target.
    #[default]
    AToB,
    /// B is the input, A the target.
    BToA,
}

/// The learning-rate policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Constant for `epochs`, then linearly towards zero over `decay_epochs`.
    #[default]
    Linear,
    /// Times 0.1 every 50 epochs.
    Step,
    /// Times 0.2 where the watched metric has stood still for 5 epochs.
    Plateau,
    /// Half a cosine from the full rate to zero over `epochs`.
    Cosine,
}

/// What to do about a loss that is not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDivergence {
    /// End the run as `diverged`.
    #[default]
    Stop,
    /// Go back to the last checkpoint and on from there with half the learning rate, up to three times in a run.
    Rollback,
}

/// `[data]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSpec {
    /// The folder that holds `train/` and `val/` or `test/`.
    pub root: String,
    /// How it is laid out.
    pub layout: Layout,
    /// Which side is the input.
    pub direction: Direction,
    /// Each image is resized to this size first (bicubic), whatever its own proportions.
    pub load_size: Size,
    /// Then cropped at random to this size.
    pub crop_size: Size,
    /// Whether half of the images are mirrored.
    pub flip: bool,
    /// Images a step.
    pub batch_size: u32,
    /// Channels of A (1 to 4).
    pub channels_a: u32,
    /// Channels of B (1 to 4).
    pub channels_b: u32,
    /// At most this many training images (0: all).
    pub max_images: u32,
    /// Decoding threads (0: chosen by the machine).
    pub workers: u32,
    /// The file that names the targets' classes, relative to `root`; empty: `palette.txt` in `root` where there is one, else the
    /// targets' own colours where these are few.
    pub palette: String,
}

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            root: String::new(),
            layout: Layout::Aligned,
            direction: Direction::AToB,
            load_size: Size::square(286),
            crop_size: Size::square(256),
            flip: true,
            batch_size: 1,
            channels_a: 3,
            channels_b: 3,
            max_images: 0,
            workers: 0,
            palette: String::new(),
        }
    }
}

impl DataSpec {
    /// Channels of the input and of the target, with `direction` applied.
    pub fn channels(&self) -> (usize, usize) {
        let (a, b) = (self.channels_a as usize, self.channels_b as usize);
        match self.direction {
            Direction::AToB => (a, b),
            Direction::BToA => (b, a),
        }
    }
}

/// `[optim]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimSpec {
    /// Adam's learning rate.
    pub lr: f64,
    /// Adam's first decay.
    pub beta1: f64,
    /// Adam's second decay.
    pub beta2: f64,
    /// The schedule.
    pub policy: Policy,
    /// Epochs at the full rate.
    pub epochs: u32,
    /// Epochs of linear decay after those.
    pub decay_epochs: u32,
    /// What to do about a loss that is not finite.
    pub on_divergence: OnDivergence,
}

impl Default for OptimSpec {
    fn default() -> Self {
        Self {
            lr: 2e-4,
            beta1: 0.5,
            beta2: 0.999,
            policy: Policy::Linear,
            epochs: 100,
            decay_epochs: 100,
            on_divergence: OnDivergence::Stop,
        }
    }
}

impl OptimSpec {
    /// Epochs of the whole run.
    pub fn total_epochs(&self) -> u64 {
        u64::from(self.epochs) + u64::from(self.decay_epochs)
    }
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSpec {
    /// Losses every so many steps.
    pub every: u32,
    /// Probe images every so many steps (0: never).
    pub images_every: u32,
    /// How many fixed held-out inputs.
    pub probes: u32,
    /// A checkpoint every so many epochs (0: only the last).
    pub checkpoint_every: u32,
    /// An evaluation every so many epochs (0: never).
    pub evaluate_every: u32,
    /// Periodic checkpoints are kept for good every so many epochs (0: none).
    pub keep_every: u32,
}

impl Default for LogSpec {
    fn default() -> Self {
        Self {
            every: 10,
            images_every: 200,
            probes: 8,
            checkpoint_every: 5,
            evaluate_every: 1,
            keep_every: 0,
        }
    }
}

/// A whole experiment, resolved: every value is present and checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSpec {
    /// The plugin's name.
    pub model: String,
    /// The experiment's name; run names derive from it where none is given.
    #[serde(default)]
    pub name: Option<String>,
    /// Seeds every random stream.
    #[serde(default = "one")]
    pub seed: u64,
    /// `[data]`.
    #[serde(default)]
    pub data: DataSpec,
    /// `[params]`, the plugin's own.
    #[serde(default)]
    pub params: Params,
    /// `[optim]`.
    #[serde(default)]
    pub optim: OptimSpec,
    /// `[log]`.
    #[serde(default)]
    pub log: LogSpec,
}

fn one() -> u64 {
    1
}

impl ExperimentSpec {
    /// The canonical JSON text: keys in a fixed order, numbers as serde prints them.
    ///
    /// # Errors
    /// Where a number is not finite; a checked spec has none.
    pub fn canonical_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The canonical JSON text without the name: equal for equal experiments, whatever they are called.
    ///
    /// # Errors
    /// As [`ExperimentSpec::canonical_json`].
    pub fn nameless_json(&self) -> Result<String, serde_json::Error> {
        Self {
            name: None,
            ..self.clone()
        }
        .canonical_json()
    }

    /// BLAKE3 of the canonical JSON, in hex.
    ///
    /// # Errors
    /// As [`ExperimentSpec::canonical_json`].
    pub fn hash(&self) -> Result<String, serde_json::Error> {
        Ok(blake3::hash(self.canonical_json()?.as_bytes())
            .to_hex()
            .to_string())
    }
}

#[cfg(test)]
mod tests;
