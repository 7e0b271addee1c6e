//! The binary from the outside: one target, so that it links once.

mod bad_input;
mod exchange;
mod interrupt;
mod support;
mod tracked_run;
