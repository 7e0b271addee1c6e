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

/// The checkpoint of exactly the step `at`, or the `latest` or the `best`; where there is none, those that there are, nearest first.
pub fn exactly(run: &str, run_dir: &Path, at: &str) -> Result<Checkpoint, Failure> {
    let wanted: u64 = match at {
        "latest" | "last" => return find(run, run_dir, "last"),
        "best" => return find(run, run_dir, "best"),
        step => step.parse().map_err(|_| {
            Failure::usage(format!(
                "--at {step}: expected the step of a checkpoint, latest or best"
            ))
        })?,
    };
    let found: Vec<Checkpoint> = CheckpointFolder::new(run_dir)
        .list()?
        .into_iter()
        .flatten()
        .collect();
    let mut steps: Vec<u64> = found.iter().map(|c| c.meta().step).collect();
    steps.sort_by_key(|s| (s.abs_diff(wanted), *s));
    steps.dedup();
    let exact = found.into_iter().find(|c| c.meta().step == wanted);
    let checkpoint = exact.ok_or_else(|| {
        let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
        Failure::usage(match steps.as_slice() {
            [] => format!("run {run} has no checkpoint yet"),
            _ => format!(
                "--at {wanted}: run {run} has no checkpoint of that step; it has, nearest first, {}",
                steps.join(", ")
            ),
        })
    })?;
    checkpoint.verify().usage()?;
    Ok(checkpoint)
}

/// A checkpoint file.
pub fn open(path: &Path) -> Result<Checkpoint, Failure> {
    let checkpoint = Checkpoint::open(path).usage()?;
    checkpoint.verify().usage()?;
    Ok(checkpoint)
}
