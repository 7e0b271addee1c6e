//! A split of a data set: what there is, and how one example is made.

mod sides;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use diptych_domain::spec::{DataSpec, Direction};
use diptych_domain::{ImagePair, Images, Size};
use rayon::prelude::*;

use crate::convert::to_channels;
use crate::decode::decode_file;
use crate::error::DataError;
use crate::layout::{Files, Split, find};
use crate::listing::relative_stem;
use crate::raster::{Raster, Region};
use crate::stream::{below, stream};
use crate::transform::Transform;

pub use sides::Side;

/// The largest side of `load_size` and `crop_size`, in pixels.
const MAX_SIDE: u32 = 8192;

/// The images of one split, listed and paired, none decoded yet. Cheap to share between threads.
#[derive(Clone, Debug)]
pub struct Dataset {
    files: Files,
    names: Vec<String>,
    root: PathBuf,
    direction: Direction,
    channels: [usize; 2],
    load: Size,
    crop: Size,
    flip: bool,
}

/// Where an example stands in training: what its random draws depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub seed: u64,
    pub epoch: u64,
    pub position: u64,
    /// Whether the partner of unaligned images is drawn at random.
    pub shuffle: bool,
}

impl Dataset {
    /// Lists and pairs the files of `split`, sorted by path as strings; reads no pixels. `max_images` cuts the training
    /// split.
    ///
    /// # Errors
    /// Missing or empty folders, unpaired files, and sizes or channel counts that cannot be worked with.
    pub fn open(spec: &DataSpec, split: Split) -> Result<Self, DataError> {
        check_settings(spec)?;
        let root = PathBuf::from(&spec.root);
        let mut files = find(&root, spec.layout, split)?;
        if split == Split::Train && spec.max_images > 0 {
            truncate(&mut files, spec.max_images as usize);
        }
        Ok(Self {
            names: names(&files),
            files,
            root,
            direction: spec.direction,
            channels: [spec.channels_a as usize, spec.channels_b as usize],
            load: spec.load_size,
            crop: spec.crop_size,
            flip: spec.flip,
        })
    }

    /// Examples in an epoch: pairs; for unaligned data, images of the larger side.
    pub fn len(&self) -> usize {
        match &self.files {
            Files::SideBySide { files, .. } | Files::Single { files, .. } => files.len(),
            Files::Parallel { a, .. } => a.len(),
            Files::Unaligned { a, b, .. } => a.len().max(b.len()),
        }
    }

    /// Never true of an opened set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The path of example `i` relative to its folder, without the extension (with it where two files differ in
    /// nothing else); lossy where it is not UTF-8. Empty past the end.
    pub fn name(&self, i: usize) -> &str {
        self.names.get(i).map_or("", String::as_str)
    }

    /// Example `i` for evaluation: resized to the crop's size, no crop, no flip; input and target as the direction
    /// says. The partner of unaligned images is the one of the same rank, modulo the shorter side. The single layout
    /// has no target: `b` is empty.
    ///
    /// # Errors
    /// Files that cannot be decoded; an index past the end.
    pub fn load_eval(&self, i: usize) -> Result<ImagePair, DataError> {
        let plain = Transform::plain(self.crop);
        self.load(i, |_| i, [plain, plain])
    }

    /// BLAKE3 over relative paths and contents of every file, in hex: the same wherever the data set lies.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn fingerprint(&self) -> Result<String, DataError> {
        let paths: Vec<&PathBuf> = match &self.files {
            Files::SideBySide { files, .. } | Files::Single { files, .. } => files.iter().collect(),
            Files::Parallel { a, b, .. } | Files::Unaligned { a, b, .. } => a.iter().chain(b).collect(),
        };
        let hashes: Vec<(u64, blake3::Hash)> = paths
            .par_iter()
            .map(|path| {
                let bytes = std::fs::read(path).map_err(DataError::io(path))?;
                Ok((bytes.len() as u64, blake3::hash(&bytes)))
            })
            .collect::<Result<_, DataError>>()?;
        let mut all = blake3::Hasher::new();
        for (path, (len, hash)) in paths.iter().zip(hashes) {
            let relative = path
                .strip_prefix(&self.root)
                .unwrap_or(path)
                .as_os_str()
                .as_encoded_bytes();
            all.update(&(relative.len() as u64).to_le_bytes())
                .update(relative);
            all.update(&len.to_le_bytes()).update(hash.as_bytes());
        }
        Ok(all.finalize().to_hex().to_string())
    }

    /// Example `i` for training, augmented by the draws of `at`.
    pub(crate) fn load_train(&self, i: usize, at: Draw) -> Result<ImagePair, DataError> {
        let mut rng = stream(at.seed, b"augment ", at.epoch, at.position);
        let first = Transform::draw(&mut rng, self.load, self.crop, self.flip);
        match &self.files {
            Files::Unaligned { .. } => {
                let second = Transform::draw(&mut rng, self.load, self.crop, self.flip);
                let partner = |len| if at.shuffle { below(&mut rng, len) } else { i };
                self.load(i, partner, [first, second])
            }
            _ => self.load(i, |_| i, [first, first]),
        }
    }

    /// `partner` gives the index into B from B's length (unaligned only). `transforms` are those of A and B.
    fn load(
        &self,
        i: usize,
        partner: impl FnOnce(usize) -> usize,
        transforms: [Transform; 2],
    ) -> Result<ImagePair, DataError> {
        if i >= self.len() {
            return Err(DataError::NoSuchImage {
                index: i,
                len: self.len(),
            });
        }
        let [of_a, of_b] = transforms;
        let (a, b) = match &self.files {
            Files::SideBySide { files, .. } => self.halves(&files[i], transforms)?,
            Files::Parallel { a, b, .. } => (self.whole(&a[i], 0, of_a)?, self.whole(&b[i], 1, of_b)?),
            Files::Unaligned { a, b, .. } => {
                let j = partner(b.len()) % b.len();
                (self.whole(&a[i % a.len()], 0, of_a)?, self.whole(&b[j], 1, of_b)?)
            }
            // One domain: it is the input whatever the direction.
            Files::Single { files, .. } => {
                let a = self.whole(&files[i], usize::from(self.direction == Direction::BToA), of_a)?;
                return Ok(ImagePair {
                    a,
                    b: Images::default(),
                    names: vec![self.names[i].clone()],
                });
            }
        };
        let (a, b) = match self.direction {
            Direction::AToB => (a, b),
            Direction::BToA => (b, a),
        };
        Ok(ImagePair {
            a,
            b,
            names: vec![self.names[i].clone()],
        })
    }

    fn whole(&self, path: &Path, side: usize, transform: Transform) -> Result<Images, DataError> {
        let raster = to_channels(decode_file(path)?, self.channels[side]);
        Ok(transform.apply(&raster, raster.whole()))
    }

    fn halves(&self, path: &Path, [of_a, of_b]: [Transform; 2]) -> Result<(Images, Images), DataError> {
        let raster = decode_file(path)?;
        let (width, height, half) = (raster.width, raster.height, raster.width / 2);
        if half == 0 {
            return Err(DataError::TooNarrow {
                path: path.to_owned(),
                width,
                height,
            });
        }
        // An odd column goes to the right, as in the reference.
        let left = Region {
            x: 0,
            y: 0,
            width: half,
            height,
        };
        let right = Region {
            x: half,
            y: 0,
            width: width - half,
            height,
        };
        let [ca, cb] = self.channels;
        if ca == cb {
            let raster = to_channels(raster, ca);
            return Ok((of_a.apply(&raster, left), of_b.apply(&raster, right)));
        }
        let side = |raster: Raster, channels, region, transform: Transform| {
            transform.apply(&to_channels(raster, channels), region)
        };
        Ok((
            side(raster.clone(), ca, left, of_a),
            side(raster, cb, right, of_b),
        ))
    }
}

fn check_settings(spec: &DataSpec) -> Result<(), DataError> {
    let setting = |key, value: Size, expected: String| {
        Err(DataError::Setting {
            key,
            value: value.to_string(),
            expected,
        })
    };
    for (key, channels) in [
        ("data.channels_a", spec.channels_a),
        ("data.channels_b", spec.channels_b),
    ] {
        if !(1..=4).contains(&channels) {
            return setting(key, channels.into(), "1 to 4".to_owned());
        }
    }
    let (load, crop) = (spec.load_size, spec.crop_size);
    let each = if crop.is_square() && load.is_square() {
        ""
    } else {
        " a side"
    };
    if crop.shorter() == 0 || crop.longer() > MAX_SIDE {
        return setting("data.crop_size", crop, format!("1 to {MAX_SIDE}{each}"));
    }
    if !load.holds(crop) || load.longer() > MAX_SIDE {
        let expected = format!("{crop} (data.crop_size) to {MAX_SIDE}{each}");
        return setting("data.load_size", load, expected);
    }
    Ok(())
}

fn truncate(files: &mut Files, max: usize) {
    match files {
        Files::SideBySide { files, .. } | Files::Single { files, .. } => files.truncate(max),
        Files::Parallel { a, b, .. } | Files::Unaligned { a, b, .. } => {
            a.truncate(max);
            b.truncate(max);
        }
    }
}

/// Names of the examples; those of the longer side where the two differ in length.
fn names(files: &Files) -> Vec<String> {
    let (base, paths) = match files {
        Files::SideBySide { base, files } | Files::Single { base, files } => (base.as_path(), files),
        Files::Parallel { base, a, .. } => (base.as_path(), a),
        Files::Unaligned { base_a, a, b, .. } if a.len() >= b.len() => (base_a.as_path(), a),
        Files::Unaligned { base_b, b, .. } => (base_b.as_path(), b),
    };
    let stems: Vec<PathBuf> = paths.iter().map(|p| relative_stem(p, base)).collect();
    let mut counts: HashMap<&PathBuf, usize> = HashMap::new();
    stems
        .iter()
        .for_each(|stem| *counts.entry(stem).or_default() += 1);
    let shown = |(path, stem): (&PathBuf, &PathBuf)| {
        let full = path.strip_prefix(base).unwrap_or(path);
        let chosen = if counts[stem] > 1 { full } else { stem };
        chosen.display().to_string()
    };
    paths.iter().zip(&stems).map(shown).collect()
}

#[cfg(test)]
mod tests;
