//! Measuring a generator's outputs on a held-out split.

pub mod pairs;
pub mod sets;

pub use pairs::{EvalReport, ImageScores, LabelScores, Scores, evaluate};
pub use sets::{SetScores, evaluate_set};
