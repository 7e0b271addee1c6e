//! Comparing runs: cells of runs with equal settings and their statistics ([`Table`]), two runs beside each other
//! ([`Contrast`]). Pure: runs in, numbers and reservations out; how they are shown is another's business.
//!
//! A table covers every run that it is given. What makes a cell's number doubtful is not left out but said, as a [`Note`].

mod agreement;
mod baseline;
pub mod bootstrap;
mod column;
mod contrast;
mod factor;
mod notes;
mod order;
pub mod rounding;
mod settings;
pub mod stats;
mod table;

pub use agreement::Agreement;
pub use baseline::{Baseline, Difference};
pub use column::Column;
pub use contrast::{Contrast, Entry, MetricEntry, Side};
pub use factor::{Factor, Level};
pub use notes::Note;
pub use order::groups;
pub use settings::{Setting, varying};
pub use table::{Cell, Measured, Table};

#[cfg(test)]
mod tests;
