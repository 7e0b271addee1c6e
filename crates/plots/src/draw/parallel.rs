//! Parallel coordinates: lines from axis to axis.

use super::axes::vertical;
use super::font::{self, Weight};
use super::labels;
use super::panels::ink_pen;
use super::sheet::Sheet;
use super::svg::{Anchor, Type};
use crate::error::FigureError;
use crate::figure::{Axis, Panel, Shape, Values};

/// Draws the panel; returns how much height it takes.
pub fn draw(
    sheet: &Sheet<'_>,
    panel: &Panel,
    (left, top, width): (f64, f64, f64),
    room: Option<f64>,
) -> Result<f64, FigureError> {
    let axes: Vec<(f64, &Axis)> = panel
        .marks
        .iter()
        .filter_map(|m| match &m.shape {
            Shape::Vertical { x, axis } => Some((*x, axis)),
            _ => None,
        })
        .collect();
    let last = axes.len().saturating_sub(1).max(1) as f64;
    let size = sheet.sizes.font;
    let text_width = |text: &str| font::width(text, size, Weight::Regular);
    // Room for the outer axes' labels, the last one's on the right, where no lines are; and for half of their names.
    let widest = |axis: Option<&(f64, &Axis)>| {
        let labels = axis.map_or(Vec::new(), |(_, a)| labels(sheet, a, width * 0.4));
        labels
            .iter()
            .map(|(_, l)| text_width(l))
            .fold(0.0, f64::max)
            .min(sheet.em(9.0))
    };
    let half = |axis: Option<&(f64, &Axis)>| {
        axis.map_or(0.0, |(_, a)| text_width(&a.label) / 2.0)
            .min(sheet.em(6.0))
    };
    let margin_left = (widest(axes.first()) + sheet.em(0.7)).max(half(axes.first()));
    let margin_right = (widest(axes.last()) + sheet.em(0.7)).max(half(axes.last()));
    let (from, to) = (left + margin_left, left + width - margin_right);
    let each = (to - from) / last;
    // Names that would touch stand in two rows.
    let touch = axes
        .windows(2)
        .any(|w| (text_width(&w[0].1.label) + text_width(&w[1].1.label)) / 2.0 + sheet.em(0.8) > each);
    let head = if touch { sheet.em(3.2) } else { sheet.em(1.9) };
    let height = room
        .map_or((width * 0.4).max(sheet.em(15.0)), |r| r - head - sheet.em(0.8))
        .max(sheet.em(5.0));
    let (y0, y1) = (top + head + height, top + head);
    let at = |p: &[f64; 2]| (from + p[0] / last * (to - from), y0 + (y1 - y0) * p[1]);
    let lines = panel
        .marks
        .iter()
        .filter(|m| matches!(m.shape, Shape::Line { .. }))
        .count();
    let opacity = if lines > 150 {
        0.35
    } else if lines > 40 {
        0.6
    } else {
        0.85
    };
    for mark in &panel.marks {
        if let Shape::Line { strands, .. } = &mark.shape {
            let pen = ink_pen(sheet, mark.ink, sheet.sizes.line * 1.2, opacity);
            for strand in strands {
                if let [one] = strand.as_slice() {
                    sheet.dots(&[at(one)], mark.ink, sheet.em(0.2))?;
                }
                sheet.stroke(&strand.iter().map(at).collect::<Vec<_>>(), pen)?;
            }
        }
    }
    for (i, (x, axis)) in axes.iter().enumerate() {
        let x = from + x / last * (to - from);
        sheet.line(&[(x, y0), (x, y1)], sheet.colours.ink, sheet.sizes.line * 0.8)?;
        let last_one = i > 0 && i + 1 == axes.len();
        let side = if last_one { 1.0 } else { -1.0 };
        let room = match i {
            0 => margin_left,
            _ if last_one => margin_right,
            _ => each * 0.8,
        };
        let (places, names): (Vec<f64>, Vec<String>) = labels(sheet, axis, height).into_iter().unzip();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = labels::shortened(&names, room.max(sheet.em(2.0)), size, Weight::Regular);
        for (place, label) in places.into_iter().zip(names) {
            let y = y0 + (y1 - y0) * place;
            sheet.line(
                &[(x + side * sheet.em(0.25), y), (x, y)],
                sheet.colours.ink,
                sheet.sizes.line * 0.8,
            )?;
            let set = Type {
                rim: Some(sheet.colours.ground),
                ..sheet.set(
                    sheet.colours.ink,
                    if side > 0.0 { Anchor::Start } else { Anchor::End },
                )
            };
            let start = x + side * sheet.em(0.45);
            if i > 0 && !last_one {
                // Lines that pass between its figures would read as signs: 0.0004 as 0:0004.
                let end = start - text_width(&label);
                let pad = sheet.em(0.12);
                let high = sheet.em(0.5);
                sheet.block(
                    (end - pad, y - high),
                    (start + pad, y + high),
                    sheet.colours.ground,
                    1.0,
                )?;
            }
            sheet.text(start, y + sheet.em(0.36), &label, set)?;
        }
        let row = if touch && i % 2 == 1 { 2.0 } else { 0.8 };
        let room = if touch { each * 1.8 } else { each * 1.2 };
        let name = font::fitted(&axis.label, room, size, Weight::SemiBold);
        let set = Type {
            weight: Weight::SemiBold,
            ..sheet.set(sheet.colours.ink, Anchor::Middle)
        };
        sheet.text(x, y1 - sheet.em(row), &name, set)?;
    }
    Ok(head + height + sheet.em(0.8))
}

/// Places and labels of an axis' ticks.
fn labels(sheet: &Sheet<'_>, axis: &Axis, height: f64) -> Vec<(f64, String)> {
    let ticks = match &axis.values {
        Values::Categories(_) => axis.ticks(2),
        _ => vertical(axis, height, sheet),
    };
    let inside = ticks.into_iter().filter(|t| !t.label.is_empty());
    inside
        .map(|t| (axis.scale.place(t.at), t.label))
        .filter(|(place, _)| (-1e-6..=1.0 + 1e-6).contains(place))
        .collect()
}
