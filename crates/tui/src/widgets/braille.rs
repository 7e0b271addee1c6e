//! Dots of braille: eight to a cell, so that curves are finer than characters.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Bits of a braille character by row and column of the dot.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A grid of dots, two to a column and four to a row of cells. `y` counts from the top.
#[derive(Clone, Debug)]
pub struct Canvas {
    columns: usize,
    rows: usize,
    dots: Vec<u8>,
    styles: Vec<Style>,
}

impl Canvas {
    /// An empty grid for so many cells.
    pub fn new(columns: u16, rows: u16) -> Self {
        let cells = usize::from(columns) * usize::from(rows);
        Self {
            columns: columns.into(),
            rows: rows.into(),
            dots: vec![0; cells],
            styles: vec![Style::new(); cells],
        }
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.columns * 2
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        self.rows * 4
    }

    /// Sets a dot; outside there are none. A cell has the style of its last dot.
    pub fn dot(&mut self, x: i64, y: i64, style: Style) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x >= self.width() || y >= self.height() {
            return;
        }
        let cell = y / 4 * self.columns + x / 2;
        self.dots[cell] |= BITS[y % 4][x % 2];
        self.styles[cell] = style;
    }

    /// A line between two dots (Bresenham), with strokes and gaps in dots; `walked` carries the pattern on to the next piece.
    pub fn line(
        &mut self,
        from: (i64, i64),
        to: (i64, i64),
        style: Style,
        pattern: &[u16],
        walked: &mut u32,
    ) {
        // What lies far outside is cut, so that no value makes a line of millions of dots.
        let Some(((x0, y0), (x1, y1))) = self.clip(from, to) else {
            return;
        };
        let (dx, dy) = ((x1 - x0).abs(), -(y1 - y0).abs());
        let (sx, sy) = ((x1 - x0).signum(), (y1 - y0).signum());
        let (mut x, mut y, mut error) = (x0, y0, dx + dy);
        loop {
            if stroke(pattern, *walked) {
                self.dot(x, y, style);
            }
            *walked = walked.wrapping_add(1);
            if (x, y) == (x1, y1) {
                break;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                x += sx;
            }
            if twice <= dx {
                error += dx;
                y += sy;
            }
        }
    }

    /// The part of a line that is inside, with a margin of a few dots (Liang & Barsky 1984).
    fn clip(&self, from: (i64, i64), to: (i64, i64)) -> Option<((i64, i64), (i64, i64))> {
        const MARGIN: f64 = 4.0;
        let (x0, y0) = (from.0 as f64, from.1 as f64);
        let (dx, dy) = (to.0 as f64 - x0, to.1 as f64 - y0);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let (right, bottom) = (self.width() as f64 + MARGIN, self.height() as f64 + MARGIN);
        for (p, q) in [
            (-dx, x0 + MARGIN),
            (dx, right - x0),
            (-dy, y0 + MARGIN),
            (dy, bottom - y0),
        ] {
            if p == 0.0 {
                if q < 0.0 {
                    return None;
                }
            } else if p < 0.0 {
                enter = enter.max(q / p);
            } else {
                leave = leave.min(q / p);
            }
        }
        let at = |t: f64| ((x0 + dx * t).round() as i64, (y0 + dy * t).round() as i64);
        (enter <= leave).then(|| (at(enter), at(leave)))
    }

    /// Puts the dots on the screen, over what is there.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        for (at, bits) in self.dots.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let place = (
                area.x + (at % self.columns) as u16,
                area.y + (at / self.columns) as u16,
            );
            if let Some(cell) = buffer.cell_mut(place) {
                let symbol = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
                cell.set_char(symbol).set_style(self.styles[at]);
            }
        }
    }
}

fn stroke(pattern: &[u16], walked: u32) -> bool {
    let length: u32 = pattern.iter().map(|p| u32::from(*p)).sum();
    if length == 0 {
        return true;
    }
    let mut at = walked % length;
    for (i, part) in pattern.iter().enumerate() {
        if at < u32::from(*part) {
            return i % 2 == 0;
        }
        at -= u32::from(*part);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(canvas: &Canvas, columns: u16, rows: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        canvas.draw(buffer.area, &mut buffer);
        buffer.content().iter().map(|c| c.symbol()).collect()
    }

    #[test]
    fn lines_are_rows_of_dots() {
        let mut canvas = Canvas::new(2, 1);
        canvas.line((0, 0), (3, 3), Style::new(), &[], &mut 0);
        assert_eq!(text(&canvas, 2, 1), "⠑⢄");
        let mut dashed = Canvas::new(2, 1);
        dashed.line((0, 0), (3, 0), Style::new(), &[1, 1], &mut 0);
        assert_eq!(text(&dashed, 2, 1), "⠁⠁");
    }

    #[test]
    fn far_away_ends_cost_nothing_and_keep_the_slope() {
        let mut canvas = Canvas::new(4, 2);
        canvas.line((-1_000_000_000, 4), (1_000_000_000, 4), Style::new(), &[], &mut 0);
        assert_eq!(text(&canvas, 4, 2).chars().filter(|c| *c != ' ').count(), 4);
        let mut outside = Canvas::new(4, 2);
        outside.line((0, 1_000), (7, 1_000), Style::new(), &[], &mut 0);
        assert_eq!(text(&outside, 4, 2).trim(), "");
    }
}
