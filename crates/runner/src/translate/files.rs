//! Which files to read and where their translations go.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use diptych_data::list_images;

use crate::error::RunnerError;

/// One image to translate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub input: PathBuf,
    pub output: PathBuf,
    /// The output is one of the inputs: it must not be written.
    pub clash: bool,
}

/// The jobs in the order of their inputs' paths.
pub(super) fn jobs(input: &Path, output: &Path) -> Result<Vec<Job>, RunnerError> {
    let inputs = inputs(input, output)?;
    let known: HashSet<PathBuf> = inputs.iter().map(|(path, _)| canonical(path)).collect();
    let mut taken = HashSet::new();
    Ok(inputs
        .into_iter()
        .map(|(input, relative)| {
            let mut target = output.join(relative.with_extension("png"));
            if !taken.insert(target.clone()) {
                let mut name = OsString::from(relative.as_os_str());
                name.push(".png");
                target = output.join(name);
                taken.insert(target.clone());
            }
            Job {
                clash: known.contains(&canonical(&target)),
                input,
                output: target,
            }
        })
        .collect())
}

/// The images with their paths below the input folder.
fn inputs(input: &Path, output: &Path) -> Result<Vec<(PathBuf, PathBuf)>, RunnerError> {
    let meta = fs::metadata(input).map_err(|source| RunnerError::Read {
        path: input.to_owned(),
        source,
    })?;
    if meta.is_file() {
        let name = input.file_name().map_or_else(|| input.to_owned(), PathBuf::from);
        return Ok(vec![(input.to_owned(), name)]);
    }
    let mut found = list_images(input)?;
    // Outputs of an earlier translation are no inputs of this one.
    let own = canonical(output);
    if own != canonical(input) {
        found.retain(|path| !canonical(path).starts_with(&own));
    }
    if found.is_empty() {
        return Err(RunnerError::NoImages {
            root: input.display().to_string(),
        });
    }
    let below = |path: PathBuf| {
        let relative = path.strip_prefix(input).unwrap_or(&path).to_owned();
        (path, relative)
    };
    Ok(found.into_iter().map(below).collect())
}

/// The path without links and dots, as far as it exists.
fn canonical(path: &Path) -> PathBuf {
    if let Ok(whole) = fs::canonicalize(path) {
        return whole;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !parent.as_os_str().is_empty() => canonical(parent).join(name),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}
