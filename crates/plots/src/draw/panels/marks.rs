//! Curves, bands, points and bars in their panel.

use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::DrawingArea;
use plotters::element::{Drawable, PointCollection};

use super::super::axes::Along;
use super::super::elements::{Area, Block, Dots, Label, Stroke};
use super::super::sheet::{Drawn, Sheet, failed};
use super::super::svg::{Anchor, Pen, Svg, Type};
use crate::figure::{Ink, Line, Mark, Panel, Shape};

/// A plotting area in data coordinates.
pub(super) type Plot<'b> = DrawingArea<Svg<'b>, Cartesian2d<Along, Along>>;

/// Puts an element in data coordinates.
fn put<'b, E>(plot: &Plot<'b>, element: &E) -> Drawn
where
    for<'e> &'e E: PointCollection<'e, (f64, f64)>,
    E: Drawable<Svg<'b>>,
{
    plot.draw(element).map_err(failed)
}

/// What of a mark is drawn: lines and areas end at the axes, points are whole or not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Lines,
    Points,
}

pub(super) fn draw<'b>(sheet: &Sheet<'b>, plot: &Plot<'b>, panel: &Panel, mark: &Mark, part: Part) -> Drawn {
    match part {
        Part::Lines => lines(sheet, plot, panel, mark),
        Part::Points => points(sheet, plot, panel, mark),
    }
}

fn points<'b>(sheet: &Sheet<'b>, plot: &Plot<'b>, panel: &Panel, mark: &Mark) -> Drawn {
    let (x, y) = (&panel.x.scale, &panel.y.scale);
    let on = |place: f64| (-1e-9..=1.0 + 1e-9).contains(&place);
    let inside = |p: &&[f64; 2]| on(x.place(p[0])) && on(y.place(p[1]));
    let dots = |points: &[[f64; 2]], radius: f64, opacity: f64, rim: bool| {
        let points: Vec<(f64, f64)> = points.iter().filter(inside).map(|p| (p[0], p[1])).collect();
        if points.is_empty() {
            return Ok(());
        }
        put(
            plot,
            &Dots {
                points,
                marker: mark.ink.marker(),
                radius: sheet.em(radius),
                colour: sheet.rgb(mark.ink),
                opacity,
                rim: rim.then_some(sheet.colours.ground),
            },
        )
    };
    match &mark.shape {
        Shape::Line { strands, line } => {
            // A point by itself between gaps would not be seen as a line.
            let shown = strands
                .iter()
                .filter(|s| s.len() == 1 || matches!(line, Line::Marked | Line::Plain));
            shown.into_iter().try_for_each(|s| dots(s, 0.24, 1.0, false))
        }
        Shape::Points { at, small: true } => dots(at, 0.17, 0.75, false),
        Shape::Points { at, small: false } => dots(at, 0.32, 0.85, true),
        Shape::Interval { at, .. } => dots(&[*at], 0.36, 1.0, true),
        Shape::Text { at, text } => put(
            plot,
            &Label {
                at: [(at[0], at[1])],
                text: text.clone(),
                set: Type {
                    rim: Some(sheet.colours.ground),
                    ..sheet.set(sheet.rgb(mark.ink), Anchor::Middle)
                },
            },
        ),
        _ => Ok(()),
    }
}

fn lines<'b>(sheet: &Sheet<'b>, plot: &Plot<'b>, panel: &Panel, mark: &Mark) -> Drawn {
    let colour = sheet.rgb(mark.ink);
    let line = sheet.sizes.line;
    let pen = |width: f64, opacity: f64, dashed: bool| Pen {
        colour,
        width,
        opacity,
        dash: if dashed { mark.ink.dash().pattern() } else { &[] },
    };
    let pairs = |points: &[[f64; 2]]| -> Vec<(f64, f64)> { points.iter().map(|p| (p[0], p[1])).collect() };
    let (x, y) = (&panel.x.scale, &panel.y.scale);
    match &mark.shape {
        Shape::Line { strands, line: looks } => {
            let pen = match looks {
                _ if mark.ink == Ink::Rest => pen(line * 0.6, 0.8, false),
                Line::Main | Line::Marked => pen(line * 1.3, 1.0, true),
                Line::Plain => pen(line * 1.3, 1.0, false),
                Line::Thin => pen(line * 0.55, 0.9, true),
                Line::Dense => pen(line * 0.7, 0.9, false),
                Line::Faint => pen(line * 0.6, 0.22, false),
            };
            for strand in strands {
                let points = pairs(strand);
                put(plot, &Stroke { points, pen })?;
            }
            Ok(())
        }
        Shape::Band { points } => {
            let there = points.iter().map(|[x, low, _]| (*x, *low));
            let back = points.iter().rev().map(|[x, _, high]| (*x, *high));
            put(
                plot,
                &Area {
                    points: there.chain(back).collect(),
                    colour,
                    opacity: 0.2,
                },
            )
        }
        Shape::Interval { at, ends, along_x } => {
            if let Some([from, to]) = ends {
                let end = |v: f64| if *along_x { (v, at[1]) } else { (at[0], v) };
                let points = vec![end(*from), end(*to)];
                put(
                    plot,
                    &Stroke {
                        points,
                        pen: pen(line * 1.5, 1.0, false),
                    },
                )?;
            }
            Ok(())
        }
        Shape::Bar {
            across,
            along,
            along_x,
        } => {
            let corner = |i: usize| {
                if *along_x {
                    (along[i], across[i])
                } else {
                    (across[i], along[i])
                }
            };
            put(
                plot,
                &Block {
                    corners: [corner(0), corner(1)],
                    colour,
                    opacity: 0.85,
                    edge: Some(Pen {
                        colour: sheet.colours.ground,
                        width: 0.8,
                        opacity: 1.0,
                        dash: &[],
                    }),
                },
            )
        }
        Shape::RuleX { x } => put(
            plot,
            &Stroke {
                points: vec![(*x, y.value(0.0)), (*x, y.value(1.0))],
                pen: pen(line * 0.9, 1.0, true),
            },
        ),
        Shape::RuleY { y } => put(
            plot,
            &Stroke {
                points: vec![(x.value(0.0), *y), (x.value(1.0), *y)],
                pen: pen(line * 0.9, 1.0, true),
            },
        ),
        // Only parallel coordinates have axes as marks.
        Shape::Points { .. } | Shape::Text { .. } | Shape::Vertical { .. } => Ok(()),
    }
}

/// The ink of a mark on paper, for those who draw by themselves.
pub fn ink_pen(sheet: &Sheet<'_>, ink: Ink, width: f64, opacity: f64) -> Pen {
    Pen {
        colour: sheet.rgb(ink),
        width,
        opacity,
        dash: &[],
    }
}
