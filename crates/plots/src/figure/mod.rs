//! A figure ready to be drawn: curves, bands, points and bars in data coordinates, axes, a legend, and what was left out.
//!
//! Nothing here knows how large a character or a pixel is. SVG and terminal draw from the same [`Figure`].

mod axis;
mod mark;
mod numbers;

pub use axis::{Axis, Scale, Tick, Values, number};
pub use mark::{Ink, Line, Mark, Shape};
pub use numbers::{Cell, Numbers, Rows, Series};

use std::sync::Arc;

use crate::spec::Kind;

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What kind.
    pub kind: Kind,
    /// Written above it.
    pub title: Option<String>,
    /// What is drawn.
    pub body: Body,
    /// What the colours, lines and markers mean, in the order to list.
    pub legend: Vec<Entry>,
    /// What a reader has to know: runs and values that were left out, doubts.
    pub notes: Vec<String>,
    /// What it shows, in a sentence or two.
    pub caption: String,
    /// How many runs are in it.
    pub runs: usize,
    /// The numbers that are drawn.
    pub numbers: Numbers,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Coordinate systems, in reading order.
    Panels(Vec<Panel>),
    /// A grid of images.
    Images(ImageGrid),
}

/// A coordinate system with what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Written above it.
    pub title: Option<String>,
    /// Its x axis.
    pub x: Axis,
    /// Its y axis.
    pub y: Axis,
    /// What is drawn, from back to front.
    pub marks: Vec<Mark>,
    /// What the looks mean in this panel alone; empty where the figure's legend says it.
    pub legend: Vec<Entry>,
}

/// A line of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it says.
    pub label: String,
    /// The look that it explains.
    pub ink: Ink,
    /// How that look is shown.
    pub key: Key,
}

/// How a legend shows a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// As a line.
    Line,
    /// As an unbroken line: the curves are too dense for dashes.
    Unbroken,
    /// As a line with a point.
    LineAndPoint,
    /// As an unbroken line with a point.
    UnbrokenAndPoint,
    /// As a point.
    Point,
    /// As a thin line.
    Thin,
    /// As a point with an interval.
    Interval,
}

/// Images in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageGrid {
    /// What stands above the columns.
    pub columns: Vec<String>,
    /// What stands beside the rows.
    pub rows: Vec<String>,
    /// What stands above a row and those that follow, by the row's place.
    pub headings: Vec<(usize, String)>,
    /// Row by row; nothing where there is no such image.
    pub cells: Vec<Vec<Option<Picture>>>,
}

/// An image.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What it shows, in words.
    pub alt: String,
    /// The file's content: PNG or JPEG.
    pub data: Arc<[u8]>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

impl Panel {
    /// Whether a part of a curve lies within the axes.
    pub fn shows_a_line(&self) -> bool {
        let at = |p: &[f64; 2]| [self.x.scale.place(p[0]), self.y.scale.place(p[1])];
        let touches =
            |a: [f64; 2], b: [f64; 2]| (0..2).all(|i| a[i].min(b[i]) <= 1.0 && a[i].max(b[i]) >= 0.0);
        self.marks.iter().any(|mark| match &mark.shape {
            Shape::Line { strands, .. } => strands.iter().any(|s| match s.as_slice() {
                [one] => touches(at(one), at(one)),
                many => many.windows(2).any(|w| touches(at(&w[0]), at(&w[1]))),
            }),
            _ => false,
        })
    }
}

impl Figure {
    /// Its coordinate systems; none where it is a grid of images.
    pub fn panels(&self) -> &[Panel] {
        match &self.body {
            Body::Panels(panels) => panels,
            Body::Images(_) => &[],
        }
    }

    /// What it shows, for somebody who does not see it.
    pub fn alt(&self) -> String {
        let mut text = self.title.as_ref().map(|t| format!("{t}. ")).unwrap_or_default();
        text += &self.caption;
        for note in &self.notes {
            text += &format!(" {note}.");
        }
        text
    }
}
