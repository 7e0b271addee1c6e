//! The five views: each a folder with its state, what its keys do, and how it is drawn.

pub mod ablation;
pub mod charts;
pub mod images;
pub mod runs;
pub mod system;
