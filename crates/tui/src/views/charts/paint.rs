//! Paints a panel with dots of braille.

use diptych_plots::figure::{Ink, Line, Panel, Scale, Shape};
use diptych_plots::style::slot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::theme::{Depth, Theme};
use crate::widgets::braille::Canvas;
use crate::widgets::frame::put;
use crate::widgets::text;

/// Columns of the y axis' numbers.
pub const LABELS: u16 = 9;

/// The part of a panel that curves are in: without title and axes.
pub fn plot_of(area: Rect) -> Rect {
    Rect {
        x: area.x + LABELS,
        y: area.y + 1,
        width: area.width.saturating_sub(LABELS + 1),
        height: area.height.saturating_sub(2),
    }
}

/// What a panel is painted with.
#[derive(Clone, Copy)]
pub struct Look {
    /// Where the cursor is.
    pub cursor: Option<f64>,
    /// The curve that is emphasised.
    pub focus: Option<usize>,
    /// Whether curves have letters.
    pub letters: bool,
    /// Colours.
    pub theme: Theme,
}

/// The letter of a curve, where curves have some: small ones, capitals, digits, and from the start again.
pub fn letter(slot: usize) -> char {
    let letters = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    letters.cycle().nth(slot % 62).unwrap_or('a')
}

/// Paints a panel.
pub fn paint(panel: &Panel, area: Rect, look: Look, buffer: &mut Buffer) {
    let Look {
        cursor, focus, theme, ..
    } = look;
    let plot = plot_of(area);
    if plot.width < 4 || plot.height < 2 {
        return;
    }
    axes(panel, area, plot, theme, buffer);
    if let Some(x) = cursor {
        let at = panel.x.scale.place(x);
        if (0.0..=1.0).contains(&at) {
            let x = plot.x + ((at * f64::from(plot.width)) as u16).min(plot.width - 1);
            for y in plot.y..plot.bottom() {
                put(buffer, x, y, "┊", 1, theme.accent());
            }
        }
    }
    let mut canvas = Canvas::new(plot.width, plot.height);
    for mark in &panel.marks {
        let Ink::Slot(at) = mark.ink else { continue };
        let elsewhere = focus.is_some_and(|f| f != at);
        let style = match &mark.shape {
            Shape::Band { .. }
            | Shape::Line {
                line: Line::Faint, ..
            } => theme.faint(at),
            _ if elsewhere => theme.faint(at),
            _ => theme.series(at).add_modifier(if focus == Some(at) {
                Modifier::BOLD
            } else {
                Modifier::empty()
            }),
        };
        if !elsewhere
            || !matches!(
                mark.shape,
                Shape::Band { .. }
                    | Shape::Line {
                        line: Line::Faint,
                        ..
                    }
            )
        {
            shape(&mut canvas, &mark.shape, panel, style, at, theme);
        }
    }
    canvas.draw(plot, buffer);
    if look.letters {
        write_letters(panel, plot, look, buffer);
    }
}

/// Columns between the letters of a curve.
const APART: usize = 24;

/// Writes each curve's letter at its end, and a few times along it.
fn write_letters(panel: &Panel, plot: Rect, look: Look, buffer: &mut Buffer) {
    let grid = Grid {
        x: &panel.x.scale,
        y: &panel.y.scale,
        width: f64::from(plot.width - 1),
        height: f64::from(plot.height - 1),
    };
    let mut taken = std::collections::HashSet::new();
    // Ends first: those along the way give in.
    for along in [false, true] {
        for mark in &panel.marks {
            let (
                Ink::Slot(at),
                Shape::Line {
                    strands,
                    line: Line::Main,
                },
            ) = (mark.ink, &mark.shape)
            else {
                continue;
            };
            let cells = cells(strands, &grid, plot);
            let wanted: Vec<usize> = if along {
                let first = at * 7 % APART;
                (0..cells.len()).filter(|i| i % APART == first).collect()
            } else {
                // One that another curve ends at gives way to the left.
                (cells.len().saturating_sub(8)..cells.len()).rev().collect()
            };
            let style = look.theme.series(at).add_modifier(Modifier::BOLD);
            for cell in wanted.into_iter().map(|i| cells[i]) {
                if taken.insert(cell) {
                    let text = letter(at).to_string();
                    put(buffer, plot.x + cell.0, plot.y + cell.1, &text, 1, style);
                    if !along {
                        break;
                    }
                }
            }
        }
    }
}

/// The cells that a curve goes through, one a column, from left to right.
fn cells(strands: &[Vec<[f64; 2]>], grid: &Grid<'_>, plot: Rect) -> Vec<(u16, u16)> {
    let mut cells: Vec<(u16, u16)> = Vec::new();
    let mut add = |x: i64, y: i64| {
        let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else {
            return;
        };
        if x < plot.width && y < plot.height && cells.last().is_none_or(|(last, _)| x > *last) {
            cells.push((x, y));
        }
    };
    for strand in strands {
        for pair in strand.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let (from, to) = (grid.x(a[0]), grid.x(b[0]));
            for x in from.max(0)..to.min(plot.width.into()) {
                let part = (x - from) as f64 / (to - from) as f64;
                // On the screen lines are straight, also where the axis is logarithmic.
                let (low, high) = (grid.y(a[1]) as f64, grid.y(b[1]) as f64);
                add(x, (low + (high - low) * part).round() as i64);
            }
        }
        if let Some(last) = strand.last() {
            add(grid.x(last[0]), grid.y(last[1]));
        }
    }
    cells
}

/// From values to dots.
struct Grid<'p> {
    x: &'p Scale,
    y: &'p Scale,
    width: f64,
    height: f64,
}

impl Grid<'_> {
    fn x(&self, value: f64) -> i64 {
        (self.x.place(value) * self.width).round() as i64
    }

    fn y(&self, value: f64) -> i64 {
        ((1.0 - self.y.place(value)) * self.height).round() as i64
    }
}

fn shape(canvas: &mut Canvas, shape: &Shape, panel: &Panel, style: Style, at: usize, theme: Theme) {
    let grid = Grid {
        x: &panel.x.scale,
        y: &panel.y.scale,
        width: (canvas.width() - 1) as f64,
        height: (canvas.height() - 1) as f64,
    };
    match shape {
        Shape::Line { strands, line } => {
            // Where there are no colours, dashes tell curves apart.
            let dashes: Vec<u16> = match (theme.depth, line) {
                (Depth::None, Line::Main) => slot(at)
                    .dash
                    .pattern()
                    .iter()
                    .map(|l| (l * 1.5).round() as u16)
                    .collect(),
                _ => Vec::new(),
            };
            for strand in strands {
                let mut walked = 0;
                match strand.as_slice() {
                    [one] => {
                        let (x, y) = (grid.x(one[0]), grid.y(one[1]));
                        // A lone point would be a speck.
                        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                            canvas.dot(x + dx, y + dy, style);
                        }
                    }
                    several => {
                        for pair in several.windows(2) {
                            let (a, b) = (
                                (grid.x(pair[0][0]), grid.y(pair[0][1])),
                                (grid.x(pair[1][0]), grid.y(pair[1][1])),
                            );
                            canvas.line(a, b, style, &dashes, &mut walked);
                        }
                    }
                }
            }
        }
        Shape::Band { points } => {
            // Every fourth dot: what lies behind shines through.
            let between = |a: f64, b: f64, part: f64| a + (b - a) * part;
            for pair in points.windows(2) {
                let (x0, x1) = (grid.x(pair[0][0]), grid.x(pair[1][0]));
                for x in x0.max(0)..=x1.min(canvas.width() as i64) {
                    let part = if x1 > x0 {
                        (x - x0) as f64 / (x1 - x0) as f64
                    } else {
                        0.0
                    };
                    let (low, high) = (
                        between(pair[0][1], pair[1][1], part),
                        between(pair[0][2], pair[1][2], part),
                    );
                    let (top, bottom) = (grid.y(high).max(0), grid.y(low).min(canvas.height() as i64));
                    for y in top..=bottom {
                        if (x + 2 * y) % 4 == 0 {
                            canvas.dot(x, y, style);
                        }
                    }
                }
            }
        }
        // Figures of curves have no other shapes.
        _ => {}
    }
}

fn axes(panel: &Panel, area: Rect, plot: Rect, theme: Theme, buffer: &mut Buffer) {
    if let Some(title) = &panel.title {
        put(buffer, plot.x, area.y, title, plot.width, theme.heading());
    }
    for y in plot.y..plot.bottom() {
        put(buffer, plot.x - 1, y, "│", 1, theme.dim());
    }
    let mut taken = None;
    for tick in panel.y.ticks(usize::from(plot.height / 3).clamp(2, 8)) {
        let place = panel.y.scale.place(tick.at);
        if !(0.0..=1.0).contains(&place) || tick.label.is_empty() {
            continue;
        }
        let row = ((1.0 - place) * f64::from(plot.height - 1)).round() as u16;
        // Labels never share a row; ticks come from below.
        if taken == Some(row) {
            continue;
        }
        taken = Some(row);
        let label = text::right(&tick.label, usize::from(LABELS - 2));
        put(
            buffer,
            area.x,
            plot.y + row,
            &format!("{label} ┤"),
            LABELS,
            theme.dim(),
        );
    }
    let y = plot.bottom();
    let title = panel.x.title();
    let room = plot.width.saturating_sub(text::width(&title) as u16 + 2);
    let mut free = plot.x;
    for tick in panel.x.ticks(usize::from(plot.width / 14).clamp(2, 10)) {
        let place = panel.x.scale.place(tick.at);
        if !(0.0..=1.0).contains(&place) || tick.label.is_empty() {
            continue;
        }
        let width = text::width(&tick.label) as u16;
        let x = plot.x + (place * f64::from(plot.width - 1)).round() as u16;
        let start = x.saturating_sub(width / 2).max(free);
        if start + width > plot.x + room {
            break;
        }
        put(buffer, start, y, &tick.label, width, theme.dim());
        free = start + width + 2;
    }
    let width = text::width(&title) as u16;
    put(
        buffer,
        plot.right().saturating_sub(width),
        y,
        &title,
        width,
        theme.dim(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_has_a_letter_of_its_own() {
        let letters: std::collections::BTreeSet<char> = (0..62).map(letter).collect();
        assert_eq!(letters.len(), 62);
    }
}
