//! What views are put together from.

pub mod blocks;
pub mod braille;
pub mod frame;
pub mod line;
pub mod names;
pub mod text;
