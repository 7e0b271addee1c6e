//! Checkpoints: one safetensors file with everything that a resumed run needs.

mod error;
mod folder;
mod layout;
mod meta;
mod pending;
mod read;
mod write;

pub use error::CheckpointError;
pub use folder::{CheckpointFolder, FOLDER, Newest};
pub use meta::CheckpointMeta;
pub use pending::{Pending, Saved};
pub use read::Checkpoint;
