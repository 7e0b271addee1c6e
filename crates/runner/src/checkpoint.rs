//! Checkpoints: one safetensors file with everything that a resumed run needs.

mod error;
mod folder;
mod layout;
mod meta;
mod read;
mod write;

pub use error::CheckpointError;
pub use folder::{CheckpointFolder, FOLDER, Newest, Saved};
pub use meta::CheckpointMeta;
pub use read::Checkpoint;
