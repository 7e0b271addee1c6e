//! What models made of generators and discriminators have in common: their settings, their networks with an optimiser each,
//! and how these are saved, loaded and applied. Models from outside are built of the same parts.

pub mod assembled;
pub mod bench;
pub mod decls;
pub mod errors;
pub(crate) mod health;
pub mod networks;
pub mod state;
pub mod trained;
pub mod transfer;
pub mod values;

pub use assembled::{Assembled, Training};
pub use networks::{DiscriminatorKind, GeneratorKind, NetworkSettings};
pub use state::{Networks, Part, PartMut};
pub use trained::{Start, Trained};
