//! Where the images of a split lie, and which belong together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diptych_domain::spec::Layout;

use crate::error::DataError;
use crate::listing::{list_images, relative_stem};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// `train`.
    Train,
    /// Held out: `val`, or `test` where there is no `val`.
    Val,
}

impl Split {
    fn phases(self) -> &'static [&'static str] {
        match self {
            Self::Train => &["train"],
            Self::Val => &["val", "test"],
        }
    }
}

/// The files of a split. `base` is what names are relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// One file holds A on the left and B on the right.
    SideBySide { base: PathBuf, files: Vec<PathBuf> },
    /// `a[i]` belongs to `b[i]`.
    Parallel {
        base: PathBuf,
        a: Vec<PathBuf>,
        b: Vec<PathBuf>,
    },
    /// Two lists without correspondence.
    Unaligned {
        base_a: PathBuf,
        base_b: PathBuf,
        a: Vec<PathBuf>,
        b: Vec<PathBuf>,
    },
    /// One list.
    Single { base: PathBuf, files: Vec<PathBuf> },
}

/// Finds the files of `split`. Reads no pixels.
///
/// # Errors
/// Missing or empty folders, partners that do not match, and pairs in two forms at once.
pub(crate) fn find(root: &Path, layout: Layout, split: Split) -> Result<Files, DataError> {
    if !root.is_dir() {
        return Err(DataError::MissingRoot {
            path: root.to_owned(),
        });
    }
    for phase in split.phases() {
        let found = match layout {
            Layout::Aligned => aligned(root, phase)?,
            Layout::Unaligned => unaligned(root, phase)?,
            Layout::Single => single(&root.join(phase))?,
        };
        if let Some(files) = found {
            return Ok(files);
        }
    }
    if layout == Layout::Single && split == Split::Train {
        return single(root)?.ok_or_else(|| DataError::MissingRoot {
            path: root.to_owned(),
        });
    }
    Err(missing(root, layout, split))
}

fn missing(root: &Path, layout: Layout, split: Split) -> DataError {
    let both = |p: &str| [format!("{p}A/ with {p}B/"), format!("{p}/A/ with {p}/B/")];
    let looked_for = split
        .phases()
        .iter()
        .flat_map(|p| match layout {
            Layout::Aligned => [vec![format!("{p}/")], both(p).to_vec()].concat(),
            Layout::Unaligned => both(p).to_vec(),
            Layout::Single => vec![format!("{p}/")],
        })
        .collect();
    let layout = match layout {
        Layout::Aligned => "aligned",
        Layout::Unaligned => "unaligned",
        Layout::Single => "single",
    };
    DataError::MissingSplit {
        root: root.to_owned(),
        layout,
        looked_for,
    }
}

/// The two folders of a phase, in either spelling. One without the other is an error.
fn two_folders(root: &Path, phase: &str) -> Result<Option<(PathBuf, PathBuf)>, DataError> {
    let nested = (root.join(phase).join("A"), root.join(phase).join("B"));
    let flat = (root.join(format!("{phase}A")), root.join(format!("{phase}B")));
    let mut found = None;
    for (a, b) in [flat, nested] {
        match (a.is_dir(), b.is_dir()) {
            (false, false) => {}
            (true, true) => {
                if let Some((first, _)) = found {
                    return Err(DataError::TwoForms { first, second: a });
                }
                found = Some((a, b));
            }
            (true, false) => return Err(half(a, b)?),
            (false, true) => return Err(half(b, a)?),
        }
    }
    Ok(found)
}

fn half(folder: PathBuf, other: PathBuf) -> Result<DataError, DataError> {
    let files = list_images(&folder)?;
    let first = shown(files.iter().map(|f| relative_stem(f, &folder)));
    Ok(DataError::Unpaired {
        count: files.len(),
        folder,
        other,
        first,
    })
}

fn shown(stems: impl Iterator<Item = PathBuf>) -> Vec<String> {
    stems.take(5).map(|p| p.display().to_string()).collect()
}

fn not_empty(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let files = list_images(folder)?;
    if files.is_empty() {
        Err(DataError::Empty {
            path: folder.to_owned(),
        })
    } else {
        Ok(files)
    }
}

fn aligned(root: &Path, phase: &str) -> Result<Option<Files>, DataError> {
    let folder = root.join(phase);
    let Some((a, b)) = two_folders(root, phase)? else {
        return if folder.is_dir() {
            Ok(Some(Files::SideBySide {
                files: not_empty(&folder)?,
                base: folder,
            }))
        } else {
            Ok(None)
        };
    };
    if folder.is_dir() {
        let outside = list_images(&folder)?
            .into_iter()
            .find(|f| !f.starts_with(&a) && !f.starts_with(&b));
        if let Some(first) = outside {
            return Err(DataError::TwoForms { first, second: a });
        }
    }
    let (files_a, files_b) = (by_stem(&a)?, by_stem(&b)?);
    for ((folder, own), (other, theirs)) in
        [((&a, &files_a), (&b, &files_b)), ((&b, &files_b), (&a, &files_a))]
    {
        let alone: Vec<&PathBuf> = own.keys().filter(|stem| !theirs.contains_key(*stem)).collect();
        if !alone.is_empty() {
            return Err(DataError::Unpaired {
                folder: folder.clone(),
                other: other.clone(),
                count: alone.len(),
                first: shown(alone.into_iter().cloned()),
            });
        }
    }
    let b = files_a
        .keys()
        .filter_map(|stem| files_b.get(stem).cloned())
        .collect();
    Ok(Some(Files::Parallel {
        base: a,
        a: files_a.into_values().collect(),
        b,
    }))
}

/// The images of a folder by stem, in the order of the stems as bytes.
fn by_stem(folder: &Path) -> Result<BTreeMap<PathBuf, PathBuf>, DataError> {
    let mut map = BTreeMap::new();
    for file in not_empty(folder)? {
        let stem = relative_stem(&file, folder);
        if let Some(first) = map.insert(stem, file.clone()) {
            return Err(DataError::SameStem { first, second: file });
        }
    }
    Ok(map)
}

fn unaligned(root: &Path, phase: &str) -> Result<Option<Files>, DataError> {
    let Some((a, b)) = two_folders(root, phase)? else {
        return Ok(None);
    };
    Ok(Some(Files::Unaligned {
        a: not_empty(&a)?,
        b: not_empty(&b)?,
        base_a: a,
        base_b: b,
    }))
}

fn single(folder: &Path) -> Result<Option<Files>, DataError> {
    if !folder.is_dir() {
        return Ok(None);
    }
    Ok(Some(Files::Single {
        files: not_empty(folder)?,
        base: folder.to_owned(),
    }))
}
