//! Image folders, transforms, prefetching and synthetic sets.
//!
//! Folders of images become plain NCHW `f32` batches in [-1, 1] ([`diptych_domain::Images`]); no tensor library appears here.
//! Decoding and augmenting follow the reference implementation of pix2pix: the same order of transforms and the same
//! bicubic filter, bit for bit on 8-bit samples. What a batch holds is a pure function of the data, the seed and the
//! batch's number, whatever the number of worker threads.

pub mod check;
mod convert;
mod dataset;
mod decode;
mod error;
mod fingerprint;
#[cfg(test)]
mod fixtures;
mod layout;
mod listing;
mod loader;
pub mod metrics;
pub mod palette;
mod picture;
mod raster;
mod read;
mod resize;
mod save;
mod stream;
pub mod synth;
mod transform;

pub use dataset::{Dataset, Side};
pub use decode::{MAX_PIXELS, MAX_SIDE};
pub use error::DataError;
pub use fingerprint::fingerprint;
pub use layout::Split;
pub use listing::{EXTENSIONS, list_images};
pub use loader::{Loader, LoaderOptions, batches_per_epoch};
pub use picture::{Alpha, Picture};
pub use raster::BitDepth;
pub use read::{read_image, read_image_with_depth};
pub use save::{encode_png, encode_png16, grid, save_image, save_image16, write_atomic};
