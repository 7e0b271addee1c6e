//! Image files of any depth and channel count to values in [-1, 1], and back to PNGs of the same depth.

use std::fs;
use std::io::{Cursor, Error as IoError};
use std::path::Path;

use diptych_domain::Images;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageReader, codecs::png::PngEncoder};

use crate::error::RunnerError;

/// Bits a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Eight,
    Sixteen,
}

/// Reads an image with `channels` channels: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
pub(super) fn read(path: &Path, channels: usize) -> Result<(Images, Depth), RunnerError> {
    let fail = |source: image::ImageError| RunnerError::Image {
        path: path.to_owned(),
        problem: source.to_string(),
    };
    let image = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|source| RunnerError::Read {
            path: path.to_owned(),
            source,
        })?
        .decode()
        .map_err(fail)?;
    let (w, h) = (image.width() as usize, image.height() as usize);
    // A file of one channel stays as it is; weights for grey apply to colours only.
    let colour = image.color().has_color();
    let depth = match image {
        DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageLumaA8(_)
        | DynamicImage::ImageRgb8(_)
        | DynamicImage::ImageRgba8(_) => Depth::Eight,
        _ => Depth::Sixteen,
    };
    let mut out = Images::zeros(1, channels, h, w);
    match depth {
        Depth::Eight => fill(&mut out, image.into_rgba8().as_raw(), 255, colour),
        Depth::Sixteen => fill(&mut out, image.into_rgba16().as_raw(), 65_535, colour),
    }
    Ok((out, depth))
}

/// Spreads RGBA samples over planes.
fn fill<S: Copy + Into<u32>>(out: &mut Images, rgba: &[S], max: u32, colour: bool) {
    let pixels = out.h * out.w;
    let value = |sample: u32| (sample as f32 / max as f32 - 0.5) / 0.5;
    for (i, pixel) in rgba.chunks_exact(4).enumerate() {
        let [r, g, b, a] = [0, 1, 2, 3].map(|k| pixel[k].into());
        // The weights of ITU-R 601 in 16 bits, as the training data is made grey.
        let grey = if colour {
            ((19_595 * u64::from(r) + 38_470 * u64::from(g) + 7_471 * u64::from(b) + 32_768) >> 16) as u32
        } else {
            r
        };
        let samples: &[u32] = match out.c {
            1 => &[grey],
            2 => &[grey, a],
            3 => &[r, g, b],
            _ => &[r, g, b, a],
        };
        for (k, sample) in samples.iter().enumerate() {
            out.data[k * pixels + i] = value(*sample);
        }
    }
}

/// Writes the first image as a PNG, and gives its width and height. Eight-bit values are cut off, not rounded, as the reference does.
pub(super) fn write(path: &Path, images: &Images, depth: Depth) -> Result<(u32, u32), RunnerError> {
    let fail = |problem: String| RunnerError::Image {
        path: path.to_owned(),
        problem,
    };
    let (eight, sixteen) = match images.c {
        1 => (ExtendedColorType::L8, ExtendedColorType::L16),
        2 => (ExtendedColorType::La8, ExtendedColorType::La16),
        3 => (ExtendedColorType::Rgb8, ExtendedColorType::Rgb16),
        4 => (ExtendedColorType::Rgba8, ExtendedColorType::Rgba16),
        c => return Err(fail(format!("a PNG cannot have {c} channels"))),
    };
    let side = |n: usize| u32::try_from(n).map_err(|_| fail(format!("{n} pixels are too many")));
    let (w, h) = (side(images.w)?, side(images.h)?);
    let values = images.image(0);
    let pixels = images.h * images.w;
    let interleaved = (0..pixels).flat_map(|i| (0..images.c).map(move |k| values[k * pixels + i]));
    let unit = |v: f32| ((v + 1.0) / 2.0).clamp(0.0, 1.0);
    let (bytes, color): (Vec<u8>, _) = match depth {
        Depth::Eight => (interleaved.map(|v| (unit(v) * 255.0) as u8).collect(), eight),
        Depth::Sixteen => (
            interleaved
                .flat_map(|v| ((unit(v) * 65_535.0).round() as u16).to_ne_bytes())
                .collect(),
            sixteen,
        ),
    };
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new(&mut png)
        .write_image(&bytes, w, h, color)
        .map_err(|e| fail(e.to_string()))?;
    put(path, png.get_ref()).map_err(|source| RunnerError::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok((w, h))
}

/// Writes a file whole, or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".tmp");
    let written = fs::write(&staged, bytes).and_then(|()| fs::rename(&staged, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&staged);
    }
    written
}

#[cfg(test)]
mod tests {
    use image::{GrayAlphaImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage};

    use super::*;

    #[test]
    fn sixteen_bits_survive() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a.png"), dir.path().join("b.png"));
        let image: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_fn(64, 32, |x, y| {
            Rgb([(x * 1000 + y) as u16, (y * 2047) as u16, 65_535])
        });
        image.save(&from).unwrap();
        let (images, depth) = read(&from, 3).unwrap();
        assert_eq!(depth, Depth::Sixteen);
        assert_eq!(write(&to, &images, depth).unwrap(), (64, 32));
        let back = image::open(&to).unwrap();
        assert!(matches!(back, DynamicImage::ImageRgb16(_)));
        assert_eq!(back.into_rgb16(), image);
    }

    #[test]
    fn eight_bit_values_are_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let images = Images {
            n: 1,
            c: 1,
            h: 1,
            w: 4,
            data: vec![-1.0, 0.0, 0.999, 7.0],
        };
        write(&path, &images, Depth::Eight).unwrap();
        assert_eq!(
            image::open(&path).unwrap().into_luma8().as_raw(),
            &[0, 127, 254, 255]
        );
    }

    #[test]
    fn channels_are_made_to_fit() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        RgbImage::from_pixel(2, 1, Rgb([255, 0, 0]))
            .save(path("rgb.png"))
            .unwrap();
        GrayImage::from_pixel(2, 1, Luma([51]))
            .save(path("grey.png"))
            .unwrap();
        GrayAlphaImage::from_pixel(2, 1, image::LumaA([51, 102]))
            .save(path("alpha.png"))
            .unwrap();
        let first = |name: &str, c: usize| -> Vec<i32> {
            let (images, _) = read(&path(name), c).unwrap();
            let level = |k: usize| ((images.data[k * 2] + 1.0) * 127.5).round() as i32;
            (0..c).map(level).collect()
        };
        assert_eq!(first("rgb.png", 1), [76]);
        assert_eq!(first("rgb.png", 4), [255, 0, 0, 255]);
        assert_eq!(first("grey.png", 3), [51, 51, 51]);
        assert_eq!(first("alpha.png", 2), [51, 102]);
    }
}
