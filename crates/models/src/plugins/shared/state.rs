//! The state of networks with optimisers: which tensors there are, under which names, and how they are read and written.

use diptych_domain::{NamedTensor, TensorInfo};
use diptych_imgops::ImageDevice;

use super::errors::weights;
use super::trained::Trained;
use crate::networks::ParamSet;
use crate::optimiser::Adam;
use crate::plugin::ModelError;

/// One network with its optimiser, whatever its architecture.
pub struct Part<'a, D: ImageDevice> {
    name: &'static str,
    params: &'a ParamSet<D>,
    adam: &'a Adam<D>,
}

/// A [`Part`] to be written to.
pub struct PartMut<'a, D: ImageDevice> {
    name: &'static str,
    params: &'a mut ParamSet<D>,
    adam: &'a mut Adam<D>,
}

impl<D: ImageDevice, N> Trained<D, N> {
    /// This network under its name in files.
    pub fn part(&self, name: &'static str) -> Part<'_, D> {
        Part {
            name,
            params: &self.params,
            adam: &self.adam,
        }
    }

    /// This network under its name in files.
    pub fn part_mut(&mut self, name: &'static str) -> PartMut<'_, D> {
        PartMut {
            name,
            params: &mut self.params,
            adam: &mut self.adam,
        }
    }
}

/// A model made of networks with optimisers. State tensors are `<network>.<public name>` of every network, then
/// `optim.<network>.<…>` of every optimiser.
pub trait Networks {
    /// Where they are.
    type Device: ImageDevice;

    /// The plugin's name, for messages.
    const PLUGIN: &'static str;

    /// The networks in the order of files and listings.
    fn parts(&self) -> Vec<Part<'_, Self::Device>>;

    /// The same, to be written to.
    fn parts_mut(&mut self) -> Vec<PartMut<'_, Self::Device>>;

    /// Every tensor of the state.
    fn tensor_infos(&self) -> Vec<TensorInfo> {
        let parts = self.parts();
        let named = |prefix: String, infos: Vec<TensorInfo>| {
            infos.into_iter().map(move |i| TensorInfo {
                name: format!("{prefix}.{}", i.name),
                ..i
            })
        };
        let networks = parts.iter().flat_map(|p| named(p.name.into(), p.params.infos()));
        let optimisers = parts
            .iter()
            .flat_map(|p| named(format!("optim.{}", p.name), p.adam.infos(p.params)));
        networks.chain(optimisers).collect()
    }

    /// One tensor of the state.
    ///
    /// # Errors
    /// An unknown name.
    fn read_tensor(&self, name: &str) -> Result<NamedTensor, ModelError> {
        let unknown = || unknown_tensor(Self::PLUGIN, name);
        let (network, place, rest) = split(name).ok_or_else(unknown)?;
        let parts = self.parts();
        let part = parts.iter().find(|p| p.name == network).ok_or_else(unknown)?;
        let tensor = match place {
            Place::Network => part.params.read(part.params.find(rest).ok_or_else(unknown)?),
            Place::Optimiser => part.adam.read(part.params, rest).map_err(weights)?,
        };
        Ok(NamedTensor {
            name: name.to_owned(),
            ..tensor
        })
    }

    /// Sets one tensor of the state.
    ///
    /// # Errors
    /// An unknown name, or a shape that does not fit.
    fn write_tensor(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        let unknown = || unknown_tensor(Self::PLUGIN, &tensor.name);
        let (network, place, rest) = split(&tensor.name).ok_or_else(unknown)?;
        let mut parts = self.parts_mut();
        let part = parts.iter_mut().find(|p| p.name == network).ok_or_else(unknown)?;
        let inner = NamedTensor {
            name: rest.to_owned(),
            ..tensor.clone()
        };
        match place {
            Place::Network => part.params.write_named(&inner),
            Place::Optimiser => part.adam.write(part.params, &inner),
        }
        .map_err(weights)
    }

    /// The tensors of one network under their public names.
    ///
    /// # Errors
    /// An unknown network.
    fn network_weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        let parts = self.parts();
        match parts.iter().find(|p| p.name == network) {
            Some(part) => Ok(part.params.read_all()),
            None => Err(unknown_network(
                Self::PLUGIN,
                network,
                parts.iter().map(|p| p.name),
            )),
        }
    }

    /// Sets the tensors of one network, all or none.
    ///
    /// # Errors
    /// An unknown network, or the first tensor that is missing, unknown or of another shape.
    fn set_network_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        let mut parts = self.parts_mut();
        match parts.iter_mut().find(|p| p.name == network) {
            Some(part) => part.params.write_all(tensors).map_err(weights),
            None => Err(unknown_network(
                Self::PLUGIN,
                network,
                parts.iter().map(|p| p.name),
            )),
        }
    }

    /// How many values each network trains.
    fn trained_counts(&self) -> Vec<(&'static str, usize)> {
        let parts = self.parts();
        parts
            .iter()
            .map(|p| (p.name, p.params.trained_values()))
            .collect()
    }

    /// Sets the rate of every optimiser.
    fn set_rate(&mut self, lr: f64) {
        for part in self.parts_mut() {
            part.adam.set_learning_rate(lr);
        }
    }
}

/// Whether a tensor is a network's or its optimiser's.
enum Place {
    Network,
    Optimiser,
}

/// `G.x` or `optim.G.x` into network, place and `x`.
fn split(name: &str) -> Option<(&str, Place, &str)> {
    let (place, name) = match name.strip_prefix("optim.") {
        Some(rest) => (Place::Optimiser, rest),
        None => (Place::Network, name),
    };
    let (network, rest) = name.split_once('.')?;
    Some((network, place, rest))
}

/// A state tensor that the plugin does not have.
pub fn unknown_tensor(plugin: &str, name: &str) -> ModelError {
    ModelError::Weights(format!("{plugin} has no state tensor `{name}`"))
}

fn unknown_network(plugin: &str, network: &str, names: impl Iterator<Item = &'static str>) -> ModelError {
    let names: Vec<&str> = names.collect();
    let list = match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    };
    ModelError::Weights(format!("{plugin} has no network `{network}`; it has {list}"))
}
