//! Runs, metrics, images and events in SQLite: the only crate that knows SQL.
pub mod blocking;
mod error;
mod home;
mod metrics;
mod process;
mod records;
mod runs;
#[cfg(test)]
mod testing;
mod writer;

pub use error::{Result, StoreError};
pub use home::{Home, HomeWarning};
pub use metrics::Series;
pub use process::ProcessIdentity;
pub use records::{CheckpointRecord, EventRecord, ImageRecord, LogLine};
pub use runs::{Claim, NewRun, RunDetails};
pub use writer::{RunLogger, RunWriter, WriterProblem};
