//! Image sets made by procedure: seeded, learnable, with nothing downloaded.
//!
//! Every kind draws both sides of a pair from one description, and gives the richer side no more freedom than the plainer
//! side shows (but for a little noise), so that a network can learn the mapping.

mod canvas;
mod edges;
mod facades;
mod generate;
mod maps;
mod noise;
mod shapes;

use std::path::Path;
use std::str::FromStr;

use diptych_domain::ImagePair;
use diptych_domain::spec::Layout;
use serde::Serialize;

pub use generate::{MARKER, SynthOptions, SynthReport, generate};

use crate::error::DataError;
use crate::raster::Raster;
use crate::stream::stream;
use crate::transform::to_images;

/// The sides that can be made, in pixels.
pub const SIZES: std::ops::RangeInclusive<u32> = 16..=2048;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SynthKind {
    /// A: textured drawings of house fronts; B: their parts as flat colours, those of the CMP Facades labels. As in that
    /// set the labels are on the right, so the usual task is `direction = "b-to-a"`.
    Facades,
    /// A: outlines; B: shaded, coloured solids. The shape decides the colour. The usual task is `a-to-b`.
    Edges,
    /// A: terrain from above with streets, houses, trees and water; B: its map. Both directions are of interest.
    Maps,
    /// A: orange discs; B: blue squares; nothing is paired, and discs on dark ground are set aside as `unseenA/`.
    Shapes,
}

impl SynthKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Facades, Self::Edges, Self::Maps, Self::Shapes];

    /// The name in commands and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Facades => "facades",
            Self::Edges => "edges",
            Self::Maps => "maps",
            Self::Shapes => "shapes",
        }
    }

    /// How the set lies on disk.
    pub fn layout(self) -> Layout {
        match self {
            Self::Facades | Self::Edges | Self::Maps => Layout::Aligned,
            Self::Shapes => Layout::Unaligned,
        }
    }

    /// The direction worth training first, as `data.direction` spells it.
    pub fn direction(self) -> &'static str {
        match self {
            Self::Facades => "b-to-a",
            Self::Edges | Self::Maps | Self::Shapes => "a-to-b",
        }
    }
}

impl std::fmt::Display for SynthKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind `{name}`{hint}: expected facades, edges, maps or shapes")]
pub struct UnknownKind {
    /// What was given.
    pub name: String,
    /// A suggestion, or nothing.
    pub hint: String,
}

impl FromStr for SynthKind {
    type Err = UnknownKind;

    fn from_str(s: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == s)
            .ok_or_else(|| UnknownKind {
                name: s.to_owned(),
                hint: diptych_domain::suggest::hint(s, Self::ALL.map(Self::as_str)),
            })
    }
}

/// Pair `index` of the set that (`kind`, `seed`) names, `size` pixels a side: `a` and `b` as they lie in files, no direction
/// applied.
///
/// # Errors
/// A size outside [`SIZES`].
pub fn pair(kind: SynthKind, size: u32, seed: u64, index: u64) -> Result<ImagePair, DataError> {
    let (a, b) = render(kind, size, seed, index)?;
    Ok(ImagePair {
        a: to_images(&a),
        b: to_images(&b),
        names: vec![format!("{kind}-{index}")],
    })
}

/// The samples of both sides.
fn render(kind: SynthKind, size: u32, seed: u64, index: u64) -> Result<(Raster, Raster), DataError> {
    if !SIZES.contains(&size) {
        let expected = format!("{} to {}", SIZES.start(), SIZES.end());
        return Err(DataError::Setting {
            key: "size",
            value: size.to_string(),
            expected,
        });
    }
    let purpose = match kind {
        SynthKind::Facades => b"facades ",
        SynthKind::Edges => b"edges   ",
        SynthKind::Maps => b"maps    ",
        SynthKind::Shapes => b"shapes  ",
    };
    let rng = stream(seed, purpose, 0, index);
    let size = size as usize;
    Ok(match kind {
        SynthKind::Facades => facades::draw(size, rng),
        SynthKind::Edges => edges::draw(size, rng),
        SynthKind::Maps => maps::draw(size, rng),
        SynthKind::Shapes => shapes::draw(size, rng),
    })
}

/// Whether `folder` was made here.
fn is_own(folder: &Path) -> bool {
    folder.join(MARKER).is_file()
}

#[cfg(test)]
mod tests;
