//! Which checkpoint of a run: `--which last|best|STEP`.

use std::path::Path;

use diptych_runner::{Checkpoint, CheckpointFolder};

use crate::failure::{Failure, ResultExt};
use crate::output;

/// The checkpoint that `which` names, among those in `run_dir`. `run` is only named in messages.
pub fn find(run: &str, run_dir: &Path, which: &str) -> Result<Checkpoint, Failure> {
    let folder = CheckpointFolder::new(run_dir);
    let none = || Failure::usage(format!("run {run} has no checkpoint yet"));
    match which {
        "last" => {
            let newest = folder.newest()?.ok_or_else(none)?;
            for problem in &newest.skipped {
                output::note(format!(
                    "warning: {problem}; using step {}",
                    newest.checkpoint.meta().step
                ));
            }
            Ok(newest.checkpoint)
        }
        "best" => {
            if folder.list()?.is_empty() {
                return Err(none());
            }
            Ok(folder.best()?)
        }
        step => {
            let wanted: u64 = step.parse().map_err(|_| {
                Failure::usage(format!(
                    "--which {step}: expected last, best or the step of a checkpoint"
                ))
            })?;
            let mut steps = Vec::new();
            for checkpoint in folder.list()?.into_iter().flatten() {
                if checkpoint.meta().step == wanted {
                    return Ok(checkpoint);
                }
                steps.push(checkpoint.meta().step.to_string());
            }
            steps.dedup();
            steps.reverse();
            Err(Failure::usage(match steps.len() {
                0 => format!("run {run} has no checkpoint yet"),
                _ => format!(
                    "run {run} has no checkpoint of step {wanted}; it has {}",
                    steps.join(", ")
                ),
            }))
        }
    }
}

/// A checkpoint file.
pub fn open(path: &Path) -> Result<Checkpoint, Failure> {
    let checkpoint = Checkpoint::open(path).usage()?;
    checkpoint.verify().usage()?;
    Ok(checkpoint)
}
