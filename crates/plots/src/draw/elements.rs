//! Elements for plotters' drawing areas: what [`Svg`] draws and plotters' own elements do not.

use std::convert::Infallible;

use plotters::element::{Drawable, PointCollection};
use plotters_backend::{BackendCoord, DrawingErrorKind};

use super::svg::{Pen, Svg, Type};
use crate::style::{Marker, Rgb};

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// A line through points, with dashes.
pub struct Stroke<C> {
    /// The points.
    pub points: Vec<C>,
    /// How it is drawn.
    pub pen: Pen,
}

/// A filled area.
pub struct Area<C> {
    /// Its corners.
    pub points: Vec<C>,
    /// Its colour.
    pub colour: Rgb,
    /// How much of it is seen.
    pub opacity: f64,
}

/// A rectangle with an edge.
pub struct Block<C> {
    /// Two opposite corners.
    pub corners: [C; 2],
    /// Its colour.
    pub colour: Rgb,
    /// How much of it is seen.
    pub opacity: f64,
    /// Its edge.
    pub edge: Option<Pen>,
}

/// Points with one look.
pub struct Dots<C> {
    /// Where.
    pub points: Vec<C>,
    /// Their shape.
    pub marker: Marker,
    /// Their size: half their height, in CSS pixels.
    pub radius: f64,
    /// Their colour.
    pub colour: Rgb,
    /// How much of them is seen.
    pub opacity: f64,
    /// A rim around them.
    pub rim: Option<Rgb>,
}

/// A text.
pub struct Label<C> {
    /// Where.
    pub at: [C; 1],
    /// What.
    pub text: String,
    /// How.
    pub set: Type,
}

/// SVG as it is: groups with clipping, and their ends.
pub struct Raw(pub String);

macro_rules! points {
    ($($element:ident . $field:ident),+) => {$(
        impl<'e, C: 'e> PointCollection<'e, C> for &'e $element<C> {
            type Point = &'e C;
            type IntoIter = &'e [C];

            fn point_iter(self) -> &'e [C] {
                &self.$field
            }
        }
    )+};
}
points!(Stroke.points, Area.points, Block.corners, Dots.points, Label.at);

impl<'e, C: 'e> PointCollection<'e, C> for &'e Raw {
    type Point = &'e C;
    type IntoIter = &'e [C];

    fn point_iter(self) -> &'e [C] {
        &[]
    }
}

impl<C> Drawable<Svg<'_>> for Stroke<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, svg: &mut Svg<'_>, _: (u32, u32)) -> Drawn {
        svg.stroke(&at.collect::<Vec<_>>(), &self.pen);
        Ok(())
    }
}

impl<C> Drawable<Svg<'_>> for Area<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, svg: &mut Svg<'_>, _: (u32, u32)) -> Drawn {
        svg.area(&at.collect::<Vec<_>>(), self.colour, self.opacity);
        Ok(())
    }
}

impl<C> Drawable<Svg<'_>> for Block<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, mut at: I, svg: &mut Svg<'_>, _: (u32, u32)) -> Drawn {
        if let (Some(a), Some(b)) = (at.next(), at.next()) {
            svg.rectangle(a, b, self.colour, self.opacity, self.edge.as_ref());
        }
        Ok(())
    }
}

impl<C> Drawable<Svg<'_>> for Dots<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, svg: &mut Svg<'_>, _: (u32, u32)) -> Drawn {
        for centre in at {
            self.dot(centre, svg);
        }
        Ok(())
    }
}

impl<C> Dots<C> {
    fn dot(&self, (x, y): BackendCoord, svg: &mut Svg<'_>) {
        let rim = |width: f64| Pen {
            colour: self.rim.unwrap_or(self.colour),
            width,
            opacity: self.opacity,
            dash: &[],
        };
        // Equal areas look equally large.
        let at = |dx: f64, dy: f64| {
            let r = self.radius * super::svg::FINE;
            (x + (dx * r).round() as i32, y + (dy * r).round() as i32)
        };
        let corners: &[(f64, f64)] = match self.marker {
            Marker::Disc => {
                let edge = self.rim.map_or(0.0, |_| self.radius * 0.3);
                let colour = self.rim.unwrap_or(self.colour);
                svg.disc((x, y), self.radius, self.colour, self.opacity, colour, edge);
                return;
            }
            Marker::Cross => {
                let pen = Pen {
                    colour: self.colour,
                    ..rim(self.radius * 0.55)
                };
                svg.stroke(&[at(-0.85, -0.85), at(0.85, 0.85)], &pen);
                svg.stroke(&[at(-0.85, 0.85), at(0.85, -0.85)], &pen);
                return;
            }
            Marker::Triangle => &[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)],
            Marker::Down => &[(0.0, 1.25), (1.15, -0.8), (-1.15, -0.8)],
            Marker::Square => &[(-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)],
            Marker::Diamond => &[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
        };
        let points: Vec<BackendCoord> = corners.iter().map(|(dx, dy)| at(*dx, *dy)).collect();
        if self.rim.is_some() {
            let mut closed = points.clone();
            closed.push(points[0]);
            svg.stroke(&closed, &rim(self.radius * 0.6));
        }
        svg.area(&points, self.colour, self.opacity);
    }
}

impl<C> Drawable<Svg<'_>> for Label<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, svg: &mut Svg<'_>, _: (u32, u32)) -> Drawn {
        for at in at {
            svg.text(at, &self.text, &self.set);
        }
        Ok(())
    }
}

impl Drawable<Svg<'_>> for Raw {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, _: I, svg: &mut Svg<'_>, _: (u32, u32)) -> Drawn {
        svg.raw(&self.0);
        Ok(())
    }
}
