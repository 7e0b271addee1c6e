//! One file: where it belongs and what is in it.

use std::path::{Path, PathBuf};

use super::report::ProblemKind;
use crate::decode::decode;
use crate::error::DataError;
use crate::listing::relative_stem;
use crate::raster::BitDepth;

/// A file of a data set.
pub(super) struct Seen {
    /// The path relative to the root, lossy where it is not UTF-8.
    pub name: String,
    /// `train`, `val`, `test`, another top folder, or `.` for the root itself.
    pub split: String,
    /// `A` or `B` where it lies in a folder of that side.
    pub side: Option<char>,
    /// The path below the folder of its side, without the extension.
    pub stem: PathBuf,
    pub bytes: u64,
    pub hash: Option<[u8; 32]>,
    pub outcome: Result<Good, (ProblemKind, String)>,
}

/// What an intact image is.
pub(super) struct Good {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub depth: BitDepth,
}

pub(super) fn inspect(path: &Path, root: &Path) -> Seen {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let (split, side, base) = place(relative);
    let mut seen = Seen {
        name: relative.display().to_string(),
        split,
        side,
        stem: relative_stem(relative, &base),
        bytes: 0,
        hash: None,
        outcome: Err((ProblemKind::Unreadable, String::new())),
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) => {
            seen.outcome = Err((ProblemKind::Unreadable, e.to_string()));
            return seen;
        }
    };
    seen.bytes = bytes.len() as u64;
    seen.hash = Some(*blake3::hash(&bytes).as_bytes());
    seen.outcome = decode(&bytes, path)
        .map(|r| Good {
            width: r.width,
            height: r.height,
            channels: r.channels,
            depth: r.depth(),
        })
        .map_err(describe);
    seen
}

/// The kind of a decoding failure and its text without the path.
fn describe(error: DataError) -> (ProblemKind, String) {
    match error {
        DataError::NotAnImage { .. } => (ProblemKind::NotAnImage, "no known image signature".to_owned()),
        DataError::Truncated { bytes, .. } => (ProblemKind::Truncated, format!("ends after {bytes} bytes")),
        DataError::TooLarge { width, height, .. } => (ProblemKind::TooLarge, format!("{width} x {height}")),
        DataError::Decode { message, .. } => (ProblemKind::Corrupt, message),
        other => (ProblemKind::Corrupt, other.to_string()),
    }
}

/// The split, the side, and the folder that names are relative to.
fn place(relative: &Path) -> (String, Option<char>, PathBuf) {
    let folders: Vec<String> = relative
        .parent()
        .map(|p| p.iter().map(|c| c.to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    let side_of = |name: &str| match name {
        "A" => Some('A'),
        "B" => Some('B'),
        _ => None,
    };
    let Some(first) = folders.first() else {
        return (".".to_owned(), None, PathBuf::new());
    };
    for phase in ["train", "val", "test"] {
        if let Some(side) = first.strip_prefix(phase).and_then(side_of) {
            return (phase.to_owned(), Some(side), relative.iter().take(1).collect());
        }
    }
    match folders.get(1).and_then(|second| side_of(second)) {
        Some(side) => (first.clone(), Some(side), relative.iter().take(2).collect()),
        None => (first.clone(), None, relative.iter().take(1).collect()),
    }
}
