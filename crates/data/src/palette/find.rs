//! Where the palette of a data set's targets comes from.

use std::path::{Path, PathBuf};

use diptych_domain::Images;

use super::{MOSTLY, Palette, distinct};
use crate::dataset::{Dataset, Side};
use crate::error::DataError;

/// The file that is looked for in a data set's folder.
pub const FILE: &str = "palette.txt";
/// Flat targets have at most so many colours.
const MAX_COLOURS: usize = 32;
/// Targets that are looked at.
const LOOKS: usize = 64;
/// Targets that a file's colours are compared with.
const COMPARED: usize = 8;

/// A palette with its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The classes.
    pub palette: Palette,
    /// The file, or nothing where the colours are those of the training targets.
    pub file: Option<PathBuf>,
    /// The part of the targets' pixels that are near one of the colours, 0 to 1.
    pub coverage: f64,
}

impl Found {
    /// Whether the targets are label maps of this palette: at least [`MOSTLY`] of their pixels are near one of its colours.
    pub fn fits(&self) -> bool {
        self.coverage >= MOSTLY
    }
}

/// The palette of the targets of `train`: from `file` where one is given, else from `palette.txt` in `root`, else the colours of
/// the targets themselves where these have no more than 32. `None` where there is neither a file nor so few colours: photographs,
/// and label maps kept as JPEG, whose colours `diptych data palette` gathers into a file.
///
/// # Errors
/// A file that cannot be read; targets that cannot be decoded.
pub fn find(root: &Path, file: Option<&Path>, train: &Dataset) -> Result<Option<Found>, DataError> {
    let len = train.side_len(Side::Target);
    let own = root.join(FILE);
    let file = match file {
        Some(file) => root.join(file),
        None if own.is_file() => own,
        None => return from_targets(train, len),
    };
    let palette = Palette::read(&file)?;
    let mut coverage = 0.0;
    let looks = spaced(len, COMPARED);
    for i in &looks {
        coverage += palette.coverage(&train.raw_target(*i)?, 0);
    }
    Ok(Some(Found {
        palette,
        file: Some(file),
        coverage: coverage / looks.len().max(1) as f64,
    }))
}

fn from_targets(train: &Dataset, len: usize) -> Result<Option<Found>, DataError> {
    let mut colours: Vec<[u8; 3]> = Vec::new();
    for i in spaced(len, LOOKS) {
        let target = train.raw_target(i)?;
        // One picture is enough to tell.
        let Some(more) = distinct([&target], MAX_COLOURS) else {
            return Ok(None);
        };
        colours.extend(more);
        colours.sort_unstable();
        colours.dedup();
        if colours.len() > MAX_COLOURS {
            return Ok(None);
        }
    }
    if colours.len() < 2 {
        return Ok(None);
    }
    Ok(Some(Found {
        palette: Palette::new(Path::new("the targets"), colours)?,
        file: None,
        coverage: 1.0,
    }))
}

/// Up to `count` of the training targets at their own size, evenly spaced: what [`super::gather`] is given.
///
/// # Errors
/// Targets that cannot be decoded.
pub fn sample_targets(train: &Dataset, count: usize) -> Result<Vec<Images>, DataError> {
    spaced(train.side_len(Side::Target), count)
        .into_iter()
        .map(|i| train.raw_target(i))
        .collect()
}

fn spaced(len: usize, count: usize) -> Vec<usize> {
    let count = count.min(len);
    (0..count).map(|i| i * len / count).collect()
}

#[cfg(test)]
mod tests {
    use diptych_domain::spec::Direction;

    use super::*;
    use crate::fixtures::spec;
    use crate::layout::Split;
    use crate::synth::{SynthKind, SynthOptions, generate};

    fn world(direction: Direction) -> (tempfile::TempDir, Dataset) {
        let dir = tempfile::tempdir().unwrap();
        let options = SynthOptions {
            count_train: 4,
            count_val: 1,
            size: 32,
            seed: 1,
        };
        generate(SynthKind::Facades, &options, dir.path()).unwrap();
        let spec = diptych_domain::spec::DataSpec {
            direction,
            ..spec(dir.path())
        };
        let train = Dataset::open(&spec, Split::Train).unwrap();
        (dir, train)
    }

    #[test]
    fn flat_targets_are_their_own_palette_and_pictures_have_none() {
        let (dir, train) = world(Direction::AToB);
        let found = find(dir.path(), None, &train).unwrap().unwrap();
        assert!((4..=12).contains(&found.palette.classes().len()), "{found:?}");
        assert!(found.fits() && found.file.is_none());
        let (dir, train) = world(Direction::BToA);
        assert_eq!(find(dir.path(), None, &train).unwrap(), None);
    }

    #[test]
    fn a_file_goes_first_and_is_compared_with_the_targets() {
        let (dir, labels) = world(Direction::AToB);
        let own = find(dir.path(), None, &labels).unwrap().unwrap().palette;
        std::fs::write(dir.path().join(FILE), own.to_text()).unwrap();
        let found = find(dir.path(), None, &labels).unwrap().unwrap();
        assert_eq!(found.palette, own);
        assert!(found.fits() && found.file.is_some());
        std::fs::write(dir.path().join("other.txt"), "#010203\n#fafbfc\n").unwrap();
        let other = find(dir.path(), Some(Path::new("other.txt")), &labels)
            .unwrap()
            .unwrap();
        assert_eq!(other.palette.classes().len(), 2);
        assert!(!other.fits(), "{other:?}");
        assert!(find(dir.path(), Some(Path::new("none.txt")), &labels).is_err());
    }
}
