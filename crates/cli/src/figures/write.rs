//! Files, whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::failure::Failure;

/// A file that gets its name when it is whole.
pub struct Partial;

impl Partial {
    /// Lets `fill` write a file under another name, and renames it; where that fails nothing is left behind.
    pub fn write(path: &Path, fill: impl FnOnce(File) -> Result<(), Failure>) -> Result<(), Failure> {
        let refuse = |problem: String| Failure::usage(format!("cannot write {}: {problem}", path.display()));
        let Some(name) = path.file_name() else {
            return Err(refuse("this names no file".into()));
        };
        if path.is_dir() {
            return Err(refuse("this is a folder".into()));
        }
        let mut part = name.to_owned();
        part.push(".part");
        let part = path.with_file_name(part);
        let file = File::create(&part).map_err(|e| refuse(e.to_string()))?;
        let filled = fill(file).and_then(|()| fs::rename(&part, path).map_err(|e| refuse(e.to_string())));
        if filled.is_err() {
            // Where the rest cannot be removed either, the first error matters more.
            let _ = fs::remove_file(&part);
        }
        filled
    }
}

/// Writes a whole file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Partial::write(path, |mut file| {
        let written = file.write_all(bytes).and_then(|()| file.flush());
        written.map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))
    })
}
