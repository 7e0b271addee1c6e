//! Files, whole or not at all.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Writes a file under another name and renames it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let refuse = |e: std::io::Error| Failure::usage(format!("cannot write {}: {e}", path.display()));
    let Some(name) = path.file_name() else {
        return Err(Failure::usage(format!(
            "cannot write {}: this names no file",
            path.display()
        )));
    };
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "cannot write {}: this is a folder",
            path.display()
        )));
    }
    let mut part = name.to_owned();
    part.push(".part");
    let part = path.with_file_name(part);
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|e| {
            // Where the rest cannot be removed either, the first error matters more.
            let _ = fs::remove_file(&part);
            refuse(e)
        })
}
