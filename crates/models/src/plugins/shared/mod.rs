//! What models made of generators and discriminators have in common: their settings, their networks with an optimiser each,
//! and how these are saved, loaded and applied.

pub(crate) mod bench;
pub(crate) mod decls;
pub(crate) mod errors;
pub(crate) mod health;
pub mod networks;
pub(crate) mod state;
pub(crate) mod trained;
pub(crate) mod transfer;
pub(crate) mod values;

pub use networks::{DiscriminatorKind, GeneratorKind, NetworkSettings};
