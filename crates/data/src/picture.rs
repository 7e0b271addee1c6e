//! Pictures to translate: an image file at its own size and depth, its alpha channel set aside.

use std::path::Path;

use diptych_domain::Images;
use image::ExtendedColorType;

use crate::convert::to_channels;
use crate::decode::decode_file;
use crate::error::DataError;
use crate::raster::{BitDepth, Raster, Samples};
use crate::save::{interleave, png, save_image, save_image16, to_u8, to_u16, write_quick};
use crate::transform::to_images;

/// An image file in the channels of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// `[1, channels, h, w]` in [-1, 1].
    pub images: Images,
    /// The file's alpha channel, where it has one that the model does not take.
    pub alpha: Option<Alpha>,
    /// Bits of the file's samples.
    pub depth: BitDepth,
}

/// How opaque each pixel is, exactly as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Alpha(Samples);

impl Picture {
    /// Reads the image at `path`. With 2 or 4 `channels` alpha is one of them, otherwise it is set aside. Grey is replicated and
    /// colour is weighted to grey where the channels ask for it.
    ///
    /// # Errors
    /// As [`crate::read_image`].
    pub fn read(path: &Path, channels: usize) -> Result<Self, DataError> {
        if !(1..=4).contains(&channels) {
            return Err(DataError::Shape(format!("{channels} channels: expected 1 to 4")));
        }
        let raster = decode_file(path)?;
        let alpha = (!channels.is_multiple_of(2)).then(|| alpha(&raster)).flatten();
        Ok(Self {
            depth: raster.depth(),
            images: to_images(&to_channels(raster, channels)),
            alpha,
        })
    }

    /// Writes `output`, what became of this picture, as a PNG of the same depth and with the same alpha channel. Returns width and
    /// height.
    ///
    /// # Errors
    /// As [`save_image`]; an output of another size than the alpha channel.
    pub fn save(&self, path: &Path, output: &Images) -> Result<(u32, u32), DataError> {
        let Some(Alpha(alpha)) = &self.alpha else {
            return match self.depth {
                BitDepth::Eight => save_image(path, output, 0),
                BitDepth::Sixteen => save_image16(path, output, 0),
            };
        };
        let bytes = match alpha {
            Samples::U8(alpha) => {
                let (kind, samples) = joined(output, alpha, to_u8)?;
                png(
                    &samples,
                    output.w,
                    output.h,
                    kind(ExtendedColorType::La8, ExtendedColorType::Rgba8),
                )?
            }
            Samples::U16(alpha) => {
                let (kind, samples) = joined(output, alpha, to_u16)?;
                let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_ne_bytes()).collect();
                png(
                    &bytes,
                    output.w,
                    output.h,
                    kind(ExtendedColorType::La16, ExtendedColorType::Rgba16),
                )?
            }
        };
        write_quick(path, &bytes)?;
        Ok((output.w as u32, output.h as u32))
    }
}

/// The last of an even number of channels.
fn alpha(raster: &Raster) -> Option<Alpha> {
    fn last<T: Copy>(samples: &[T], channels: usize) -> Vec<T> {
        samples
            .iter()
            .skip(channels - 1)
            .step_by(channels)
            .copied()
            .collect()
    }
    raster.channels.is_multiple_of(2).then(|| {
        Alpha(match &raster.samples {
            Samples::U8(s) => Samples::U8(last(s, raster.channels)),
            Samples::U16(s) => Samples::U16(last(s, raster.channels)),
        })
    })
}

/// Which of two kinds of PNG: grey or colour.
type Kind = fn(ExtendedColorType, ExtendedColorType) -> ExtendedColorType;

/// Interleaved samples with alpha behind the grey or the colours; a fourth channel of the output gives way to it.
fn joined<T: Copy>(
    output: &Images,
    alpha: &[T],
    value: impl Fn(f32) -> T,
) -> Result<(Kind, Vec<T>), DataError> {
    let (channels, samples) = interleave(output, 0, -1.0, value)?;
    if samples.len() != channels * alpha.len() {
        return Err(DataError::Shape(format!(
            "an output of {} x {} pixels for an alpha channel of {}",
            output.w,
            output.h,
            alpha.len()
        )));
    }
    let colours = channels.min(3);
    let pixels = samples.chunks_exact(channels).zip(alpha);
    let joined = pixels.flat_map(|(pixel, a)| pixel[..colours].iter().copied().chain([*a]));
    let kind: Kind = if colours == 1 {
        |grey, _| grey
    } else {
        |_, colour| colour
    };
    Ok((kind, joined.collect()))
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageBuffer, LumaA, Rgba};

    use super::*;

    /// Reads with `channels`, writes what was read, reads the file back.
    fn through(image: DynamicImage, channels: usize) -> DynamicImage {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a.png"), dir.path().join("b.png"));
        image.save(&from).unwrap();
        let picture = Picture::read(&from, channels).unwrap();
        assert_eq!(picture.images.c, channels);
        picture.save(&to, &picture.images).unwrap();
        image::open(to).unwrap()
    }

    #[test]
    fn alpha_goes_around_the_model_unchanged_in_8_and_16_bits() {
        let eight = ImageBuffer::from_fn(5, 4, |x, y| {
            Rgba([10 * x as u8, 200, 7 * y as u8, (x * y * 13) as u8])
        });
        let out = through(DynamicImage::ImageRgba8(eight.clone()), 3).into_rgba8();
        assert!(out.pixels().zip(eight.pixels()).all(|(a, b)| a.0[3] == b.0[3]));
        let deep = ImageBuffer::from_fn(5, 4, |x, y| {
            Rgba([1000 * x as u16, 60_000, 3 * y as u16, (x * y * 3301) as u16 + 1])
        });
        let out = through(DynamicImage::ImageRgba16(deep.clone()), 3);
        assert_eq!(out.color(), image::ColorType::Rgba16);
        assert_eq!(out.into_rgba16(), deep, "16 bits survive to the last");
        let grey = ImageBuffer::from_fn(3, 3, |x, y| LumaA([500 * x as u16, 9000 * y as u16 + 5]));
        let out = through(DynamicImage::ImageLumaA16(grey.clone()), 1);
        assert_eq!(out.color(), image::ColorType::La16);
        assert_eq!(out.into_luma_alpha16(), grey);
    }

    #[test]
    fn a_model_of_four_channels_gets_alpha_as_one_of_them() {
        let image = ImageBuffer::from_fn(4, 4, |x, y| Rgba([3u8, 90, 17, (x * y * 16) as u8]));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        image.save(&path).unwrap();
        let picture = Picture::read(&path, 4).unwrap();
        assert_eq!((picture.images.c, picture.alpha), (4, None));
        assert!(Picture::read(&path, 5).is_err());
    }

    #[test]
    fn an_output_of_another_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        ImageBuffer::from_pixel(4, 4, Rgba([1u8, 2, 3, 4]))
            .save(&path)
            .unwrap();
        let picture = Picture::read(&path, 3).unwrap();
        let text = picture
            .save(&path, &Images::zeros(1, 3, 2, 4))
            .unwrap_err()
            .to_string();
        assert_eq!(text, "an output of 4 x 2 pixels for an alpha channel of 16");
    }
}
