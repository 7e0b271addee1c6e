//! Metric points: how they are packed, kept, read and taken back.

pub(crate) mod codec;
mod read;
mod series;
pub(crate) mod stats;

pub(crate) mod fold;
pub(crate) mod rewind;

pub use series::Series;
