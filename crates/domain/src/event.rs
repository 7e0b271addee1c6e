//! What a training run tells the world. The runner emits these; stores, progress bars and screens consume them.

use std::path::PathBuf;

use crate::metric::MetricKey;
use crate::status::RunStatus;

/// What a saved image shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageRole(pub String);

/// Why a checkpoint is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckpointKind {
    /// The newest; replaced by the next.
    Last,
    /// The best by the watched metric; replaced by a better one.
    Best,
    /// Kept for good.
    Periodic,
}

impl CheckpointKind {
    /// The name in the database and in file names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Best => "best",
            Self::Periodic => "periodic",
        }
    }
}

/// How grave a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogLevel {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Ended or damaged the run.
    Error,
}

impl LogLevel {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One thing that happened in a run. `wall` is seconds since the Unix epoch; steps count from 1 and
/// name the state *after* that many optimiser steps; epochs count from 1.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// Training begins at `step` (0, or where a resumed run continues). A store drops points of steps
    /// *after* it: they come from a process that died past its last checkpoint and are about to be made again.
    Started {
        /// Steps already done.
        step: u64,
        /// Epochs already completed.
        epoch: u64,
        /// Steps of the whole run.
        total_steps: u64,
        /// Epochs of the whole run.
        total_epochs: u64,
        /// Wall clock.
        wall: f64,
    },
    /// Values of one step.
    Metrics {
        /// The step the values belong to.
        step: u64,
        /// The epoch that step is in.
        epoch: u64,
        /// Wall clock.
        wall: f64,
        /// Keys and values.
        values: Vec<(MetricKey, f64)>,
    },
    /// An image file was written (path relative to the run's folder).
    Image {
        /// The step it shows.
        step: u64,
        /// The epoch that step is in.
        epoch: u64,
        /// Wall clock.
        wall: f64,
        /// What it shows: `input`, `output`, `target`.
        role: ImageRole,
        /// The probe's index, the same input each time.
        probe: u32,
        /// Where the probe's input came from.
        caption: String,
        /// The file, relative to the run's folder.
        path: PathBuf,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A checkpoint is on disk, whole and synced.
    Checkpoint {
        /// The step it holds.
        step: u64,
        /// Completed epochs.
        epoch: u64,
        /// Wall clock.
        wall: f64,
        /// Why it is kept.
        kind: CheckpointKind,
        /// The file, relative to the run's folder.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The watched metric's value for [`CheckpointKind::Best`].
        score: Option<f64>,
    },
    /// A checkpoint was removed (path relative to the run's folder).
    CheckpointRemoved {
        /// The file that is gone.
        path: PathBuf,
    },
    /// An epoch is complete.
    EpochEnded {
        /// The epoch.
        epoch: u64,
        /// Steps done.
        step: u64,
        /// Wall clock.
        wall: f64,
    },
    /// Something about the run's health has changed for the worse or for the better.
    Health {
        /// The step at which it showed.
        step: u64,
        /// The epoch that step is in.
        epoch: u64,
        /// Wall clock.
        wall: f64,
        /// True where something has begun to be wrong, false where that has ended.
        raised: bool,
        /// What, since when, and by which value.
        message: String,
    },
    /// A run that diverged went back to a checkpoint and trains on from there. What was told of the steps between is superseded by what
    /// will be told of them again, and stays.
    RolledBack {
        /// The step that it diverged at.
        from: u64,
        /// The checkpoint's step.
        step: u64,
        /// Epochs completed at that step.
        epoch: u64,
        /// Wall clock.
        wall: f64,
        /// Why, and what changes.
        message: String,
    },
    /// A line for the log.
    Log {
        /// How grave.
        level: LogLevel,
        /// Wall clock.
        wall: f64,
        /// The text.
        message: String,
    },
    /// The run ended: the last event of a process.
    Ended {
        /// `Finished`, `Stopped`, `Failed` or `Diverged`.
        status: RunStatus,
        /// Steps done.
        step: u64,
        /// Completed epochs.
        epoch: u64,
        /// Wall clock.
        wall: f64,
        /// What went wrong, if anything.
        message: Option<String>,
    },
}
