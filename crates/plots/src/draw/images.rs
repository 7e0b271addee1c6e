//! A grid of images with captions.

use super::elements::Raw;
use super::font::{self, Weight};
use super::sheet::Sheet;
use super::svg::{Anchor, Svg, Type, fine};
use crate::error::FigureError;
use crate::figure::ImageGrid;

/// An image is enlarged so many times at most.
const LARGEST: f64 = 4.0;

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
    let beside = names.min(width * 0.25) + sheet.em(0.6);
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
    let mut cell = ((width - beside - gap * (columns - 1) as f64) / columns as f64)
        .min(natural * LARGEST)
        .max(4.0);
    let heads: Vec<Vec<String>> = grid
        .columns
        .iter()
        .map(|c| {
            font::wrapped(
                c,
                (cell - sheet.em(0.6)).max(sheet.em(2.0)),
                size,
                Weight::Regular,
            )
        })
        .collect();
    const HEAD_LINES: usize = 4;
    let lines = heads.iter().map(Vec::len).max().unwrap_or(0).min(HEAD_LINES);
    let head = lines as f64 * sheet.em(1.25) + sheet.em(0.3);
    let rows = grid.rows.len();
    if let Some(room) = room {
        let fits = (room - head - gap * rows.saturating_sub(1) as f64) / rows.max(1) as f64 / ratio;
        cell = cell.min(fits).max(4.0);
    }
    for (c, head_lines) in heads.iter().enumerate() {
        let x = left + beside + c as f64 * (cell + gap) + cell / 2.0;
        // The last lines stand above the images.
        let shown: Vec<&String> = head_lines.iter().take(HEAD_LINES).collect();
        for (i, line) in shown.iter().enumerate() {
            let y = top + (lines - shown.len() + i + 1) as f64 * sheet.em(1.25) - sheet.em(0.25);
            let text = if i + 1 == HEAD_LINES && head_lines.len() > HEAD_LINES {
                format!("{line}…")
            } else {
                (*line).clone()
            };
            sheet.text(x, y, &text, sheet.set(sheet.colours.ink, Anchor::Middle))?;
        }
    }
    let height = cell * ratio;
    let mut y = top + head;
    for (name, row) in grid.rows.iter().zip(&grid.cells) {
        let name_lines = font::wrapped(name, beside - sheet.em(0.5), size, Weight::Regular);
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
