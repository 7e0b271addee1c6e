//! Runs: making, listing, finding, describing, and the life of one from claim to end.

mod cell;
mod changes;
mod claim;
mod crash;
mod create;
mod details;
mod edit;
mod find;
mod list;
mod remove;
mod stop;

pub(crate) use claim::lost;
pub(crate) use create::pk;

pub use cell::TakenCell;
pub use changes::Changes;
pub use claim::Claim;
pub use create::NewRun;
pub use details::{Fork, RunDetails};

#[cfg(test)]
mod tests;
