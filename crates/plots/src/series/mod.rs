//! From logged points to what a curve shows: along an axis, smoothed, and no more of it than can be seen.
//!
//! A metric's points come as [`Raw`] columns, go once through [`Reduced::of`], and need no memory after that: at most
//! [`reduce::MOST`] buckets remain, each with its extremes. Curves are then thinned to what their width shows
//! ([`decimate()`]), or averaged over runs ([`group`]).

pub mod axis;
pub mod decimate;
pub mod group;
pub mod reduce;
pub mod smooth;

pub use axis::Along;
pub use decimate::{Strand, decimate};
pub use group::{Mean, MeanPoint};
pub use reduce::{Bucket, Reduced};
pub use smooth::Ema;

/// Points of one metric of one run as columns, in the order of their steps: what a store gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raw {
    /// The step each value belongs to.
    pub steps: Vec<u64>,
    /// The epoch that step is in, from 1.
    pub epochs: Vec<u64>,
    /// When it was logged: seconds since the Unix epoch.
    pub walls: Vec<f64>,
    /// The values, NaN and infinities included.
    pub values: Vec<f64>,
}
