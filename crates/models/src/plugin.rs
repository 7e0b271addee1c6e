//! The plugin contract: what a model must offer to be trained, logged, resumed and applied.
//!
//! A [`Plugin`] is the stateless declaration in the registry; [`Plugin::build`] makes a [`Model`], which
//! owns networks and optimisers on one device. Device generics end behind this trait: only plain buffers and
//! `domain` types cross it.

use diptych_domain::params::{ParamDecl, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};
use diptych_domain::{DeviceChoice, ImagePair, Images, NamedTensor, Size, TensorInfo};
use diptych_imgops::device::MaybeSend;

/// What can go wrong in a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Settings that are valid one by one but not together, such as a crop that the U-Net cannot halve often enough.
    #[error("{key} = {value}: {problem}")]
    Setting {
        /// The dotted key, such as `data.crop_size`.
        key: String,
        /// The value as given.
        value: String,
        /// What is wrong and what would be valid.
        problem: String,
    },
    /// An input that the networks cannot take.
    #[error("{0}")]
    Input(String),
    /// A tensor in a checkpoint or weights file that does not fit this architecture.
    #[error("{0}")]
    Weights(String),
    /// The device asked for is not to be had.
    #[error("{0}")]
    Device(String),
    /// The device's memory is used up; the message says what helps.
    #[error("{0}")]
    OutOfMemory(String),
    /// A plugin's code has panicked, which is a mistake in it.
    #[error("{plugin} panicked in {call}: {message}")]
    Panicked {
        /// The plugin.
        plugin: &'static str,
        /// The method that was called.
        call: &'static str,
        /// What the panic said.
        message: String,
    },
    /// A failing operation.
    #[error(transparent)]
    Op(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// What a model is built from.
#[derive(Clone, Debug)]
pub struct BuildContext {
    /// The resolved experiment; `params` are resolved against [`Plugin::params`].
    pub spec: ExperimentSpec,
    /// Where to compute; already settled (not `Auto`).
    pub device: DeviceChoice,
}

/// How a generator is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InferMode {
    /// As the paper does at test time: batch norm uses the test image's own statistics, dropout stays on
    /// (drawn from a fixed seed, so results repeat).
    #[default]
    Paper,
    /// `--eval`: running statistics, no dropout.
    Eval,
}

/// What a benchmark asks of a model, in terms that hold for every model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BenchRequest {
    /// Size of the images.
    pub size: Size,
    /// Channels of the networks' first layers.
    pub width: u32,
    /// Residual blocks, where they are asked for.
    pub blocks: Option<u32>,
    /// Weight of the identity loss, where it is asked for.
    pub identity: Option<f64>,
}

/// What a health value tells, to those who watch it without knowing the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HealthKind {
    /// A discriminator's mean verdict on real images: a probability of being real where it is trained on cross-entropy, the raw
    /// output otherwise.
    Real,
    /// The same on generated images.
    Fake,
    /// The part of a discriminator's verdicts that are right, 0 to 1: 0.5 where it cannot tell, 1 where it always can, which
    /// leaves its generator little to learn from.
    Accuracy,
    /// The norm (L2, over all tensors) of a network's gradient.
    GradientNorm,
}

/// A plugin's declaration of one health value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthDecl {
    /// The name; the metric is `health/<name>`.
    pub name: &'static str,
    /// What it tells.
    pub kind: HealthKind,
}

/// A model in the registry.
pub trait Plugin: Send + Sync {
    /// The name in `model = "…"`.
    fn name(&self) -> &'static str;
    /// One line for `diptych models`.
    fn summary(&self) -> &'static str;
    /// Its hyperparameters, in the order to show them.
    fn params(&self) -> Vec<ParamDecl>;
    /// The data layouts it trains on.
    fn layouts(&self) -> &'static [Layout];
    /// The names of its losses, in logging order (`loss/<name>`).
    fn losses(&self, params: &Params) -> Vec<&'static str>;
    /// What [`Model::health`] tells, in logging order (`health/<name>`).
    fn health(&self, _params: &Params) -> Vec<HealthDecl> {
        Vec::new()
    }
    /// The names of its networks as files call them (`G`, `D`).
    fn networks(&self, params: &Params) -> Vec<&'static str>;
    /// The network that [`Model::infer`] applies, for `translate`.
    fn generator(&self) -> &'static str {
        "G"
    }
    /// The network that translates the other way, from the target's domain to the input's, where there is one.
    fn reverse_generator(&self) -> Option<&'static str> {
        None
    }
    /// The role in [`Model::visuals`] of what the reverse generator makes of the pair's target, where there is one.
    fn reverse_visual(&self) -> Option<&'static str> {
        None
    }
    /// The hyperparameters of a benchmark as asked for; those not named keep their defaults. They are checked like anybody's.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for something asked for that the model does not have.
    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError>;
    /// Checks what single declarations cannot: sizes against depth, layouts, channel counts.
    ///
    /// # Errors
    /// [`ModelError::Setting`] with the key and what would be valid.
    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError>;
    /// The size that its networks work on in an experiment that [`Plugin::validate`] takes, where that is larger than
    /// `data.crop_size`: users are told.
    fn padded(&self, _spec: &ExperimentSpec) -> Option<Size> {
        None
    }
    /// Makes networks (initialised from `spec.seed`) and optimisers.
    ///
    /// # Errors
    /// As [`Plugin::validate`]; or where the device is not to be had.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError>;
}

/// Networks and optimisers on a device.
pub trait Model: MaybeSend {
    /// One optimisation step; `step` counts from 1 and seeds this step's random streams, so that nothing but
    /// the tensors of [`Model::state`] has to be saved.
    ///
    /// # Errors
    /// Where the batch does not fit the networks, or the device fails.
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError>;

    /// The losses of the latest step, in [`Plugin::losses`] order. On a GPU this waits for the device.
    ///
    /// # Errors
    /// Where the device fails.
    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError>;

    /// Whether the next steps' [`Model::health`] will be asked for; what it costs need not be paid otherwise.
    fn watch(&mut self, _on: bool) {}

    /// What the plugin declares in [`Plugin::health`], of the latest step, where that was watched; values that a step does not
    /// have are left out.
    ///
    /// # Errors
    /// Where the device fails.
    fn health(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        Ok(Vec::new())
    }

    /// Sets the rate of every optimiser.
    fn set_learning_rate(&mut self, lr: f64);

    /// Applies the generator to inputs of any count; leaves no trace in running statistics.
    ///
    /// # Errors
    /// Where a size or channel count does not fit.
    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError>;

    /// Applies the reverse generator, from the target's domain to the input's; `None` where the model has none.
    ///
    /// # Errors
    /// As [`Model::infer`].
    fn infer_back(&mut self, _input: &Images, _mode: InferMode) -> Result<Option<Images>, ModelError> {
        Ok(None)
    }

    /// The side of the square of input pixels that one pixel of [`Model::infer`]'s output depends on, norms aside; `None` where
    /// it is not known.
    fn receptive_field(&self) -> Option<usize> {
        None
    }

    /// What a probe shows of one example, by role; `output` is what [`Model::infer`] makes of the input.
    ///
    /// # Errors
    /// As [`Model::infer`].
    fn visuals(
        &mut self,
        pair: &ImagePair,
        mode: InferMode,
    ) -> Result<Vec<(&'static str, Images)>, ModelError> {
        Ok(vec![("output", self.infer(&pair.a, mode)?)])
    }

    /// Every tensor that a resumed run needs: `<network>.<public name>`, optimiser state under `optim.…`, and whatever else
    /// the next step depends on. The order is fixed, and names and shapes do not change while a model trains.
    fn state(&self) -> Vec<TensorInfo>;

    /// Reads one tensor of [`Model::state`].
    ///
    /// # Errors
    /// An unknown name.
    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError>;

    /// Sets one tensor of [`Model::state`].
    ///
    /// # Errors
    /// An unknown name, or a shape that does not fit; the message names both shapes.
    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError>;

    /// The tensors of one network under their public names, for `weights export`.
    ///
    /// # Errors
    /// An unknown network.
    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError>;

    /// Sets the tensors of one network: all of them must be given, none may be unknown, every shape must fit;
    /// otherwise nothing changes.
    ///
    /// # Errors
    /// [`ModelError::Weights`] naming the first tensor that is missing, unknown or of another shape.
    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError>;

    /// How many trained values each network has.
    fn parameter_counts(&self) -> Vec<(&'static str, usize)>;
}
