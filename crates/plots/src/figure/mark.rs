//! What is drawn in a panel.

use crate::series::Strand;
use crate::spec::Theme;
use crate::style::{Colours, Dash, Marker, Rgb, slot};

/// With what something is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ink {
    /// The look of the `i`-th curve or group.
    Slot(usize),
    /// A place on the scale of colours, from 0 to 1.
    Ramp(f64),
    /// As one of those that no look is left for.
    Rest,
    /// As text.
    Plain,
    /// As less important text.
    Muted,
    /// As something that is wrong.
    Alarm,
}

impl Ink {
    /// The colour in a theme.
    pub fn rgb(self, theme: Theme, colours: &Colours) -> Rgb {
        match (self, theme) {
            (Self::Slot(i), Theme::Light) => slot(i).on_light,
            (Self::Slot(i), Theme::Dark) => slot(i).on_dark,
            (Self::Ramp(part), _) => colours.ramp(part),
            (Self::Rest, _) => colours.muted.towards(colours.ground, 0.5),
            (Self::Plain, _) => colours.ink,
            (Self::Muted, _) => colours.muted,
            (Self::Alarm, _) => colours.alarm,
        }
    }

    /// The line that goes with it.
    pub fn dash(self) -> Dash {
        match self {
            Self::Slot(i) => slot(i).dash,
            Self::Muted => Dash::Dashed,
            _ => Dash::Solid,
        }
    }

    /// The marker that goes with it.
    pub fn marker(self) -> Marker {
        match self {
            Self::Slot(i) => slot(i).marker,
            Self::Alarm => Marker::Down,
            _ => Marker::Disc,
        }
    }
}

/// One thing in a panel, in data coordinates. Positions of categories are 0, 1, 2, ...
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it is of: the run, the group; the key of the rows in tables of the plotted numbers.
    pub name: String,
    /// Its look.
    pub ink: Ink,
    /// Where and what.
    pub shape: Shape,
}

/// A line's looks beside its ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The curve itself.
    Main,
    /// A curve with so many points to a column that dashes would be noise: unbroken.
    Dense,
    /// Points are few: each has a marker.
    Marked,
    /// Points are few: each has a marker; without dashes, since the curves of another panel have none.
    Plain,
    /// What was smoothed, faint behind the smooth curve.
    Faint,
    /// A mean where not all runs of its group are in it.
    Thin,
}

/// Where and what.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A curve, in strands with gaps between.
    Line {
        /// The strands.
        strands: Vec<Strand>,
        /// Its looks.
        line: Line,
    },
    /// The area between two curves: `[x, low, high]`.
    Band {
        /// In order of x.
        points: Vec<[f64; 3]>,
    },
    /// Points.
    Points {
        /// Where.
        at: Vec<[f64; 2]>,
        /// Small and see-through: single seeds behind a mean.
        small: bool,
    },
    /// An interval along x (its y is one place) or along y, with a point in the middle.
    Interval {
        /// The middle.
        at: [f64; 2],
        /// From and to; nothing where there is no interval.
        ends: Option<[f64; 2]>,
        /// Whether it lies along x.
        along_x: bool,
    },
    /// A bar from (`from`, 0 or the axis' end) to `to`.
    Bar {
        /// Its two edges across.
        across: [f64; 2],
        /// Where it begins and ends along.
        along: [f64; 2],
        /// Whether it lies along x.
        along_x: bool,
    },
    /// A line across the whole panel at an x.
    RuleX {
        /// Where.
        x: f64,
    },
    /// A line along the whole panel at a y.
    RuleY {
        /// Where.
        y: f64,
    },
    /// Words at a place.
    Text {
        /// Where.
        at: [f64; 2],
        /// The words.
        text: String,
    },
    /// One of several vertical axes of parallel coordinates, which all run from 0 to 1 in the panel's y.
    Vertical {
        /// Where.
        x: f64,
        /// Its own scale and values.
        axis: super::Axis,
    },
}
