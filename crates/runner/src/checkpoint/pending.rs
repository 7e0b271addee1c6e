//! A checkpoint between being written and being on disk under its names.

use std::fs;
use std::path::{Path, PathBuf};

use diptych_domain::CheckpointKind;
use diptych_models::Model;

use super::error::CheckpointError;
use super::folder::{BEST, FOLDER, LAST, PREVIOUS};
use super::meta::CheckpointMeta;
use super::write::{Temporary, remove_if_there, sync_folder};

/// A checkpoint that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Why it is kept.
    pub kind: CheckpointKind,
    /// The file, relative to the run's folder.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// A checkpoint that is written but not yet sure to be on disk, and not yet visible. It no longer needs the model, so that
/// another thread can [`Pending::commit`] it; dropped, it leaves nothing behind.
pub struct Pending {
    folder: PathBuf,
    temporary: Temporary,
    /// Kinds and file names.
    names: Vec<(CheckpointKind, String)>,
}

impl Pending {
    pub(super) fn write(
        folder: &Path,
        model: &dyn Model,
        meta: &CheckpointMeta,
        kinds: &[CheckpointKind],
    ) -> Result<Self, CheckpointError> {
        let names: Vec<_> = kinds
            .iter()
            .map(|&kind| match kind {
                CheckpointKind::Last => (kind, LAST.to_owned()),
                CheckpointKind::Best => (kind, BEST.to_owned()),
                CheckpointKind::Periodic => (kind, format!("epoch-{:04}.safetensors", meta.epoch)),
            })
            .collect();
        let target = folder.join(names.first().map_or(LAST, |(_, name)| name));
        Ok(Self {
            folder: folder.to_owned(),
            temporary: Temporary::write(folder.join("new.tmp"), &target, model, meta)?,
            names,
        })
    }

    /// Waits for the disk, then gives the file each of its names. Where this fails, every older checkpoint is still there.
    ///
    /// # Errors
    /// [`CheckpointError::Write`].
    pub fn commit(mut self) -> Result<Vec<Saved>, CheckpointError> {
        let mut saved = Vec::with_capacity(self.names.len());
        for (kind, name) in &self.names {
            let target = self.folder.join(name);
            self.temporary.sync(&target)?;
            if *kind == CheckpointKind::Last {
                keep_previous(&target, &self.folder)?;
            }
            self.temporary.publish(&target)?;
            saved.push(Saved {
                kind: *kind,
                path: Path::new(FOLDER).join(name),
                bytes: self.temporary.len,
            });
        }
        sync_folder(&self.folder)?;
        Ok(saved)
    }
}

/// Gives the present `last` the name `previous` too. A file system without hard links keeps only `last`.
fn keep_previous(last: &Path, folder: &Path) -> Result<(), CheckpointError> {
    if !last.exists() {
        return Ok(());
    }
    let (previous, staged) = (folder.join(PREVIOUS), folder.join("previous.tmp"));
    let fail = |source| CheckpointError::Write {
        path: previous.clone(),
        source,
    };
    remove_if_there(&staged).map_err(fail)?;
    if fs::hard_link(last, &staged).is_ok() {
        fs::rename(&staged, &previous).map_err(fail)?;
        // A rename between two names of one file does nothing and leaves both.
        remove_if_there(&staged).map_err(fail)?;
    }
    Ok(())
}
