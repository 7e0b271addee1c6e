//! A grid of images with captions.

use super::elements::Raw;
use super::font::{self, Weight};
use super::labels;
use super::sheet::{Drawn, Sheet};
use super::svg::{Anchor, Svg, Type, fine};
use crate::error::FigureError;
use crate::figure::ImageGrid;

/// An image is enlarged so many times at most.
const LARGEST: f64 = 4.0;
/// A grid is so many times as high as the page is wide at most, unless its images would be smaller than they are, or than this.
const TALLEST: f64 = 0.85;
const SMALLEST: f64 = 48.0;

/// Draws the grid; returns how much height it takes.
pub fn draw(
    sheet: &Sheet<'_>,
    grid: &ImageGrid,
    (left, top, width): (f64, f64, f64),
    room: Option<f64>,
) -> Result<f64, FigureError> {
    let columns = grid.columns.len().max(1);
    let size = sheet.sizes.font;
    let gap = sheet.em(0.35);
    let names = grid
        .rows
        .iter()
        .map(|r| font::width(r, size, Weight::Regular))
        .fold(0.0, f64::max);
    let beside = if names > 0.0 {
        names.min(width * 0.25) + sheet.em(0.6)
    } else {
        0.0
    };
    let row_names: Vec<&str> = grid.rows.iter().map(String::as_str).collect();
    let short_names = labels::shortened(&row_names, beside - sheet.em(0.5), size, Weight::Regular);
    let ratio = grid
        .cells
        .iter()
        .flatten()
        .flatten()
        .map(|p| f64::from(p.height) / f64::from(p.width.max(1)))
        .fold(0.0, f64::max)
        .clamp(0.1, 10.0);
    let natural = grid
        .cells
        .iter()
        .flatten()
        .flatten()
        .map(|p| f64::from(p.width))
        .fold(1.0, f64::max);
    let across = (width - beside - gap * (columns - 1) as f64) / columns as f64;
    let rows = grid.rows.len();
    let headings = grid.headings.len() as f64 * sheet.em(1.6);
    let gaps = gap * rows.saturating_sub(1) as f64;
    // A grid fits on a page, as far as its images stay as large as they are, or large enough to be recognised.
    let down = (width * TALLEST - headings - gaps) / rows.max(1) as f64 / ratio;
    let mut cell = across
        .min(natural * LARGEST)
        .min(down.max(natural.min(SMALLEST)))
        .max(4.0);
    let mut heads = Heads::new(sheet, &grid.columns, cell + gap);
    if let Some(room) = room {
        let fits = (room - heads.height - headings - gaps) / rows.max(1) as f64 / ratio;
        if fits < cell {
            cell = fits.max(4.0);
            heads = Heads::new(sheet, &grid.columns, cell + gap);
        }
    }
    // What is narrower than the figure stands in its middle.
    let used = beside + columns as f64 * cell + gap * (columns - 1) as f64;
    let left = left + ((width - used) / 2.0).max(0.0);
    heads.draw(sheet, top, |c| {
        left + beside + c as f64 * (cell + gap) + cell / 2.0
    })?;
    let height = cell * ratio;
    let mut y = top + heads.height;
    for (i, (name, row)) in grid.rows.iter().zip(&grid.cells).enumerate() {
        for (_, heading) in grid.headings.iter().filter(|(at, _)| *at == i) {
            let text = font::fitted(heading, width, size, Weight::SemiBold);
            sheet.heading(left, y + sheet.em(1.0), &text, size)?;
            y += sheet.em(1.6);
        }
        let room = beside - sheet.em(0.5);
        let name_lines = labels::broken(name, room, 3, size, Weight::Regular)
            .unwrap_or_else(|| vec![short_names[i].clone()]);
        let first = y + height / 2.0 + sheet.em(0.36) - (name_lines.len() as f64 - 1.0) * sheet.em(0.6);
        for (i, line) in name_lines.iter().enumerate() {
            let set = Type {
                ..sheet.set(sheet.colours.ink, Anchor::End)
            };
            sheet.text(
                left + beside - sheet.em(0.5),
                first + i as f64 * sheet.em(1.2),
                line,
                set,
            )?;
        }
        for (c, picture) in row.iter().enumerate() {
            let x = left + beside + c as f64 * (cell + gap);
            match picture {
                Some(p) => {
                    let mut out = String::new();
                    let own = f64::from(p.height) / f64::from(p.width.max(1)) * cell;
                    Svg::new(&mut out, (1, 1)).image(
                        (fine(x), fine(y + (height - own) / 2.0)),
                        (fine(cell), fine(own)),
                        &p.data,
                        &p.alt,
                        cell >= f64::from(p.width) * 1.5,
                    );
                    sheet.put(&Raw(out))?;
                }
                None => {
                    sheet.block((x, y), (x + cell, y + height), sheet.colours.grid, 0.5)?;
                    let set = sheet.set(sheet.colours.muted, Anchor::Middle);
                    sheet.text(x + cell / 2.0, y + height / 2.0 + sheet.em(0.36), "–", set)?;
                }
            }
        }
        y += height + gap;
    }
    Ok(y - gap - top)
}

/// What stands above the columns: in lines that break between words, or where there is no room for these, upright.
struct Heads {
    lines: Vec<Vec<String>>,
    turned: bool,
    height: f64,
}

impl Heads {
    fn new(sheet: &Sheet<'_>, names: &[String], room: f64) -> Self {
        const LINES: usize = 3;
        let (size, room) = (sheet.sizes.font, room - sheet.em(0.5));
        let whole: Vec<&str> = names.iter().map(String::as_str).collect();
        let bare = labels::without_common(&whole);
        let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
        for names in [&whole, &bare] {
            let lines: Option<Vec<Vec<String>>> = names
                .iter()
                .map(|n| labels::broken(n, room, LINES, size, Weight::Regular))
                .collect();
            if let Some(lines) = lines {
                let most = lines.iter().map(Vec::len).max().unwrap_or(0);
                return Self {
                    height: most as f64 * sheet.em(1.25) + sheet.em(0.3),
                    lines,
                    turned: false,
                };
            }
        }
        let short = labels::shortened(&bare, sheet.em(12.0), size, Weight::Regular);
        let longest = short
            .iter()
            .map(|n| font::width(n, size, Weight::Regular))
            .fold(0.0, f64::max);
        Self {
            height: longest + sheet.em(0.6),
            lines: short.into_iter().map(|n| vec![n]).collect(),
            turned: true,
        }
    }

    fn draw(&self, sheet: &Sheet<'_>, top: f64, middle: impl Fn(usize) -> f64) -> Drawn {
        for (c, lines) in self.lines.iter().enumerate() {
            let (x, bottom) = (middle(c), top + self.height);
            for (i, line) in lines.iter().enumerate() {
                if self.turned {
                    let set = Type {
                        turn: -90.0,
                        ..sheet.set(sheet.colours.ink, Anchor::Start)
                    };
                    sheet.text(x + sheet.em(0.36), bottom - sheet.em(0.4), line, set)?;
                } else {
                    // The last lines stand above the images.
                    let up = (lines.len() - 1 - i) as f64 * sheet.em(1.25) + sheet.em(0.55);
                    sheet.text(x, bottom - up, line, sheet.set(sheet.colours.ink, Anchor::Middle))?;
                }
            }
        }
        Ok(())
    }
}
