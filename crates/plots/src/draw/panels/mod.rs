//! Panels in rows and columns, their plotting areas aligned.

mod frame;
mod head;
mod marks;

pub use marks::ink_pen;

use plotters::coord::cartesian::Cartesian2d;

use super::axes::{Along, horizontal, vertical, widest};
use super::font::{self, Weight};
use super::parallel;
use super::sheet::{Drawn, Sheet};
use super::svg::{Anchor, Type, fine};
use crate::error::FigureError;
use crate::figure::{Panel, Shape, Tick, Values};
use crate::layout;
use crate::spec::FigureSpec;
use frame::{category_labels, turned_height};
use head::{HeadLine, heads, legend_rows};
use marks::Part;

/// Where a panel's plotting area lies.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// Draws panels; returns how much height they take.
pub fn draw(
    sheet: &Sheet<'_>,
    panels: &[Panel],
    spec: &FigureSpec,
    (left, top, width): (f64, f64, f64),
    room: Option<f64>,
) -> Result<f64, FigureError> {
    if let [panel] = panels
        && panel
            .marks
            .iter()
            .any(|m| matches!(m.shape, Shape::Vertical { .. }))
    {
        return parallel::draw(sheet, panel, (left, top, width), room);
    }
    let mut across = layout::panels_across(spec, panels.len());
    if panels.iter().any(|p| !p.legend.is_empty()) {
        // Legends of their own need room.
        across = across.min(((width / sheet.em(18.0)) as usize).clamp(1, 2));
    }
    let rows = panels.len().div_ceil(across);
    let gap = sheet.em(1.6);
    let cell = (width - gap * (across - 1) as f64) / across as f64;
    let heads = heads(sheet, panels, cell);
    let head = |row: usize| {
        let most = heads[row * across..]
            .iter()
            .take(across)
            .map(Vec::len)
            .max()
            .unwrap_or(0);
        let lines = panels[row * across..]
            .iter()
            .take(across)
            .map(|p| legend_rows(sheet, p, cell).len())
            .max();
        let legend = lines.unwrap_or(0) as f64 * sheet.em(1.35);
        let labels = match most {
            0 => sheet.em(0.5),
            lines => sheet.em(1.7) + (lines - 1) as f64 * sheet.em(1.25),
        };
        legend + labels
    };
    // The x title is said once where panels below each other share it.
    let says_x = |i: usize| {
        !panels[i].x.label.is_empty()
            && panels
                .get(i + across)
                .is_none_or(|below| below.x.label != panels[i].x.label)
    };
    let categories_below =
        |i: usize| matches!(&panels[i].x.values, Values::Categories(names) if !names.is_empty());
    let foot = |row: usize| {
        let those = row * across..((row + 1) * across).min(panels.len());
        let title = if those.clone().any(says_x) { 1.5 } else { 0.2 };
        let ticks = if those.clone().any(categories_below) {
            turned_height(sheet, &panels[those.start], cell)
        } else {
            sheet.em(1.5)
        };
        ticks + sheet.em(title)
    };
    let spacing = sheet.em(0.5);
    let furniture: f64 = (0..rows).map(|r| head(r) + foot(r)).sum::<f64>() + spacing * (rows - 1) as f64;
    let heights: Vec<f64> = (0..rows)
        .map(|row| match room {
            Some(room) => ((room - furniture) / rows as f64).max(sheet.em(4.0)),
            None => panels[row * across..]
                .iter()
                .take(across)
                .map(|p| natural_height(sheet, p, cell, (across, rows)))
                .fold(0.0, f64::max),
        })
        .collect();
    // Left margins are equal in a column, so that the areas align.
    let margins: Vec<f64> = (0..across)
        .map(|column| {
            let those = panels.iter().enumerate().filter(|(i, _)| i % across == column);
            those
                .map(|(i, p)| left_margin(sheet, p, heights[i / across], cell))
                .fold(0.0, f64::max)
        })
        .collect();
    let mut y = top;
    for (row, height) in heights.iter().copied().enumerate() {
        let frame_top = y + head(row);
        for (column, margin) in margins.iter().copied().enumerate() {
            let i = row * across + column;
            let Some(panel) = panels.get(i) else { break };
            let x = left + column as f64 * (cell + gap);
            let frame = Frame {
                left: x + margin,
                top: frame_top,
                width: cell - margin - right_margin(sheet, panel, cell - margin),
                height,
            };
            one(sheet, panel, &heads[i], frame, (x, cell), says_x(i))?;
        }
        y = frame_top + height + foot(row) + spacing;
    }
    Ok(y - spacing - top)
}

fn natural_height(sheet: &Sheet<'_>, panel: &Panel, cell: f64, (across, rows): (usize, usize)) -> f64 {
    match &panel.y.values {
        Values::Categories(names) => (names.len() as f64 * sheet.em(2.1)).max(sheet.em(4.0)),
        _ if across == 1 && rows > 2 => (cell * 0.26).max(sheet.em(8.0)),
        _ if across == 1 => (cell * 0.42).max(sheet.em(14.0)),
        _ if rows > 4 => (cell * 0.45).max(sheet.em(7.0)),
        _ => (cell * 0.62).max(sheet.em(9.0)),
    }
}

fn left_margin(sheet: &Sheet<'_>, panel: &Panel, height: f64, cell: f64) -> f64 {
    let labels = category_labels(sheet, &panel.y, cell).unwrap_or_else(|| vertical(&panel.y, height, sheet));
    widest(&labels, sheet.sizes.font) + sheet.em(0.7)
}

/// Room for the part of the last tick's label that lies beyond the axis.
fn right_margin(sheet: &Sheet<'_>, panel: &Panel, room: f64) -> f64 {
    let least = sheet.em(0.9);
    let width = room - least;
    let beyond = |tick: &Tick| {
        let half = font::width(&tick.label, sheet.sizes.font, Weight::Regular) / 2.0;
        half - (1.0 - panel.x.scale.place(tick.at)) * width
    };
    if matches!(panel.x.values, Values::Categories(_)) {
        return least;
    }
    let ticks = horizontal(&panel.x, width, sheet);
    ticks.iter().map(beyond).fold(least, f64::max)
}

fn one(
    sheet: &Sheet<'_>,
    panel: &Panel,
    head: &[HeadLine],
    frame: Frame,
    (left, cell): (f64, f64),
    says_x: bool,
) -> Drawn {
    let lines = legend_rows(sheet, panel, cell).len() as f64 * sheet.em(1.35);
    let room = frame.right() - left;
    for (i, line) in head.iter().enumerate() {
        let up = lines + (head.len() - 1 - i) as f64 * sheet.em(1.25);
        let mut x = left;
        for (text, weight) in line {
            let text = font::fitted(
                text,
                (room - (x - left)).max(sheet.em(4.0)),
                sheet.sizes.font,
                *weight,
            );
            let set = Type {
                weight: *weight,
                ..sheet.set(sheet.colours.ink, Anchor::Start)
            };
            sheet.text(x, frame.top - sheet.em(0.6) - up, &text, set)?;
            x += font::width(&text, sheet.sizes.font, *weight) + sheet.em(0.8);
        }
    }
    head::panel_legend(sheet, panel, left, frame, cell)?;
    frame::ticks(sheet, panel, frame)?;
    if says_x {
        let set = sheet.set(sheet.colours.ink, Anchor::Middle);
        let down = if matches!(panel.x.values, Values::Categories(_)) {
            turned_height(sheet, panel, frame.width)
        } else {
            sheet.em(1.5)
        };
        sheet.text(
            frame.left + frame.width / 2.0,
            frame.bottom() + down + sheet.em(1.0),
            &panel.x.title(),
            set,
        )?;
    }
    let coordinates = Cartesian2d::new(
        Along(panel.x.scale),
        Along(panel.y.scale),
        (
            fine(frame.left)..fine(frame.right()),
            fine(frame.bottom())..fine(frame.top),
        ),
    );
    let plot = sheet.root.apply_coord_spec(coordinates);
    // Half a line's width: a line along an edge is whole.
    let slack = sheet.sizes.line * 0.7;
    sheet.clip(
        frame.left - slack,
        frame.top - slack,
        frame.width + 2.0 * slack,
        frame.height + 2.0 * slack,
    )?;
    for mark in &panel.marks {
        marks::draw(sheet, &plot, panel, mark, Part::Lines)?;
    }
    sheet.unclip()?;
    for mark in &panel.marks {
        marks::draw(sheet, &plot, panel, mark, Part::Points)?;
    }
    Ok(())
}
