//! The binary from the outside: one target, so that it links once.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod bad_input;
mod compare;
mod cyclegan;
mod dashboard;
mod exchange;
mod fork;
mod interrupt;
mod measures;
mod plot;
mod sizes;
mod support;
mod sweep;
mod tracked_run;
mod upkeep;
