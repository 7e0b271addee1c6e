//! The model plugins, one folder each.

pub mod pix2pix;
mod values;
