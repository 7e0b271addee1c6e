//! Parity with PyTorch: every file of `$DIPTYCH_GOLDEN` (default `tests/golden`) is run through the operation, network or
//! training trace that its metadata names. `tests/oracle/golden.py` writes such files.

#![allow(clippy::unwrap_used)] // helpers of tests

mod archive;
mod keys;
mod nets;
mod ops;
mod penalty;
mod replay;
mod traces;

use std::io::Write;
use std::path::{Path, PathBuf};

use archive::Archive;

/// Relative error (norm of the difference over norm) allowed for operations and networks.
const OP_TOLERANCE: f64 = 1e-4;

/// The same where convolutions round their operands to TF32, ten bits (measured on an H100: 3e-4, 1.5e-3 and 0.25). Files of
/// networks hold gradients through random weights, in which much cancels.
const TF32: Tolerances = Tolerances {
    op: 1e-3,
    penalty: 5e-3,
    net: 0.5,
};

/// Relative errors allowed.
#[derive(Clone, Copy)]
struct Tolerances {
    op: f64,
    penalty: f64,
    net: f64,
}

fn tolerances() -> Tolerances {
    match std::env::var("DIPTYCH_TEST_PRECISION").as_deref() {
        Ok("tf32") => TF32,
        _ => Tolerances {
            op: OP_TOLERANCE,
            penalty: OP_TOLERANCE,
            net: OP_TOLERANCE,
        },
    }
}

/// Relative error allowed for the losses of a training trace.
const LOSS_TOLERANCE: f64 = 1e-3;

fn folder() -> PathBuf {
    std::env::var_os("DIPTYCH_GOLDEN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden"),
        PathBuf::from,
    )
}

/// The largest relative error, and its bound.
fn run(archive: &Archive) -> Result<(f64, f64), String> {
    let name = archive.name.as_str();
    let starts = |prefix: &str| name.starts_with(prefix);
    let allowed = tolerances();
    match name {
        _ if starts("net_") => nets::run(archive).map(|e| (e, allowed.net)),
        _ if starts("pix2pix_") => traces::pix2pix(archive).map(|a| (a.error, a.bound)),
        _ if starts("cyclegan_") => traces::cyclegan(archive).map(|a| (a.error, a.bound)),
        _ if starts("gradient_penalty") => penalty::run(archive).map(|e| (e, allowed.penalty)),
        _ => ops::run(archive).map(|e| (e, allowed.op)),
    }
}

/// Prints past the test harness's capture: a line per file is part of what these tests are for.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn golden_files_agree_with_pytorch() {
    let folder = folder();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no .safetensors files in {}", folder.display());
    let mut failures = Vec::new();
    for path in files {
        let verdict = Archive::open(&path).and_then(|archive| run(&archive));
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match verdict {
            Ok((error, bound)) if error <= bound => {
                say(&format!(
                    "golden {name:<32} error {error:.2e} (at most {bound:.0e})"
                ));
            }
            Ok((error, bound)) => {
                say(&format!(
                    "golden {name:<32} error {error:.2e} EXCEEDS {bound:.0e}"
                ));
                failures.push(format!("{name}: error {error:.2e} exceeds {bound:.0e}"));
            }
            Err(problem) => {
                say(&format!("golden {name:<32} {problem}"));
                failures.push(format!("{name}: {problem}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn golden_tensor_names_are_those_of_the_public_checkpoints() {
    keys::check_all();
}

#[test]
fn golden_files_of_an_unknown_kind_are_refused() {
    let archive = Archive::unknown("mystery_op");
    assert!(run(&archive).is_err_and(|e| e.contains("not understood")));
}
