//! Images to PNG: single images in 8 and 16 bits, and contact sheets.

use std::ffi::OsString;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use diptych_domain::Images;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::error::DataError;
use crate::raster::BitDepth;

/// Writes image `index` as an 8-bit PNG: `(x + 1) / 2 * 255`, truncated as the reference does. One channel is written as
/// grey, two as colour with blue 0, three as colour, four as colour with alpha. Returns width and height.
///
/// # Errors
/// An index past the end, shapes that are no image, and files that cannot be written.
pub fn save_image(path: &Path, images: &Images, index: usize) -> Result<(u32, u32), DataError> {
    write_quick(path, &encode_png(images, index)?)?;
    Ok((images.w as u32, images.h as u32))
}

/// As [`save_image`], in 16 bits: `(x + 1) / 2 * 65535`, rounded.
///
/// # Errors
/// As [`save_image`].
pub fn save_image16(path: &Path, images: &Images, index: usize) -> Result<(u32, u32), DataError> {
    write_quick(path, &encode_png16(images, index)?)?;
    Ok((images.w as u32, images.h as u32))
}

/// The bytes of the file that [`save_image`] writes.
///
/// # Errors
/// As [`save_image`], but for writing.
pub fn encode_png(images: &Images, index: usize) -> Result<Vec<u8>, DataError> {
    let (channels, samples) = interleave(images, index, -1.0, to_u8)?;
    png(&samples, images.w, images.h, kind(channels, BitDepth::Eight))
}

/// The bytes of the file that [`save_image16`] writes.
///
/// # Errors
/// As [`encode_png`].
pub fn encode_png16(images: &Images, index: usize) -> Result<Vec<u8>, DataError> {
    let (channels, samples) = interleave(images, index, -1.0, to_u16)?;
    // The encoder takes samples in the machine's byte order.
    let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_ne_bytes()).collect();
    png(&bytes, images.w, images.h, kind(channels, BitDepth::Sixteen))
}

/// A contact sheet as an 8-bit colour PNG: each row's images side by side from the left, `padding` pixels of white
/// between and around. Each cell shows the first image of its batch; cells are as large as the largest image and smaller
/// ones are centred.
///
/// # Errors
/// A sheet without images, and shapes that are no image.
pub fn grid(rows: &[Vec<&Images>], padding: usize) -> Result<Vec<u8>, DataError> {
    let cells = || rows.iter().flatten();
    let (cell_w, cell_h) = (
        cells().map(|i| i.w).max().unwrap_or(0),
        cells().map(|i| i.h).max().unwrap_or(0),
    );
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 || cell_w == 0 || cell_h == 0 {
        return Err(DataError::Shape(
            "a contact sheet needs at least one image".to_owned(),
        ));
    }
    let width = columns * (cell_w + padding) + padding;
    let height = rows.len() * (cell_h + padding) + padding;
    let mut sheet = vec![255u8; width * height * 3];
    for (r, row) in rows.iter().enumerate() {
        for (c, image) in row.iter().enumerate() {
            let (channels, samples) = interleave(image, 0, -1.0, to_u8)?;
            let x = padding + c * (cell_w + padding) + (cell_w - image.w) / 2;
            let y = padding + r * (cell_h + padding) + (cell_h - image.h) / 2;
            for (line, input) in samples.chunks_exact(image.w * channels).enumerate() {
                let at = ((y + line) * width + x) * 3;
                let out = sheet[at..at + image.w * 3].chunks_exact_mut(3);
                for (o, pixel) in out.zip(input.chunks_exact(channels)) {
                    if channels == 1 {
                        o.fill(pixel[0])
                    } else {
                        o.copy_from_slice(&pixel[..3])
                    }
                }
            }
        }
    }
    png_rgb8(&sheet, width, height)
}

/// Writes a file whole or not at all, and durably: into a neighbour first, synced, then renamed over `path`.
///
/// # Errors
/// Folders that are missing, full or read-only.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    replace(path, bytes, true)
}

/// As [`write_atomic`], but without waiting for the disk: for images, which can be made again.
pub(crate) fn write_quick(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    replace(path, bytes, false)
}

fn replace(path: &Path, bytes: &[u8], sync: bool) -> Result<(), DataError> {
    // Threads of one process may write neighbours of one name, hence the counter.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(
        ".{}-{}.part",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    ));
    let part = path.with_file_name(name);
    let write = || {
        let mut file = std::fs::File::create(&part)?;
        file.write_all(bytes)?;
        if sync {
            file.sync_all()?;
        }
        std::fs::rename(&part, path)
    };
    write().map_err(|source| {
        // The error that counts is the first one.
        let _ = std::fs::remove_file(&part);
        DataError::Io {
            path: path.to_owned(),
            source,
        }
    })
}

/// The reference's conversion: f32 arithmetic, truncation; NaN becomes 0.
pub(crate) fn to_u8(x: f32) -> u8 {
    ((x + 1.0) / 2.0 * 255.0) as u8
}

/// In 16 bits, rounded.
pub(crate) fn to_u16(x: f32) -> u16 {
    ((x + 1.0) / 2.0 * 65535.0).round().clamp(0.0, 65535.0) as u16
}

/// Interleaved samples and their channel count (1, 3 or 4); a third plane of `filler` joins two.
pub(crate) fn interleave<T: Copy>(
    images: &Images,
    index: usize,
    filler: f32,
    value: impl Fn(f32) -> T,
) -> Result<(usize, Vec<T>), DataError> {
    let Images { n, c, h, w, ref data } = *images;
    if index >= n {
        return Err(DataError::NoSuchImage { index, len: n });
    }
    if !(1..=4).contains(&c) || h == 0 || w == 0 || data.len() != n * c * h * w {
        let len = data.len();
        return Err(DataError::Shape(format!(
            "{len} values in the shape {n} x {c} x {h} x {w}: not images of 1 to 4 channels"
        )));
    }
    let channels = if c == 2 { 3 } else { c };
    let mut out = vec![value(filler); h * w * channels];
    for (k, plane) in images.image(index).chunks_exact(h * w).enumerate() {
        out[k..]
            .iter_mut()
            .step_by(channels)
            .zip(plane)
            .for_each(|(o, &x)| *o = value(x));
    }
    Ok((channels, out))
}

/// 8-bit colour samples as a PNG.
pub(crate) fn png_rgb8(bytes: &[u8], width: usize, height: usize) -> Result<Vec<u8>, DataError> {
    png(bytes, width, height, ExtendedColorType::Rgb8)
}

/// The PNG type of 1, 3 or 4 channels.
fn kind(channels: usize, depth: BitDepth) -> ExtendedColorType {
    match (channels, depth) {
        (1, BitDepth::Eight) => ExtendedColorType::L8,
        (1, BitDepth::Sixteen) => ExtendedColorType::L16,
        (3, BitDepth::Eight) => ExtendedColorType::Rgb8,
        (3, BitDepth::Sixteen) => ExtendedColorType::Rgb16,
        (_, BitDepth::Eight) => ExtendedColorType::Rgba8,
        (_, BitDepth::Sixteen) => ExtendedColorType::Rgba16,
    }
}

pub(crate) fn png(
    bytes: &[u8],
    width: usize,
    height: usize,
    kind: ExtendedColorType,
) -> Result<Vec<u8>, DataError> {
    let mut out = Vec::new();
    PngEncoder::new_with_quality(Cursor::new(&mut out), CompressionType::Fast, FilterType::Adaptive)
        .write_image(bytes, width as u32, height as u32, kind)
        .map_err(|e| DataError::Encode(e.to_string()))?;
    Ok(out)
}

#[cfg(test)]
mod tests;
