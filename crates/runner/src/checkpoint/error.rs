//! What can be wrong with a checkpoint.

use std::io;
use std::path::PathBuf;

use diptych_models::ModelError;

/// What can go wrong with a checkpoint. Every variant about a file names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Writing failed; what was there before is untouched.
    #[error("cannot write checkpoint {}: {source}", path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The model holds a value that is infinite or not a number; nothing was written.
    #[error("tensor `{tensor}` holds a value that is not finite at step {step}")]
    NonFinite {
        /// The tensor's name in the model's state.
        tensor: String,
        /// The step.
        step: u64,
    },
    /// The model does not give or take one of its tensors.
    #[error("tensor `{tensor}`: {source}")]
    Tensor {
        /// The tensor's name in the model's state.
        tensor: String,
        /// What the model says.
        source: ModelError,
    },
    /// Reading failed.
    #[error("cannot read checkpoint {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no whole checkpoint.
    #[error("checkpoint {} is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file was written by a newer version.
    #[error(
        "checkpoint {} has format version {found}; this build reads up to version {supported}",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The newest version that can be read.
        supported: u32,
    },
    /// The checkpoint belongs to another plugin.
    #[error("checkpoint {} belongs to the model `{found}`, not to `{expected}`", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// The plugin that wrote it.
        found: String,
        /// The plugin that was to read it.
        expected: String,
    },
    /// The checkpoint's tensors are not those of the model: the first that differs.
    #[error(
        "checkpoint {} is of another architecture: tensor `{tensor}` is {found} in the file, but {expected} in the model",
        path.display()
    )]
    Architecture {
        /// The file.
        path: PathBuf,
        /// The first tensor, in the model's order, that differs.
        tensor: String,
        /// Its type and shape in the file, or `missing`.
        found: String,
        /// Its type and shape in the model, or `missing`.
        expected: String,
    },
    /// There are checkpoints, and none of them can be read.
    #[error("no checkpoint in {} is whole: {}", folder.display(), problems.join("; "))]
    NoneWhole {
        /// The folder.
        folder: PathBuf,
        /// One message for each file.
        problems: Vec<String>,
    },
    /// There is no checkpoint.
    #[error("there is no checkpoint in {}", folder.display())]
    None {
        /// The folder.
        folder: PathBuf,
    },
}
