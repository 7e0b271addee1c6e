//! What can end a training, an evaluation or a translation.

use std::io;
use std::path::PathBuf;

use diptych_data::DataError;
use diptych_data::metrics::MetricError;
use diptych_models::ModelError;

use crate::checkpoint::CheckpointError;

/// What can go wrong in the runner.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// An output that cannot be compared with its target.
    #[error("{image}: {source}")]
    Metric {
        /// The image's name in its data set.
        image: String,
        /// Why not.
        source: MetricError,
    },
    /// The experiment cannot be written down.
    #[error("the experiment has no JSON form: {0}")]
    Spec(#[from] serde_json::Error),
    /// Another process trains this run.
    #[error("another process is training this run (it holds {})", lock.display())]
    Busy {
        /// The lock.
        lock: PathBuf,
    },
    /// A file or folder of the run cannot be made.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A translation would overwrite an input.
    #[error("{} is one of the inputs and is not overwritten; choose another output folder", path.display())]
    Overwrite {
        /// The input.
        path: PathBuf,
    },
    /// Tiles that show the network less than it needs.
    #[error(
        "tiles of {size} pixels are too small: the generator's outputs depend on {field} pixels around them; use {needed} or more \
         (that, or the size of the training images where it is less)"
    )]
    TileTooSmall {
        /// The side asked for.
        size: usize,
        /// The smallest side that will do: the receptive field, or the side of the training images where that is less.
        needed: usize,
        /// The receptive field.
        field: usize,
    },
    /// Tiles that would overlap more than their neighbours leave.
    #[error("an overlap of {overlap} pixels is more than half of a tile of {size}; use {} or less", size / 2)]
    Overlap {
        /// The overlap asked for.
        overlap: usize,
        /// The tile's side.
        size: usize,
    },
    /// There is nothing to translate.
    #[error("there are no images in {root}")]
    NoImages {
        /// The folder.
        root: String,
    },
    /// A resumed run finds other data, or other batches, than it was trained on.
    #[error(
        "the run was trained with {before} steps an epoch, but its data and batch size now give {now}; a resumed run \
         continues exactly where it stopped, so restore the data or start a new run from this checkpoint"
    )]
    DataChanged {
        /// Steps an epoch when the checkpoint was written.
        before: u64,
        /// Steps an epoch now.
        now: u64,
    },
}
