//! What can go wrong between a folder and a batch.

use std::path::{Path, PathBuf};

/// An error with the path it happened at. Paths that are not UTF-8 are shown lossily.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The data root is not there.
    #[error("{}: no such folder", path.display())]
    MissingRoot {
        /// The root as given.
        path: PathBuf,
    },
    /// The root has no folder for a split.
    #[error("{}: found none of {} (layout {layout})", root.display(), looked_for.join(", "))]
    MissingSplit {
        /// The data root.
        root: PathBuf,
        /// The layout that was asked for.
        layout: &'static str,
        /// The folders that would have done, relative to the root.
        looked_for: Vec<String>,
    },
    /// A folder without images.
    #[error("{}: no images in this folder (looked for {})", path.display(), crate::listing::EXTENSIONS.join(", "))]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Side-by-side pairs and parallel folders in one split.
    #[error("{} and {}: both hold pairs of this split; keep one of the two", first.display(), second.display())]
    TwoForms {
        /// One form.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Parallel folders that do not match.
    #[error("{}: {count} images have no partner in {} (first: {})", folder.display(), other.display(), first.join(", "))]
    Unpaired {
        /// The folder that has them.
        folder: PathBuf,
        /// The folder that lacks them; it may itself be missing.
        other: PathBuf,
        /// How many.
        count: usize,
        /// The first few, relative to `folder`.
        first: Vec<String>,
    },
    /// Two files of one parallel folder that have the same stem.
    #[error("{} and {}: same name but for the extension, so pairs are not determined", first.display(), second.display())]
    SameStem {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A file or folder that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file without the signature of any known image format, whatever its name says.
    #[error("{}: not an image: the contents have no known image signature", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
    },
    /// A file that ends too early.
    #[error("{}: the file is truncated ({bytes} bytes)", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// A damaged image, or one of a kind that is not supported.
    #[error("{}: {message}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        message: String,
    },
    /// An image whose header claims more pixels than are accepted; nothing was allocated for it.
    #[error("{}: {width} x {height} pixels; at most {} a side and {} in all are accepted", path.display(), crate::decode::MAX_SIDE, crate::decode::MAX_PIXELS)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The width in its header.
        width: u32,
        /// The height in its header.
        height: u32,
    },
    /// A side-by-side pair that cannot be split.
    #[error("{}: {width} x {height} pixels cannot hold two images side by side; the width must be 2 or more", path.display())]
    TooNarrow {
        /// The file.
        path: PathBuf,
        /// Its width.
        width: usize,
        /// Its height.
        height: usize,
    },
    /// A folder to write into that holds something else.
    #[error("{}: not empty and not made here before; choose another folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A setting of `[data]` that cannot be worked with.
    #[error("{key} = {value}: expected {expected}")]
    Setting {
        /// The dotted key, such as `data.crop_size`.
        key: &'static str,
        /// The value.
        value: String,
        /// What is valid.
        expected: String,
    },
    /// A palette that cannot be read.
    #[error("{}{}: {problem}", path.display(), if *line == 0 { String::new() } else { format!(":{line}") })]
    Palette {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 for the whole.
        line: usize,
        /// What is wrong and what would be valid.
        problem: String,
    },
    /// Images that cannot be written or shown as asked.
    #[error("{0}")]
    Shape(String),
    /// An index past the end.
    #[error("image {index} of {len}: no such image")]
    NoSuchImage {
        /// The index, from 0.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// Encoding an image failed.
    #[error("encoding PNG: {0}")]
    Encode(String),
    /// The worker threads could not be started or died.
    #[error("decoding threads: {0}")]
    Workers(String),
}

impl DataError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
