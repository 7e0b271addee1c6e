//! How large things are on paper: presets, fonts, and how panels share the width. All lengths are pixels of 1/96 inch.

use crate::spec::{FigureSpec, Preset};

/// Pixels in a millimetre.
const MM: f64 = 96.0 / 25.4;

/// Sizes that follow from a preset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// The whole width.
    pub width: f64,
    /// The whole height, where it is given.
    pub height: Option<f64>,
    /// Text.
    pub font: f64,
    /// Lines.
    pub line: f64,
}

/// A preset's sizes, with what the figure says otherwise. 8 pt is what journals set captions in; a slide is read from afar.
pub fn sizes(spec: &FigureSpec) -> Sizes {
    let point = 96.0 / 72.0;
    let (width, height, font, line) = match spec.preset {
        Preset::Column => (85.0, None, 7.5 * point, 1.1),
        Preset::Page => (170.0, None, 8.0 * point, 1.2),
        Preset::Slide => (254.0, Some(143.0), 13.0 * point, 2.2),
    };
    Sizes {
        width: spec.width.unwrap_or(width) * MM,
        height: spec
            .height
            .or(height.filter(|_| spec.width.is_none()))
            .map(|h| h * MM),
        font,
        line,
    }
}

/// How many panels stand side by side.
pub fn panels_across(spec: &FigureSpec, panels: usize) -> usize {
    let s = sizes(spec);
    // A panel needs room for about 18 characters of text; many are small, or they would not fit on a page.
    let least = if panels > 4 { 15.0 } else { 18.0 };
    let most = ((s.width / (s.font * least)).floor() as usize).clamp(1, 4);
    match panels {
        0 | 1 => 1,
        2 => most.min(2),
        4 => most.min(2),
        n => most.min(3).min(n),
    }
}

/// Columns of pixels that a curve has in one of so many panels.
pub fn plot_columns(spec: &FigureSpec, panels: usize) -> usize {
    let s = sizes(spec);
    let across = panels_across(spec, panels);
    ((s.width / across as f64 - s.font * 5.0).max(60.0)) as usize
}
