//! A model of which only the training is written by hand.

use diptych_domain::{ImagePair, Images, NamedTensor, TensorInfo};
use diptych_imgops::device::MaybeSend;

use super::state::Networks;
use crate::plugin::{InferMode, Model, ModelError};

/// How a model made of [`Networks`] trains and translates: all that is particular to it. [`Assembled`] makes a [`Model`] of it,
/// whose state is that of the networks and their optimisers.
pub trait Training: Networks + MaybeSend {
    /// As [`Model::train_step`].
    ///
    /// # Errors
    /// As there.
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError>;

    /// As [`Model::losses`].
    ///
    /// # Errors
    /// As there.
    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError>;

    /// As [`Model::infer`].
    ///
    /// # Errors
    /// As there.
    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError>;

    /// As [`Model::visuals`].
    ///
    /// # Errors
    /// As there.
    fn visuals(
        &mut self,
        pair: &ImagePair,
        mode: InferMode,
    ) -> Result<Vec<(&'static str, Images)>, ModelError> {
        Ok(vec![("output", self.infer(&pair.a, mode)?)])
    }
}

/// A [`Model`] from what is particular to it.
pub struct Assembled<M>(pub M);

impl<M: Training> Model for Assembled<M> {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.0.train_step(batch, step)
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        self.0.losses()
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.0.set_rate(lr);
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        self.0.infer(input, mode)
    }

    fn visuals(
        &mut self,
        pair: &ImagePair,
        mode: InferMode,
    ) -> Result<Vec<(&'static str, Images)>, ModelError> {
        self.0.visuals(pair, mode)
    }

    fn state(&self) -> Vec<TensorInfo> {
        self.0.tensor_infos()
    }

    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        self.0.read_tensor(name)
    }

    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        self.0.write_tensor(tensor)
    }

    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        self.0.network_weights(network)
    }

    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        self.0.set_network_weights(network, tensors)
    }

    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        self.0.trained_counts()
    }
}
