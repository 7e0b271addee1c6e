//! Which files of a folder are images, in the order of their paths as strings.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::DataError;

/// The extensions that count as images, in any case.
pub const EXTENSIONS: [&str; 10] = [
    "jpg", "jpeg", "png", "ppm", "pgm", "pnm", "bmp", "tif", "tiff", "webp",
];

/// Every image under `folder`, however deep, sorted by path as bytes (`10.jpg` before `2.jpg`). Hidden files and
/// folders are passed over; links are followed.
///
/// # Errors
/// A folder that cannot be read.
pub fn list_images(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    let walk = WalkDir::new(folder)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_image_name(entry.path()) => {
                paths.push(entry.into_path())
            }
            Ok(_) => {}
            Err(e) => match e.path() {
                // A link to nowhere: whoever opens it gets an error with its path.
                Some(path) if path.is_symlink() && !path.exists() => {
                    if is_image_name(path) {
                        paths.push(path.to_owned());
                    }
                }
                path => {
                    let path = path.unwrap_or(folder).to_owned();
                    return Err(DataError::Io {
                        path,
                        source: e.into(),
                    });
                }
            },
        }
    }
    paths.sort_unstable_by(|a, b| {
        a.as_os_str()
            .as_encoded_bytes()
            .cmp(b.as_os_str().as_encoded_bytes())
    });
    Ok(paths)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

pub(crate) fn is_image_name(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|e| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// `path` relative to `base`, without its extension.
pub(crate) fn relative_stem(path: &Path, base: &Path) -> PathBuf {
    path.strip_prefix(base).unwrap_or(path).with_extension("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_strings_and_other_files_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        for name in ["2.JPG", "10.jpg", "sub/1.Png", "notes.txt", ".hidden.jpg"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let listed = list_images(dir.path()).unwrap();
        let names: Vec<_> = listed
            .iter()
            .map(|p| p.strip_prefix(dir.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["10.jpg", "2.JPG", "sub/1.Png"]);
    }
}
