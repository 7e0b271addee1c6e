//! What views are put together from.

pub mod frame;
pub mod line;
pub mod text;
