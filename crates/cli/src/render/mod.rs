//! Text for people: tables, times, sizes, colours, images.

pub mod comparison;
pub mod csv;
pub mod human;
pub mod latex;
pub mod markdown;
pub mod preview;
pub mod run_page;
pub mod runs;
pub mod table;
pub mod terminal;
pub mod why;
