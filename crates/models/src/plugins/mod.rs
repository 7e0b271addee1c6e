//! The model plugins, one folder each, and what they share.

pub mod cyclegan;
pub mod pix2pix;
pub mod shared;
