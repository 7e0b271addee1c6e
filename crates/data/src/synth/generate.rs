//! Writing a set into a folder.

use std::fs;
use std::path::{Path, PathBuf};

use diptych_domain::spec::Layout;
use rayon::prelude::*;
use serde::Serialize;

use super::{SynthKind, is_own, render, shapes};
use crate::error::DataError;
use crate::raster::{Raster, Samples};
use crate::save::{png_rgb8, write_atomic, write_quick};
use crate::stream::stream;

/// The file that marks a folder as made here; it names the kind, the sizes and the seed.
pub const MARKER: &str = "diptych-synth.json";

/// How much to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SynthOptions {
    /// Pairs in `train/`, or images in each of its two folders.
    pub count_train: usize,
    /// As many held out; the same ones whatever `count_train` is.
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

/// The folder of images that no training image is like.
const UNSEEN: &str = "unseenA";

/// Every folder that is written into.
const FOLDERS: [&str; 7] = ["train", "val", "trainA", "trainB", "valA", "valB", UNSEEN];

/// Validation pairs are numbered from here, so that the two splits never share one.
const FIRST_VAL: u64 = 1 << 40;

/// Writes `train/00000.png`… and `val/00000.png`…, A|B side by side, into `out`; unpaired kinds as `trainA/`, `trainB/`, `valA/` and
/// `valB/`, with `unseenA/`, as many as in `valA/`, beside them. A folder that was made here before is made anew; any other that is
/// not empty is left alone.
///
/// # Errors
/// A folder that is not empty and not its own, sizes outside [`super::SIZES`], and files that cannot be written.
pub fn generate(kind: SynthKind, options: &SynthOptions, out: &Path) -> Result<SynthReport, DataError> {
    render(kind, options.size, options.seed, 0)?;
    claim(kind, options, out)?;
    let (size, seed) = (options.size, options.seed);
    let splits = [
        ("train", options.count_train, 0),
        ("val", options.count_val, FIRST_VAL),
    ];
    let mut bytes = 0;
    for (name, count, first) in splits {
        let pair = |i: usize| render(kind, size, seed, first + i as u64);
        if kind.layout() == Layout::Unaligned {
            bytes += write_all(&out.join(format!("{name}A")), count, |i| encode(&pair(i)?.0))?;
            bytes += write_all(&out.join(format!("{name}B")), count, |i| encode(&pair(i)?.1))?;
        } else {
            bytes += write_all(&out.join(name), count, |i| {
                let (a, b) = pair(i)?;
                png_rgb8(&side_by_side(&a, &b), a.width + b.width, a.height)
            })?;
        }
    }
    if kind == SynthKind::Shapes {
        bytes += write_all(&out.join(UNSEEN), options.count_val, |i| {
            let rng = stream(seed, b"unseen  ", 0, i as u64);
            encode(&shapes::draw_unseen(size as usize, rng))
        })?;
    }
    Ok(SynthReport {
        root: out.to_owned(),
        kind,
        train: options.count_train,
        val: options.count_val,
        bytes,
    })
}

/// Writes `count` files `00000.png`… into a folder; their bytes.
fn write_all(
    folder: &Path,
    count: usize,
    make: impl Fn(usize) -> Result<Vec<u8>, DataError> + Sync,
) -> Result<u64, DataError> {
    if count == 0 {
        return Ok(0);
    }
    fs::create_dir_all(folder).map_err(DataError::io(folder))?;
    (0..count)
        .into_par_iter()
        .map(|i| {
            let png = make(i)?;
            write_quick(&folder.join(format!("{i:05}.png")), &png)?;
            Ok(png.len() as u64)
        })
        .try_reduce(|| 0, |x, y| Ok(x + y))
}

fn encode(raster: &Raster) -> Result<Vec<u8>, DataError> {
    match &raster.samples {
        Samples::U8(samples) => png_rgb8(samples, raster.width, raster.height),
        Samples::U16(_) => Err(DataError::Encode("16-bit samples".to_owned())),
    }
}

/// Marks the folder and clears away what an earlier call made in it.
fn claim(kind: SynthKind, options: &SynthOptions, out: &Path) -> Result<(), DataError> {
    fs::create_dir_all(out).map_err(DataError::io(out))?;
    if !is_own(out) && fs::read_dir(out).map_err(DataError::io(out))?.next().is_some() {
        return Err(DataError::NotEmpty { path: out.to_owned() });
    }
    for split in FOLDERS {
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
