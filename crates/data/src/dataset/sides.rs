//! One side of a data set at a time: for measures that compare sets of images, and for what is read off the targets.

use diptych_domain::Images;
use diptych_domain::spec::Direction;

use super::Dataset;
use crate::convert::to_channels;
use crate::decode::decode_file;
use crate::error::DataError;
use crate::layout::Files;
use crate::raster::{Raster, Region, Samples};
use crate::transform::{Transform, to_images};

/// A side of a data set, with the direction applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What a model translates.
    Input,
    /// What it translates to.
    Target,
}

impl Dataset {
    /// Images of one side. The single layout has inputs only.
    pub fn side_len(&self, side: Side) -> usize {
        match &self.files {
            Files::SideBySide { files, .. } => files.len(),
            Files::Parallel { a, .. } => a.len(),
            Files::Unaligned { a, b, .. } => [a, b][self.of_file(side)].len(),
            Files::Single { files, .. } => match side {
                Side::Input => files.len(),
                Side::Target => 0,
            },
        }
    }

    /// Image `i` of one side, resized to the crop's size as for evaluation.
    ///
    /// # Errors
    /// Files that cannot be decoded; an index past the end.
    pub fn load_side(&self, side: Side, i: usize) -> Result<Images, DataError> {
        let at = self.of_file(side);
        let raster = to_channels(self.raster(side, i)?, self.channels[at]);
        Ok(Transform::plain(self.crop).apply(&raster, raster.whole()))
    }

    /// The target of example `i` as it lies in its file: at its own size, in colour.
    ///
    /// # Errors
    /// As [`Dataset::load_side`].
    pub fn raw_target(&self, i: usize) -> Result<Images, DataError> {
        Ok(to_images(&to_channels(self.raster(Side::Target, i)?, 3)))
    }

    /// 0 for A, 1 for B.
    fn of_file(&self, side: Side) -> usize {
        usize::from((self.direction == Direction::AToB) == (side == Side::Target))
    }

    fn raster(&self, side: Side, i: usize) -> Result<Raster, DataError> {
        let len = self.side_len(side);
        if i >= len {
            return Err(DataError::NoSuchImage { index: i, len });
        }
        let at = self.of_file(side);
        match &self.files {
            Files::SideBySide { files, .. } => {
                let raster = decode_file(&files[i])?;
                let half = raster.width / 2;
                if half == 0 {
                    return Err(DataError::TooNarrow {
                        path: files[i].clone(),
                        width: raster.width,
                        height: raster.height,
                    });
                }
                let (x, width) = [(0, half), (half, raster.width - half)][at];
                Ok(cut(
                    &raster,
                    Region {
                        x,
                        y: 0,
                        width,
                        height: raster.height,
                    },
                ))
            }
            Files::Parallel { a, b, .. } | Files::Unaligned { a, b, .. } => decode_file(&[a, b][at][i]),
            Files::Single { files, .. } => decode_file(&files[i]),
        }
    }
}

/// A rectangle of a raster as one of its own.
fn cut(raster: &Raster, region: Region) -> Raster {
    fn rows<T: Copy>(samples: &[T], raster: &Raster, region: Region) -> Vec<T> {
        let c = raster.channels;
        let row = |y| {
            let from = ((region.y + y) * raster.width + region.x) * c;
            samples[from..from + region.width * c].iter().copied()
        };
        (0..region.height).flat_map(row).collect()
    }
    Raster {
        width: region.width,
        height: region.height,
        channels: raster.channels,
        samples: match &raster.samples {
            Samples::U8(s) => Samples::U8(rows(s, raster, region)),
            Samples::U16(s) => Samples::U16(rows(s, raster, region)),
        },
    }
}

#[cfg(test)]
mod tests {
    use diptych_domain::spec::{DataSpec, Layout};

    use super::*;
    use crate::fixtures::{pairs, picture, spec};
    use crate::layout::Split;
    use crate::save::save_image;

    #[test]
    fn sides_of_pairs_are_those_of_the_pairs_in_both_directions() {
        let dir = tempfile::tempdir().unwrap();
        pairs(&dir.path().join("train"), 3, 20);
        for direction in [Direction::AToB, Direction::BToA] {
            let spec = DataSpec {
                direction,
                ..spec(dir.path())
            };
            let set = Dataset::open(&spec, Split::Train).unwrap();
            for i in 0..3 {
                let pair = set.load_eval(i).unwrap();
                assert_eq!(set.load_side(Side::Input, i).unwrap(), pair.a);
                assert_eq!(set.load_side(Side::Target, i).unwrap(), pair.b);
            }
            assert_eq!((set.side_len(Side::Input), set.side_len(Side::Target)), (3, 3));
            assert_eq!(set.raw_target(0).unwrap().shape(), [1, 3, 20, 20]);
            assert!(set.load_side(Side::Input, 3).is_err());
        }
    }

    #[test]
    fn unpaired_sides_have_their_own_lengths() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, count) in [("trainA", 3), ("trainB", 2)] {
            let folder = dir.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            for i in 0..count {
                save_image(
                    &folder.join(format!("{i}.png")),
                    &picture(i + 10 * count, 3, 16, 16),
                    0,
                )
                .unwrap();
            }
        }
        let spec = |direction| DataSpec {
            layout: Layout::Unaligned,
            direction,
            ..spec(dir.path())
        };
        let forth = Dataset::open(&spec(Direction::AToB), Split::Train).unwrap();
        let back = Dataset::open(&spec(Direction::BToA), Split::Train).unwrap();
        assert_eq!(
            (forth.side_len(Side::Input), forth.side_len(Side::Target)),
            (3, 2)
        );
        assert_eq!((back.side_len(Side::Input), back.side_len(Side::Target)), (2, 3));
        assert_eq!(
            forth.load_side(Side::Input, 2).unwrap(),
            back.load_side(Side::Target, 2).unwrap()
        );
    }
}
