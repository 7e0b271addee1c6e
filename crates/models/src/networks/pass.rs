//! One pass through a network: its parameters and what the pass may do with them.

use diptych_domain::stream_seed;
use diptych_imgops::ImageDevice;

use super::params::ParamSet;

/// Which statistics batch norm uses, and whether dropout is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistics {
    /// Training: the batch's, running statistics updated, dropout on.
    Train,
    /// The papers' test protocol: the batch's, nothing updated, dropout on.
    Paper,
    /// Running statistics, dropout off.
    Eval,
}

/// What a forward pass needs besides its input.
pub struct Pass<'a, D: ImageDevice> {
    /// The network's tensors; training updates the running statistics among them.
    pub params: &'a mut ParamSet<D>,
    /// Statistics and dropout.
    pub statistics: Statistics,
    /// Whether the network's own parameters collect gradients.
    pub trains: bool,
    /// Whether the input collects a gradient.
    pub input_grad: bool,
    /// Seeds this pass's dropout masks.
    pub seed: u64,
    draws: u64,
}

impl<'a, D: ImageDevice> Pass<'a, D> {
    /// A pass; `trains` as in [`Pass::trains`]. The input collects a gradient exactly where the network is frozen: then
    /// somebody upstream wants it.
    pub fn new(params: &'a mut ParamSet<D>, statistics: Statistics, trains: bool, seed: u64) -> Self {
        Self {
            params,
            statistics,
            trains,
            input_grad: !trains,
            seed,
            draws: 0,
        }
    }

    /// The seed of the next dropout mask.
    pub fn dropout_seed(&mut self) -> u64 {
        self.draws += 1;
        stream_seed(self.seed, "dropout", self.draws)
    }
}
