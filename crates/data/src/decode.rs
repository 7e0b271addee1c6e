//! From bytes to samples, with the size checked before anything is allocated.

mod jpeg;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::error::DataError;
use crate::raster::{Raster, Samples};

/// The largest side accepted, in pixels.
pub const MAX_SIDE: u32 = 32_768;
/// The most pixels accepted in one image.
pub const MAX_PIXELS: u64 = 1 << 27;

/// Reads and decodes one file.
///
/// # Errors
/// Unreadable files, damaged or foreign contents, and images over the limits; all with the path.
pub(crate) fn decode_file(path: &Path) -> Result<Raster, DataError> {
    let bytes = std::fs::read(path).map_err(DataError::io(path))?;
    decode(&bytes, path)
}

/// Decodes the bytes of the file at `path`. The format follows from the contents, never from the name. Orientation
/// tags are not applied, as in the reference.
///
/// # Errors
/// As [`decode_file`].
pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Raster, DataError> {
    // Decoders meet hostile bytes; one that panics must cost one file, not the run.
    catch_unwind(AssertUnwindSafe(|| decode_checked(bytes, path)))
        .unwrap_or_else(|_| Err(failure(path, "the decoder gave up on these contents".to_owned())))
}

fn failure(path: &Path, message: String) -> DataError {
    DataError::Decode {
        path: path.to_owned(),
        message,
    }
}

fn decode_checked(bytes: &[u8], path: &Path) -> Result<Raster, DataError> {
    if bytes.is_empty() {
        return Err(failure(path, "the file is empty".to_owned()));
    }
    let format = image::guess_format(bytes).map_err(|_| DataError::NotAnImage {
        path: path.to_owned(),
    })?;
    let truncated = || DataError::Truncated {
        path: path.to_owned(),
        bytes: bytes.len(),
    };
    let explain = |e: ImageError| match e {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => truncated(),
        // The JPEG decoder has many words for a missing end.
        _ if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) => truncated(),
        e => failure(
            path,
            e.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
        ),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // The limit on pixels below is the one that counts; this one stops side allocations.
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_PIXELS * 8 * 2);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(DataError::TooLarge {
            path: path.to_owned(),
            width,
            height,
        });
    }
    if width == 0 || height == 0 {
        return Err(failure(
            path,
            format!("{width} x {height} pixels: the image is empty"),
        ));
    }
    // The JPEG decoder fills what is missing with grey; a half image must not pass for a whole one.
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        return Err(truncated());
    }
    let image = DynamicImage::from_decoder(decoder).map_err(explain)?;
    Ok(into_raster(image))
}

fn into_raster(image: DynamicImage) -> Raster {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (channels, samples) = match image {
        DynamicImage::ImageLuma8(i) => (1, Samples::U8(i.into_raw())),
        DynamicImage::ImageLumaA8(i) => (2, Samples::U8(i.into_raw())),
        DynamicImage::ImageRgb8(i) => (3, Samples::U8(i.into_raw())),
        DynamicImage::ImageRgba8(i) => (4, Samples::U8(i.into_raw())),
        DynamicImage::ImageLuma16(i) => (1, Samples::U16(i.into_raw())),
        DynamicImage::ImageLumaA16(i) => (2, Samples::U16(i.into_raw())),
        DynamicImage::ImageRgb16(i) => (3, Samples::U16(i.into_raw())),
        DynamicImage::ImageRgba16(i) => (4, Samples::U16(i.into_raw())),
        other if other.color().has_alpha() => (4, Samples::U16(other.into_rgba16().into_raw())),
        other => (3, Samples::U16(other.into_rgb16().into_raw())),
    };
    Raster {
        width,
        height,
        channels,
        samples,
    }
}

#[cfg(test)]
mod tests;
