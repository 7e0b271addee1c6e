//! The model plugins, one folder each, what they share, and a template for more.

pub mod cyclegan;
pub mod pix2pix;
pub mod shared;
pub mod template;
