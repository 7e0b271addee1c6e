//! One image file at its own size.

use std::path::Path;

use diptych_domain::Images;

use crate::convert::to_channels;
use crate::decode::decode_file;
use crate::error::DataError;
use crate::raster::BitDepth;
use crate::transform::to_images;

/// The image at `path`, at its own size, as `[1, channels, h, w]` in [-1, 1]. Files of 8 and 16 bits; other channel
/// counts are converted (grey replicated, colour weighted to grey, alpha dropped or added opaque).
///
/// # Errors
/// Unreadable, damaged, foreign and oversized files; channel counts outside 1 to 4.
pub fn read_image(path: &Path, channels: usize) -> Result<Images, DataError> {
    read_image_with_depth(path, channels).map(|(images, _)| images)
}

/// As [`read_image`], with the bit depth of the file.
///
/// # Errors
/// As [`read_image`].
pub fn read_image_with_depth(path: &Path, channels: usize) -> Result<(Images, BitDepth), DataError> {
    if !(1..=4).contains(&channels) {
        return Err(DataError::Shape(format!("{channels} channels: expected 1 to 4")));
    }
    let raster = decode_file(path)?;
    let depth = raster.depth();
    Ok((to_images(&to_channels(raster, channels)), depth))
}
