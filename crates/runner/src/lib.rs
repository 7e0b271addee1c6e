//! The training loop and what belongs to it: schedules, evaluation, probes, checkpoints, resume, control.
//!
//! The runner drives a [`diptych_models::Model`] over the batches of `diptych_data` and tells what happens as
//! [`diptych_domain::RunEvent`]s. It knows neither databases nor screens.

mod alarms;
pub mod bench;
pub mod checkpoint;
mod clock;
pub mod control;
pub mod error;
pub mod evaluate;
mod health;
mod keys;
mod lock;
mod meter;
pub mod plateau;
mod probes;
pub mod schedule;
pub mod sweep;
mod system;
pub mod train;
pub mod translate;

#[cfg(test)]
mod testing;

pub use bench::{BenchReport, GpuWork, HealthCost, bench, bench_health};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointFolder, CheckpointMeta};
pub use control::Control;
pub use error::RunnerError;
pub use evaluate::{EvalReport, ImageScores, LabelScores, Scores, SetScores, evaluate, evaluate_set};
pub use train::{Barrier, TrainOptions, TrainOutcome, train};
pub use translate::{Tiles, TranslateOptions, TranslateReport, Translated, Untranslated, translate};
