//! Runs, metrics, images and events in SQLite: the only crate that knows SQL.
//!
//! # Map
//! - [`Home`] is a folder with `diptych.db` and `runs/<id>/`. Opening one makes it, or brings it up to date. All reads
//!   are its methods (`list`, `find_run`, `metrics`, `overview`, `images`, `checkpoints`, `events`, `log_lines`, `environment`,
//!   `details`), and so are the few edits that users make (`add_tags`, `set_note`, `request_stop`, ...).
//! - A trainer makes a run ([`Home::create_run`]), takes it ([`Home::claim`]) and starts its writer
//!   ([`Home::writer`]), which it hands [`RunEvent`](diptych_domain::RunEvent)s to.
//! - A sweep takes its cells ([`Home::take_cell`]): each gets one run, however many sweeps are at work.
//! - [`blocking::BlockingHome`] is for callers that are not asynchronous.
//!
//! ```no_run
//! # use diptych_domain::{ExperimentSpec, MetricKey, RunEvent};
//! # use diptych_store::{Home, NewRun, ProcessIdentity};
//! # async fn example(spec: ExperimentSpec, event: RunEvent) -> diptych_store::Result<()> {
//! let home = Home::open(".diptych").await?;
//! home.detect_crashed().await?;
//! let run = home.create_run(NewRun::new(spec)).await?;
//! let claim = home.claim(&run.id, &ProcessIdentity::current()).await?;
//! let writer = home.writer(claim)?;
//! let logger = writer.logger(); // for the training thread
//! logger.log(event);
//! writer.close()?; // everything is on disk
//! let points = home.metrics(&run.id, &MetricKey::loss("G_L1"), ..).await?;
//! # let _ = points; Ok(()) }
//! ```
//!
//! # Promises
//! - Logging costs the training thread well under a microsecond a metric: it puts the event on a queue of 65,536,
//!   with a system call only where thousands wait. The writer's thread gathers events into one transaction every 200 ms.
//! - A process that is killed loses nothing older than half a second. After `flush`, `close`, a checkpoint or the
//!   run's end even a loss of power loses nothing: those commits are synced (`synchronous = FULL`), the others are not.
//! - One process trains a run at a time. A claim is numbered; a writer whose run was given up for dead and claimed by
//!   another finds the number changed, writes nothing and stops with [`StoreError::ClaimLost`].
//! - A metric's summary and its points change in one transaction: a reader never sees one without the other.
//! - Any number of processes share a home. Writers begin with `BEGIN IMMEDIATE` and wait for each other up to 20 s.
//!
//! # How points are kept
//! A flush appends one row with all its points, packed by metric, to the run's *tail*. When the tail has 32,768 points
//! or 240 rows it is folded into *chunks*: rows of up to 4,096 points of one metric as columns in a blob
//! (`metrics/codec.rs`). So a flush is one small insert however many metrics there are, a chart of a million points is
//! 245 rows, and a point costs 7 to 12 bytes. Each chunk keeps its steps' range and its extremes beside the blob:
//! range reads skip what they do not want, and a rewind decodes the one chunk that straddles the step and remakes the
//! summaries from the others' columns. What it takes out is kept beside them, as superseded ([`Home::superseded`]). Points may come late, in any order of steps; they are put in order when read.
//! Two points of one metric and step are both kept. `BENCHMARKS.md` has the figures behind the choice.
//!
//! A chunk's *rollup*, in a table of its own, has its points by 256s: extremes, mean, first and last. A chart of a million points
//! is then 245 small rows ([`Home::overview`]). Every change to a run raises a number (`revision`, kept by triggers), so that a screen asks
//! for what happened since it looked ([`Home::changes_since`]).
//!
//! # SQL
//! Queries are checked when compiling, against `.sqlx/` (no database is needed); `scripts/prepare-sql` makes that
//! folder anew. The exceptions, each with its reason beside it, are pragmas and the look at a database whose tables
//! are not known yet. Migrations, in `migrations/`, are append-only.

pub mod blocking;
mod error;
mod home;
mod metrics;
mod process;
mod queue;
mod records;
mod runs;
#[cfg(test)]
mod testing;
mod writer;

pub use error::{Result, StoreError};
pub use home::{Home, HomeWarning};
pub use metrics::{Bucket, Overview, Series, Superseded};
pub use process::ProcessIdentity;
pub use records::{CheckpointRecord, EventRecord, ImageRecord, LogLine};
pub use runs::{Changes, Claim, Fork, NewRun, RunDetails, TakenCell};
pub use writer::{RunLogger, RunWriter, WriterProblem};
