//! Grid lines, tick labels and the axes.

use super::super::axes::{horizontal, vertical};
use super::super::font::{self, Weight};
use super::super::labels;
use super::super::sheet::{Drawn, Sheet};
use super::super::svg::{Anchor, Type};
use super::Frame;
use crate::figure::{Axis, Panel, Tick, Values};

/// A y axis' categories, shortened to a good third of the panel.
pub(super) fn category_labels(sheet: &Sheet<'_>, axis: &Axis, cell: f64) -> Option<Vec<Tick>> {
    let Values::Categories(names) = &axis.values else {
        return None;
    };
    let room = (cell * 0.38).max(sheet.em(6.0));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let short = labels::shortened(&names, room, sheet.sizes.font, Weight::Regular);
    let tick = |(i, label): (usize, String)| Tick { at: i as f64, label };
    Some(short.into_iter().enumerate().map(tick).collect())
}

/// The angle at which an x axis' categories stand, and the height that they take.
pub(super) fn turned_height(sheet: &Sheet<'_>, panel: &Panel, cell: f64) -> f64 {
    let Values::Categories(names) = &panel.x.values else {
        return sheet.em(1.5);
    };
    let each = cell * 0.85 / names.len() as f64;
    let wide = names
        .iter()
        .map(|n| font::width(n, sheet.sizes.font, Weight::Regular))
        .fold(0.0, f64::max);
    if wide + sheet.em(0.5) <= each {
        sheet.em(1.5)
    } else {
        sheet.em(1.0) + wide.min(sheet.em(11.0)) * 0.71
    }
}

/// Grid lines, tick labels and the axes.
pub(super) fn ticks(sheet: &Sheet<'_>, panel: &Panel, frame: Frame) -> Drawn {
    let (grid, ink, muted) = (sheet.colours.grid, sheet.colours.ink, sheet.colours.muted);
    let thin = sheet.sizes.line * 0.6;
    let cell = frame.width + sheet.em(4.0);
    let across = horizontal(&panel.x, frame.width, sheet);
    let turned = matches!(panel.x.values, Values::Categories(_))
        && turned_height(sheet, panel, frame.width) > sheet.em(1.6);
    let texts: Vec<&str> = across.iter().map(|t| t.label.as_str()).collect();
    let room = if turned { sheet.em(11.0) } else { f64::INFINITY };
    let texts = labels::shortened(&texts, room, sheet.sizes.font, Weight::Regular);
    for (tick, label) in across.iter().zip(texts) {
        let x = frame.left + panel.x.scale.place(tick.at) * frame.width;
        let small = tick.label.is_empty();
        if !small && !matches!(panel.x.values, Values::Categories(_)) {
            sheet.line(&[(x, frame.top), (x, frame.bottom())], grid, thin)?;
        }
        let length = if small { 0.2 } else { 0.35 };
        sheet.line(
            &[(x, frame.bottom()), (x, frame.bottom() + sheet.em(length))],
            muted,
            thin,
        )?;
        let (anchor, turn, y) = if turned {
            (Anchor::End, -45.0, frame.bottom() + sheet.em(0.9))
        } else {
            (Anchor::Middle, 0.0, frame.bottom() + sheet.em(1.3))
        };
        let set = Type {
            turn,
            ..sheet.set(ink, anchor)
        };
        if !small {
            sheet.text(x + if turned { sheet.em(0.3) } else { 0.0 }, y, &label, set)?;
        }
    }
    let categories = category_labels(sheet, &panel.y, cell / 0.96);
    let ordinary = categories.is_none();
    for tick in categories.unwrap_or_else(|| vertical(&panel.y, frame.height, sheet)) {
        let y = frame.bottom() - panel.y.scale.place(tick.at) * frame.height;
        if tick.label.is_empty() {
            sheet.line(&[(frame.left - sheet.em(0.15), y), (frame.left, y)], muted, thin)?;
            continue;
        }
        sheet.line(&[(frame.left, y), (frame.right(), y)], grid, thin)?;
        sheet.text(
            frame.left - sheet.em(0.5),
            y + sheet.em(0.36),
            &tick.label,
            sheet.set(ink, Anchor::End),
        )?;
    }
    if ordinary {
        sheet.line(
            &[(frame.left, frame.top), (frame.left, frame.bottom())],
            muted,
            thin,
        )?;
    }
    sheet.line(
        &[(frame.left, frame.bottom()), (frame.right(), frame.bottom())],
        muted,
        thin,
    )
}
