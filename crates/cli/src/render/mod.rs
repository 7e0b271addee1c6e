//! Text for people: tables, times, sizes, colours, images.

pub mod human;
pub mod preview;
pub mod run_page;
pub mod runs;
pub mod table;
pub mod terminal;
