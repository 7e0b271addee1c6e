//! What is drawn on: plotters' root area, with sizes and colours at hand.

use std::cell::Cell;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Drawable, PointCollection};

use super::elements::{Block, Dots, Label, Raw, Stroke};
use super::font::Weight;
use super::svg::{Anchor, FINE, Pen, Svg, Type, fine};
use crate::error::FigureError;
use crate::figure::Ink;
use crate::layout::{self, Sizes};
use crate::spec::{FigureSpec, Theme};
use crate::style::{Colours, Rgb, colours};

/// A drawing that failed.
pub fn failed(problem: impl std::fmt::Display) -> FigureError {
    FigureError::Export {
        form: "the drawing",
        problem: problem.to_string(),
    }
}

pub type Drawn = Result<(), FigureError>;

/// The root area and what it is drawn with.
pub struct Sheet<'b> {
    pub root: DrawingArea<Svg<'b>, Shift>,
    pub sizes: Sizes,
    pub colours: Colours,
    pub theme: Theme,
    id: String,
    clips: Cell<usize>,
}

impl<'b> Sheet<'b> {
    pub fn new(out: &'b mut String, spec: &FigureSpec, id: &str) -> Self {
        // The height is not known before everything lies where it lies; nothing is cut at it.
        let size = (1_000_000, 1_000_000);
        Self {
            root: Svg::new(out, size).into_drawing_area(),
            sizes: layout::sizes(spec),
            colours: colours(spec.theme),
            theme: spec.theme,
            id: id.to_owned(),
            clips: Cell::new(0),
        }
    }

    /// So many font sizes.
    pub fn em(&self, n: f64) -> f64 {
        self.sizes.font * n
    }

    pub fn rgb(&self, ink: Ink) -> Rgb {
        ink.rgb(self.theme, &self.colours)
    }

    pub fn put<E>(&self, element: &E) -> Drawn
    where
        for<'e> &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<Svg<'b>>,
    {
        self.root.draw(element).map_err(failed)
    }

    pub fn set(&self, colour: Rgb, anchor: Anchor) -> Type {
        Type {
            colour,
            size: self.sizes.font,
            weight: Weight::Regular,
            anchor,
            turn: 0.0,
            rim: None,
        }
    }

    /// A text at a place.
    pub fn text(&self, x: f64, y: f64, text: &str, set: Type) -> Drawn {
        self.put(&Label {
            at: [(fine(x), fine(y))],
            text: text.to_owned(),
            set,
        })
    }

    pub fn heading(&self, x: f64, y: f64, text: &str, size: f64) -> Drawn {
        let set = Type {
            size,
            weight: Weight::SemiBold,
            ..self.set(self.colours.ink, Anchor::Start)
        };
        self.text(x, y, text, set)
    }

    pub fn small(&self, x: f64, y: f64, text: &str, size: f64) -> Drawn {
        let set = Type {
            size,
            ..self.set(self.colours.muted, Anchor::Start)
        };
        self.text(x, y, text, set)
    }

    /// An unbroken line.
    pub fn line(&self, points: &[(f64, f64)], colour: Rgb, width: f64) -> Drawn {
        self.stroke(
            points,
            Pen {
                colour,
                width,
                opacity: 1.0,
                dash: &[],
            },
        )
    }

    pub fn stroke(&self, points: &[(f64, f64)], pen: Pen) -> Drawn {
        self.put(&Stroke {
            points: backend(points),
            pen,
        })
    }

    pub fn block(&self, a: (f64, f64), b: (f64, f64), colour: Rgb, opacity: f64) -> Drawn {
        let points = backend(&[a, b]);
        self.put(&Block {
            corners: [points[0], points[1]],
            colour,
            opacity,
            edge: None,
        })
    }

    pub fn dots(&self, points: &[(f64, f64)], ink: Ink, radius: f64) -> Drawn {
        self.put(&Dots {
            points: backend(points),
            marker: ink.marker(),
            radius,
            colour: self.rgb(ink),
            opacity: 1.0,
            rim: None,
        })
    }

    pub fn raw(&self, text: &str) -> Drawn {
        self.put(&Raw(text.to_owned()))
    }

    /// Everything until [`Self::unclip`] is seen inside a rectangle only.
    pub fn clip(&self, x: f64, y: f64, w: f64, h: f64) -> Drawn {
        let id = format!("{}c{}", self.id, self.clips.get());
        self.clips.set(self.clips.get() + 1);
        self.raw(&format!(
            "<clipPath id=\"{id}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath><g clip-path=\"url(#{id})\">\n",
            fine(x),
            fine(y),
            fine(w),
            fine(h)
        ))
    }

    pub fn unclip(&self) -> Drawn {
        self.raw("</g>\n")
    }
}

fn backend(points: &[(f64, f64)]) -> Vec<(i32, i32)> {
    points
        .iter()
        .map(|(x, y)| ((x * FINE).round() as i32, (y * FINE).round() as i32))
        .collect()
}
