//! The checkpoints of one run: which files there are and which one to continue from.
//!
//! `checkpoints/last.safetensors` is the newest; `previous.safetensors` the one before, for the day that the newest turns out
//! to be damaged; `best.safetensors` the best evaluation; `epoch-0005.safetensors` are kept for good. One state that
//! is several of these is one file with several names.

use std::fs;
use std::path::{Path, PathBuf};

use diptych_domain::CheckpointKind;
use diptych_models::Model;

use super::error::CheckpointError;
use super::meta::CheckpointMeta;
use super::pending::{Pending, Saved};
use super::read::Checkpoint;
use super::write::remove_if_there;

/// The folder's name in a run's folder.
pub const FOLDER: &str = "checkpoints";
pub(super) const LAST: &str = "last.safetensors";
pub(super) const PREVIOUS: &str = "previous.safetensors";
pub(super) const BEST: &str = "best.safetensors";

/// The checkpoints of one run.
#[derive(Clone, Debug)]
pub struct CheckpointFolder {
    folder: PathBuf,
}

/// The newest sound checkpoint, and what was wrong with newer ones.
#[derive(Debug)]
pub struct Newest {
    /// Verified.
    pub checkpoint: Checkpoint,
    /// Why others were passed over.
    pub skipped: Vec<CheckpointError>,
}

impl CheckpointFolder {
    /// The checkpoints under `run_dir`; nothing is touched.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            folder: run_dir.join(FOLDER),
        }
    }

    /// Makes the folder and sweeps what a killed process left half-written. Only the process that trains may call this.
    ///
    /// # Errors
    /// Where the folder cannot be made or listed.
    pub fn prepare(&self) -> Result<(), CheckpointError> {
        let fail = |source| CheckpointError::Write {
            path: self.folder.clone(),
            source,
        };
        fs::create_dir_all(&self.folder).map_err(fail)?;
        for entry in fs::read_dir(&self.folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|e| e == "tmp") {
                remove_if_there(&path).map_err(fail)?;
            }
        }
        Ok(())
    }

    /// Writes the model's state once and keeps it as each of `kinds`. When this returns, the files are on disk; where it
    /// fails, every older checkpoint is still there.
    ///
    /// # Errors
    /// [`CheckpointError::Write`], for example on a full disk; [`CheckpointError::NonFinite`] for a model that has diverged.
    pub fn save(
        &self,
        model: &dyn Model,
        meta: &CheckpointMeta,
        kinds: &[CheckpointKind],
    ) -> Result<Vec<Saved>, CheckpointError> {
        self.write(model, meta, kinds)?.commit()
    }

    /// The first half of [`CheckpointFolder::save`]: reads the model, but does not wait for the disk.
    ///
    /// # Errors
    /// As [`CheckpointFolder::save`].
    pub fn write(
        &self,
        model: &dyn Model,
        meta: &CheckpointMeta,
        kinds: &[CheckpointKind],
    ) -> Result<Pending, CheckpointError> {
        Pending::write(&self.folder, model, meta, kinds)
    }

    /// Every checkpoint file, newest step first; files whose header cannot be read come as errors after those that can.
    ///
    /// # Errors
    /// Where the folder cannot be listed; a folder that does not exist is empty.
    pub fn list(&self) -> Result<Vec<Result<Checkpoint, CheckpointError>>, CheckpointError> {
        let read = |source| CheckpointError::Read {
            path: self.folder.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.folder) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(read)?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(read)?.path();
            if path.extension().is_some_and(|e| e == "safetensors") {
                paths.push(path);
            }
        }
        // Of equal steps, `last` wins over the other names of the same state.
        paths.sort_by_key(|p| (!p.ends_with(LAST), p.clone()));
        let mut found: Vec<_> = paths.iter().map(|p| Checkpoint::open(p)).collect();
        found.sort_by_key(|c| c.as_ref().map_or(1, |c| -i128::from(c.meta().step)));
        Ok(found)
    }

    /// The newest checkpoint that is whole, by step and checksum; `None` where there is no file at all.
    ///
    /// # Errors
    /// [`CheckpointError::NoneWhole`] where there are files and all are damaged; [`CheckpointError::Version`] at once, for
    /// a newer version is no damage.
    pub fn newest(&self) -> Result<Option<Newest>, CheckpointError> {
        let mut skipped = Vec::new();
        let mut sound = None;
        for found in self.list()? {
            match found.and_then(|c| {
                if sound.is_none() {
                    c.verify().map(|()| c)
                } else {
                    Ok(c)
                }
            }) {
                Ok(checkpoint) => sound = sound.or(Some(checkpoint)),
                Err(e @ CheckpointError::Version { .. }) => return Err(e),
                Err(e) => skipped.push(e),
            }
        }
        match sound {
            Some(checkpoint) => Ok(Some(Newest { checkpoint, skipped })),
            None if skipped.is_empty() => Ok(None),
            None => Err(CheckpointError::NoneWhole {
                folder: self.folder.clone(),
                problems: skipped.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// The best checkpoint, or the newest where no evaluation has chosen one.
    ///
    /// # Errors
    /// [`CheckpointError::None`] where there is none; otherwise as [`CheckpointFolder::newest`].
    pub fn best(&self) -> Result<Checkpoint, CheckpointError> {
        let best = self.folder.join(BEST);
        if best.exists() {
            let checkpoint = Checkpoint::open(&best)?;
            checkpoint.verify()?;
            return Ok(checkpoint);
        }
        self.newest()?
            .map(|newest| newest.checkpoint)
            .ok_or_else(|| CheckpointError::None {
                folder: self.folder.clone(),
            })
    }
}

#[cfg(test)]
mod tests;
