//! Figures of runs: what is to be drawn (a specification and the numbers), and what draws it. Knows no database.
//!
//! # Map
//! - [`spec`]: a figure as users write it, [`FigureSpec`].
//! - [`series`]: from logged points to curves of as many points as can be seen.
//! - [`figure`]: a figure ready to be drawn, [`Figure`], for SVG and terminals alike.
//! - [`style`]: colours, dashes, markers.

pub mod figure;
pub mod series;
pub mod spec;
pub mod style;

pub use figure::Figure;
pub use spec::FigureSpec;
