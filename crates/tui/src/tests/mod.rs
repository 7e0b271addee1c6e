//! Whole screens, and whether every key does what it is there for.

mod actions;
mod failures;
mod manual;
mod screens;
mod steering;
mod trial;
