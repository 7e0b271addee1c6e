//! Metric points: how they are packed, kept, read and taken back.

pub(crate) mod codec;
mod inherit;
mod overview;
mod read;
mod rollup;
mod series;
pub(crate) mod stats;
mod superseded;

pub(crate) mod fold;
pub(crate) mod rewind;

pub(crate) use inherit::inherit;
pub use overview::Overview;
pub use rollup::Bucket;
pub use series::Series;
pub use superseded::Superseded;
