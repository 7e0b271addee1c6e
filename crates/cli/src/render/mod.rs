//! Text for people: tables, times, sizes, colours.

pub mod human;
pub mod table;
pub mod terminal;
