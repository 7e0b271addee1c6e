//! Metric points: how they are packed, kept, read and taken back.

pub(crate) mod codec;
mod inherit;
mod read;
mod series;
pub(crate) mod stats;
mod superseded;

pub(crate) mod fold;
pub(crate) mod rewind;

pub(crate) use inherit::inherit;
pub use series::Series;
pub use superseded::Superseded;
