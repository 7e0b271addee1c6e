//! Colours, dashes and markers: told apart with any colour vision, and on paper without colours.

mod palette;
mod theme;

pub use palette::{Dash, Marker, SLOTS, Slot, slot};
pub use theme::{Colours, Rgb, colours};
