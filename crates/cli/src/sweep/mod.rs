//! Sweeps: from a file to checked cells ([`plan`]), how they stand ([`survey`]), how long they take ([`estimate`]), and
//! training them as child processes ([`dispatch`]).
//!
//! Each cell is one run, recognised by its resolved experiment without the name, whichever command made it. The store hands a
//! cell to one process at a time ([`diptych_store::Home::take_cell`]); the child that trains it is `diptych resume` of this
//! same binary, whose standard input this process holds: a child whose sweep closes it, or dies, stops cleanly.

pub mod child;
pub mod dispatch;
pub mod estimate;
pub mod memory;
pub mod plan;
pub mod report;
pub mod survey;
mod view;

#[cfg(test)]
mod experiments;
