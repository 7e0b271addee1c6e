//! The dashboard in a terminal.
pub mod action;
pub mod keys;
