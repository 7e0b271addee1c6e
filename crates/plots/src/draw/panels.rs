//! Panels in rows and columns, their plotting areas aligned.

use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::DrawingArea;
use plotters::element::{Drawable, PointCollection};

use super::axes::{Along, horizontal, vertical, widest};
use super::elements::{Area, Block, Dots, Label, Stroke};
use super::font::{self, Weight};
use super::parallel;
use super::sheet::{Drawn, Sheet, failed};
use super::svg::{Anchor, Pen, Svg, Type, fine};
use crate::error::FigureError;
use crate::figure::{Axis, Entry, Ink, Key, Line, Mark, Panel, Shape, Tick, Values};
use crate::layout;
use crate::spec::FigureSpec;

/// A plotting area in data coordinates.
type Plot<'b> = DrawingArea<Svg<'b>, Cartesian2d<Along, Along>>;

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
        across = across.min(2);
    }
    let rows = panels.len().div_ceil(across);
    let gap = sheet.em(1.6);
    let cell = (width - gap * (across - 1) as f64) / across as f64;
    let head = |row: usize| {
        let labelled = panels[row * across..]
            .iter()
            .take(across)
            .any(|p| !head_text(p).is_empty());
        let lines = panels[row * across..]
            .iter()
            .take(across)
            .map(|p| legend_rows(sheet, p, cell).len())
            .max();
        let legend = lines.unwrap_or(0) as f64 * sheet.em(1.35);
        legend + if labelled { sheet.em(1.7) } else { sheet.em(0.5) }
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
                .map(|p| natural_height(sheet, p, cell, across))
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
            one(sheet, panel, frame, (x, cell), says_x(i))?;
        }
        y = frame_top + height + foot(row) + spacing;
    }
    Ok(y - spacing - top)
}

/// What stands above a panel: its title, and what the y axis shows.
fn head_text(panel: &Panel) -> Vec<(String, Weight)> {
    let mut parts = Vec::new();
    if let Some(title) = &panel.title {
        parts.push((title.clone(), Weight::SemiBold));
    }
    let label = panel.y.title();
    if !label.is_empty() && panel.title.as_ref() != Some(&label) {
        parts.push((label, Weight::Regular));
    }
    parts
}

fn natural_height(sheet: &Sheet<'_>, panel: &Panel, cell: f64, across: usize) -> f64 {
    match &panel.y.values {
        Values::Categories(names) => (names.len() as f64 * sheet.em(2.1)).max(sheet.em(4.0)),
        _ if across == 1 => (cell * 0.42).max(sheet.em(14.0)),
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

/// A y axis' categories, shortened to a good third of the panel.
fn category_labels(sheet: &Sheet<'_>, axis: &Axis, cell: f64) -> Option<Vec<Tick>> {
    let Values::Categories(names) = &axis.values else {
        return None;
    };
    let room = (cell * 0.38).max(sheet.em(6.0));
    let tick = |(i, name): (usize, &String)| Tick {
        at: i as f64,
        label: font::fitted(name, room, sheet.sizes.font, Weight::Regular),
    };
    Some(names.iter().enumerate().map(tick).collect())
}

/// The angle at which an x axis' categories stand, and the height that they take.
fn turned_height(sheet: &Sheet<'_>, panel: &Panel, cell: f64) -> f64 {
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

fn one(sheet: &Sheet<'_>, panel: &Panel, frame: Frame, (left, cell): (f64, f64), says_x: bool) -> Drawn {
    let mut x = left;
    let lines = legend_rows(sheet, panel, cell).len() as f64 * sheet.em(1.35);
    let room = frame.right() - left;
    for (text, weight) in head_text(panel) {
        let text = font::fitted(
            &text,
            (room - (x - left)).max(sheet.em(4.0)),
            sheet.sizes.font,
            weight,
        );
        let set = Type {
            weight,
            ..sheet.set(sheet.colours.ink, Anchor::Start)
        };
        sheet.text(x, frame.top - sheet.em(0.6) - lines, &text, set)?;
        x += font::width(&text, sheet.sizes.font, weight) + sheet.em(0.8);
    }
    panel_legend(sheet, panel, left, frame, cell)?;
    ticks(sheet, panel, frame)?;
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
    // Markers at the edge are whole.
    let slack = sheet.em(0.4);
    sheet.clip(
        frame.left - slack,
        frame.top - slack,
        frame.width + 2.0 * slack,
        frame.height + 2.0 * slack,
    )?;
    let coordinates = Cartesian2d::new(
        Along(panel.x.scale),
        Along(panel.y.scale),
        (
            fine(frame.left)..fine(frame.right()),
            fine(frame.bottom())..fine(frame.top),
        ),
    );
    let plot = sheet.root.apply_coord_spec(coordinates);
    for mark in &panel.marks {
        draw_mark(sheet, &plot, panel, mark)?;
    }
    sheet.unclip()
}

/// How wide a panel's head is, and an entry of its legend.
fn head_width(sheet: &Sheet<'_>, panel: &Panel) -> f64 {
    let parts = head_text(panel);
    let width =
        |(text, weight): &(String, Weight)| font::width(text, sheet.sizes.font, *weight) + sheet.em(0.8);
    parts.iter().map(width).sum()
}

fn entry_width(sheet: &Sheet<'_>, entry: &Entry) -> f64 {
    let text = font::width(&entry.label, sheet.sizes.font * 0.9, Weight::Regular);
    sheet.em(1.6) + text + sheet.em(0.8)
}

/// A panel's own legend in lines of `room`; none where it fits beside the panel's head.
fn legend_rows<'p>(sheet: &Sheet<'_>, panel: &'p Panel, room: f64) -> Vec<Vec<&'p Entry>> {
    let all: f64 = panel.legend.iter().map(|e| entry_width(sheet, e)).sum();
    let mut rows: Vec<Vec<&Entry>> = Vec::new();
    if head_width(sheet, panel) + all <= room - sheet.em(0.9) {
        return rows;
    }
    let mut x = f64::INFINITY;
    for entry in &panel.legend {
        let width = entry_width(sheet, entry);
        if x + width > room {
            rows.push(Vec::new());
            x = 0.0;
        }
        x += width;
        if let Some(row) = rows.last_mut() {
            row.push(entry);
        }
    }
    rows
}

/// A panel's own legend: right-aligned beside its head, or in lines below that.
fn panel_legend(sheet: &Sheet<'_>, panel: &Panel, left: f64, frame: Frame, cell: f64) -> Drawn {
    let rows = legend_rows(sheet, panel, cell);
    let base = frame.top - sheet.em(0.6);
    if rows.is_empty() {
        let all: f64 = panel.legend.iter().map(|e| entry_width(sheet, e)).sum();
        let entries: Vec<&Entry> = panel.legend.iter().collect();
        return legend_line(sheet, &entries, frame.right() + sheet.em(0.8) - all, base);
    }
    for (i, row) in rows.iter().enumerate() {
        let up = (rows.len() - 1 - i) as f64 * sheet.em(1.35);
        legend_line(sheet, row, left, base - up)?;
    }
    Ok(())
}

fn legend_line(sheet: &Sheet<'_>, entries: &[&Entry], mut x: f64, base: f64) -> Drawn {
    for entry in entries {
        let middle = base - sheet.em(0.33);
        sheet.stroke(
            &[(x, middle), (x + sheet.em(1.3), middle)],
            Pen {
                width: sheet.sizes.line * 1.3,
                dash: if entry.key == Key::Unbroken {
                    &[]
                } else {
                    entry.ink.dash().pattern()
                },
                ..ink_pen(sheet, entry.ink, 0.0, 1.0)
            },
        )?;
        let set = Type {
            size: sheet.sizes.font * 0.9,
            ..sheet.set(sheet.colours.ink, Anchor::Start)
        };
        sheet.text(x + sheet.em(1.6), base, &entry.label, set)?;
        x += entry_width(sheet, entry);
    }
    Ok(())
}

/// Grid lines, tick labels and the axes.
fn ticks(sheet: &Sheet<'_>, panel: &Panel, frame: Frame) -> Drawn {
    let (grid, ink, muted) = (sheet.colours.grid, sheet.colours.ink, sheet.colours.muted);
    let thin = sheet.sizes.line * 0.6;
    let cell = frame.width + sheet.em(4.0);
    let across = horizontal(&panel.x, frame.width, sheet);
    let turned = matches!(panel.x.values, Values::Categories(_))
        && turned_height(sheet, panel, frame.width) > sheet.em(1.6);
    for tick in &across {
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
        let label = if turned {
            font::fitted(&tick.label, sheet.em(11.0), sheet.sizes.font, Weight::Regular)
        } else {
            tick.label.clone()
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

/// Puts an element in data coordinates.
fn put<'b, E>(plot: &Plot<'b>, element: &E) -> Drawn
where
    for<'e> &'e E: PointCollection<'e, (f64, f64)>,
    E: Drawable<Svg<'b>>,
{
    plot.draw(element).map_err(failed)
}

fn draw_mark<'b>(sheet: &Sheet<'b>, plot: &Plot<'b>, panel: &Panel, mark: &Mark) -> Drawn {
    let colour = sheet.rgb(mark.ink);
    let line = sheet.sizes.line;
    let pen = |width: f64, opacity: f64, dashed: bool| Pen {
        colour,
        width,
        opacity,
        dash: if dashed { mark.ink.dash().pattern() } else { &[] },
    };
    let pairs = |points: &[[f64; 2]]| -> Vec<(f64, f64)> { points.iter().map(|p| (p[0], p[1])).collect() };
    let dots = |points: Vec<(f64, f64)>, radius: f64, opacity: f64, rim: bool| {
        put(
            plot,
            &Dots {
                points,
                marker: mark.ink.marker(),
                radius,
                colour,
                opacity,
                rim: rim.then_some(sheet.colours.ground),
            },
        )
    };
    let (x, y) = (&panel.x.scale, &panel.y.scale);
    match &mark.shape {
        Shape::Line { strands, line: looks } => {
            let pen = match looks {
                Line::Main | Line::Marked => pen(line * 1.3, 1.0, true),
                Line::Dense => pen(line * 0.7, 0.9, false),
                Line::Faint => pen(line * 0.6, 0.22, false),
            };
            for strand in strands {
                let points = pairs(strand);
                // A point by itself between gaps would not be seen as a line.
                if strand.len() == 1 || *looks == Line::Marked {
                    dots(points.clone(), sheet.em(0.24), 1.0, false)?;
                }
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
        Shape::Points { at, small } => {
            let (radius, opacity) = if *small { (0.17, 0.75) } else { (0.32, 0.85) };
            dots(pairs(at), sheet.em(radius), opacity, !*small)
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
            dots(pairs(&[*at]), sheet.em(0.36), 1.0, true)
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
        Shape::Text { at, text } => put(
            plot,
            &Label {
                at: [(at[0], at[1])],
                text: text.clone(),
                set: Type {
                    rim: Some(sheet.colours.ground),
                    ..sheet.set(colour, Anchor::Middle)
                },
            },
        ),
        // Only parallel coordinates have these.
        Shape::Vertical { .. } => Ok(()),
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
