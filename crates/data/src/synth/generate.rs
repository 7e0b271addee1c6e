//! Writing a set into a folder.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::{SynthKind, is_own, render};
use crate::error::DataError;
use crate::raster::{Raster, Samples};
use crate::save::{png_rgb8, write_atomic, write_quick};

/// The file that marks a folder as made here; it names the kind, the sizes and the seed.
pub const MARKER: &str = "diptych-synth.json";

/// How much to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SynthOptions {
    /// Pairs in `train/`.
    pub count_train: usize,
    /// Pairs in `val/`; the same ones whatever `count_train` is.
    pub count_val: usize,
    /// The side of each image; files are twice as wide.
    pub size: u32,
    /// Names the set: equal seeds, equal bytes.
    pub seed: u64,
}

impl Default for SynthOptions {
    fn default() -> Self {
        Self {
            count_train: 400,
            count_val: 100,
            size: 256,
            seed: 1,
        }
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SynthReport {
    /// The folder.
    pub root: PathBuf,
    /// What it shows.
    pub kind: SynthKind,
    /// Pairs in `train/`.
    pub train: usize,
    /// Pairs in `val/`.
    pub val: usize,
    /// Bytes of all images.
    pub bytes: u64,
}

#[derive(Serialize)]
struct Marker<'a> {
    kind: SynthKind,
    #[serde(flatten)]
    options: &'a SynthOptions,
}

/// Validation pairs are numbered from here, so that the two splits never share one.
const FIRST_VAL: u64 = 1 << 40;

/// Writes `train/00000.png`… and `val/00000.png`…, A|B side by side, into `out`. A folder that was made here before is
/// made anew; any other that is not empty is left alone.
///
/// # Errors
/// A folder that is not empty and not its own, sizes outside [`super::SIZES`], and files that cannot be written.
pub fn generate(kind: SynthKind, options: &SynthOptions, out: &Path) -> Result<SynthReport, DataError> {
    render(kind, options.size, options.seed, 0)?;
    claim(kind, options, out)?;
    let splits = [
        ("train", options.count_train, 0),
        ("val", options.count_val, FIRST_VAL),
    ];
    let mut bytes = 0;
    for (name, count, first) in splits {
        let folder = out.join(name);
        if count == 0 {
            continue;
        }
        fs::create_dir_all(&folder).map_err(DataError::io(&folder))?;
        bytes += (0..count)
            .into_par_iter()
            .map(|i| {
                let (a, b) = render(kind, options.size, options.seed, first + i as u64)?;
                let png = png_rgb8(&side_by_side(&a, &b), a.width + b.width, a.height)?;
                write_quick(&folder.join(format!("{i:05}.png")), &png)?;
                Ok(png.len() as u64)
            })
            .try_reduce(|| 0, |x, y| Ok(x + y))?;
    }
    Ok(SynthReport {
        root: out.to_owned(),
        kind,
        train: options.count_train,
        val: options.count_val,
        bytes,
    })
}

/// Marks the folder and clears away what an earlier call made in it.
fn claim(kind: SynthKind, options: &SynthOptions, out: &Path) -> Result<(), DataError> {
    fs::create_dir_all(out).map_err(DataError::io(out))?;
    if !is_own(out) && fs::read_dir(out).map_err(DataError::io(out))?.next().is_some() {
        return Err(DataError::NotEmpty { path: out.to_owned() });
    }
    for split in ["train", "val"] {
        let folder = out.join(split);
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(DataError::io(&folder))? {
            let path = entry.map_err(DataError::io(&folder))?.path();
            if is_numbered_png(&path) {
                fs::remove_file(&path).map_err(DataError::io(&path))?;
            }
        }
    }
    let marker =
        serde_json::to_vec_pretty(&Marker { kind, options }).map_err(|e| DataError::Encode(e.to_string()))?;
    write_atomic(&out.join(MARKER), &marker)
}

fn is_numbered_png(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
    path.extension().is_some_and(|e| e == "png")
        && stem.len() >= 5
        && stem.bytes().all(|b| b.is_ascii_digit())
}

fn side_by_side(a: &Raster, b: &Raster) -> Vec<u8> {
    let (Samples::U8(left), Samples::U8(right)) = (&a.samples, &b.samples) else {
        return Vec::new();
    };
    let rows = left
        .chunks_exact(a.width * 3)
        .zip(right.chunks_exact(b.width * 3));
    rows.flat_map(|(l, r)| l.iter().chain(r)).copied().collect()
}
