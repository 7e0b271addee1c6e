//! What tells curves apart.

use super::theme::Rgb;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dash {
    /// Unbroken.
    Solid,
    /// Long strokes.
    Dashed,
    /// Dots.
    Dotted,
    /// A stroke and a dot.
    DashDot,
    /// Very long strokes.
    LongDash,
    /// A stroke and two dots.
    DashDotDot,
}

impl Dash {
    /// Lengths of strokes and gaps in line widths; empty for an unbroken line.
    pub fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[4.0, 2.0],
            Self::Dotted => &[1.0, 1.5],
            Self::DashDot => &[5.0, 1.6, 1.2, 1.6],
            Self::LongDash => &[8.0, 2.2],
            Self::DashDotDot => &[5.0, 1.6, 1.2, 1.6, 1.2, 1.6],
        }
    }
}

/// How a point is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marker {
    /// A disc.
    Disc,
    /// A triangle on its base.
    Triangle,
    /// A square.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle on its tip.
    Down,
    /// A slanted cross.
    Cross,
}

impl Marker {
    /// For a terminal: one character.
    pub fn character(self) -> char {
        match self {
            Self::Disc => '●',
            Self::Triangle => '▲',
            Self::Square => '■',
            Self::Diamond => '◆',
            Self::Down => '▼',
            Self::Cross => '×',
        }
    }
}

/// The look of one curve or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its colour on white.
    pub on_light: Rgb,
    /// Its colour on near-black.
    pub on_dark: Rgb,
    /// Its line.
    pub dash: Dash,
    /// Its points.
    pub marker: Marker,
}

/// Colours before they repeat (with other lines and markers).
pub const SLOTS: usize = 8;

/// After Okabe & Ito (2008), distinct with any kind of colour blindness; darker on white where theirs are too faint for lines
/// (their yellow is left out), lighter on near-black.
const COLOURS: [(Rgb, Rgb); SLOTS] = [
    (Rgb(0x00, 0x6b, 0xb0), Rgb(0x56, 0xb4, 0xf5)), // blue
    (Rgb(0xd0, 0x55, 0x00), Rgb(0xff, 0x8c, 0x42)), // vermillion
    (Rgb(0x00, 0x8f, 0x69), Rgb(0x2b, 0xc9, 0x9b)), // bluish green
    (Rgb(0xb8, 0x5c, 0x93), Rgb(0xe8, 0x9a, 0xc8)), // reddish purple
    (Rgb(0xd9, 0x93, 0x00), Rgb(0xf5, 0xb9, 0x2e)), // orange
    (Rgb(0x3f, 0xa3, 0xd9), Rgb(0x9f, 0xdc, 0xff)), // sky blue
    (Rgb(0x3c, 0x3c, 0x3c), Rgb(0xd6, 0xd6, 0xd6)), // grey
    (Rgb(0x7a, 0x4a, 0x2a), Rgb(0xc9, 0x9a, 0x74)), // brown
];
const DASHES: [Dash; 6] = [
    Dash::Solid,
    Dash::Dashed,
    Dash::Dotted,
    Dash::DashDot,
    Dash::LongDash,
    Dash::DashDotDot,
];
const MARKERS: [Marker; 6] = [
    Marker::Disc,
    Marker::Triangle,
    Marker::Square,
    Marker::Diamond,
    Marker::Down,
    Marker::Cross,
];

/// The look of the `i`-th curve. The first 24 differ: colours repeat after 8, lines and markers after 6.
pub fn slot(i: usize) -> Slot {
    let (on_light, on_dark) = COLOURS[i % SLOTS];
    Slot {
        on_light,
        on_dark,
        dash: DASHES[i % DASHES.len()],
        marker: MARKERS[i % MARKERS.len()],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_dozen_curves_differ() {
        let looks: HashSet<_> = (0..24).map(|i| (slot(i).on_light, slot(i).dash)).collect();
        assert_eq!(looks.len(), 24);
    }

    /// WCAG's contrast of graphics, 3 : 1, but for three light hues on white, which are 2.5 : 1 or more.
    #[test]
    fn colours_stand_out_from_the_ground() {
        let contrast = |a: Rgb, b: Rgb| {
            let (high, low) = (a.luminance().max(b.luminance()), a.luminance().min(b.luminance()));
            (high + 0.05) / (low + 0.05)
        };
        for i in 0..SLOTS {
            let s = slot(i);
            assert!(contrast(s.on_light, Rgb(255, 255, 255)) >= 2.5, "{i}");
            assert!(contrast(s.on_dark, Rgb(0x16, 0x18, 0x1d)) >= 6.0, "{i}");
        }
    }

    /// Confusions of protanopes and deuteranopes (Viénot, Brettel & Mollon 1999): the first six colours stay apart.
    #[test]
    fn colours_differ_for_red_green_blindness() {
        // Linear RGB as protanopes and as deuteranopes see it, in two primaries.
        let seen = |c: Rgb, protan: bool| {
            let [r, g, b] = c.linear();
            let mix = if protan {
                0.112 * r + 0.888 * g
            } else {
                0.293 * r + 0.707 * g
            };
            [mix.powf(1.0 / 2.2), b.powf(1.0 / 2.2)]
        };
        for dark in [false, true] {
            for protan in [false, true] {
                for i in 0..6 {
                    for k in 0..i {
                        let pick = |i: usize| if dark { slot(i).on_dark } else { slot(i).on_light };
                        let (a, b) = (seen(pick(i), protan), seen(pick(k), protan));
                        let distance = ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt();
                        assert!(
                            distance > 0.1,
                            "{i} and {k}: {distance:.3}, dark {dark}, protan {protan}"
                        );
                    }
                }
            }
        }
    }
}
