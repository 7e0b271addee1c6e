//! What the dashboard asks of this program: starting jobs that go on without it, checking experiments, writing tables.

mod again;
mod detached;
mod host;
mod queueing;

pub use host::Program;
