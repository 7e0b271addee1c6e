//! Figures of runs: what is to be drawn (a specification and the numbers), and what draws it. Knows no database.
//!
//! # Map
//! - [`spec`]: a figure as users write it, [`FigureSpec`].
//! - [`series`]: from logged points to curves of as many points as can be seen.
//! - [`kinds`]: the kinds of figures: which series they need, and a [`Figure`] from these.
//! - [`figure`]: a figure ready to be drawn, [`Figure`], for SVG and terminals alike.
//! - [`draw`]: a figure as SVG, by plotters.
//! - [`export`]: SVG, PNG, PDF, CSV and LaTeX files; [`provenance`]: what they say of where they come from.
//! - [`style`]: colours, dashes, markers.

pub mod draw;
mod error;
pub mod export;
pub mod figure;
pub mod kinds;
pub mod layout;
pub mod provenance;
pub mod series;
pub mod spec;
pub mod style;
#[cfg(test)]
mod testing;

pub use error::FigureError;
pub use figure::Figure;
pub use provenance::Provenance;
pub use spec::FigureSpec;
