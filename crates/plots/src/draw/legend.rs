//! What the looks mean: entries in rows.

use super::font::{self, Weight};
use super::labels;
use super::sheet::{Drawn, Sheet};
use super::svg::{Anchor, Pen};
use crate::figure::{Entry, Key};

struct Item {
    entry: Entry,
    label: String,
    x: f64,
    row: usize,
}

/// A legend with its places.
pub struct Legend {
    items: Vec<Item>,
    /// How much room it takes.
    pub height: f64,
}

impl Legend {
    pub fn new(entries: &[Entry], room: f64, sheet: &Sheet<'_>) -> Self {
        let (key, gap) = (sheet.em(2.5), sheet.em(1.4));
        let size = sheet.sizes.font;
        let mut items: Vec<Item> = Vec::new();
        let (mut x, mut row) = (0.0, 0);
        let labels: Vec<&str> = entries.iter().map(|e| e.label.as_str()).collect();
        let longest = (room - key).min(sheet.em(28.0));
        let widths: Vec<(String, f64)> = labels::shortened(&labels, longest, size, Weight::Regular)
            .into_iter()
            .map(|label| {
                let width = key + font::width(&label, size, Weight::Regular);
                (label, width)
            })
            .collect();
        // Entries stand under each other where that takes no more than half again as many rows.
        let widest = widths.iter().map(|(_, w)| *w).fold(0.0, f64::max) + gap;
        let across = ((room + gap) / widest).floor().max(1.0) as usize;
        let flowing = {
            let (mut x, mut rows) = (0.0, 1);
            for (_, w) in &widths {
                if x > 0.0 && x + w > room {
                    (x, rows) = (0.0, rows + 1);
                }
                x += w + gap;
            }
            rows
        };
        let aligned = entries.len() > across && entries.len().div_ceil(across) * 2 <= flowing * 3;
        for (i, (entry, (label, width))) in entries.iter().zip(widths).enumerate() {
            if aligned {
                (x, row) = ((i % across) as f64 * widest, i / across);
            } else if x > 0.0 && x + width > room {
                (x, row) = (0.0, row + 1);
            }
            items.push(Item {
                entry: entry.clone(),
                label,
                x,
                row,
            });
            if !aligned {
                x += width + gap;
            }
        }
        let rows = items.last().map_or(0, |i| i.row + 1);
        let height = if rows == 0 {
            0.0
        } else {
            rows as f64 * sheet.em(1.5) + sheet.em(0.5)
        };
        Self { items, height }
    }

    pub fn draw(&self, sheet: &Sheet<'_>, left: f64, top: f64) -> Drawn {
        for item in &self.items {
            let (x, middle) = (
                left + item.x,
                top + item.row as f64 * sheet.em(1.5) + sheet.em(0.75),
            );
            let base = middle + sheet.em(0.36);
            key(sheet, &item.entry, (x, middle), sheet.em(2.0))?;
            let text = x + sheet.em(2.5);
            let set = sheet.set(sheet.colours.ink, Anchor::Start);
            sheet.text(text, base, &item.label, set)?;
        }
        Ok(())
    }
}

/// A look as it is drawn, `wide` pixels wide.
pub fn key(sheet: &Sheet<'_>, entry: &Entry, (x, y): (f64, f64), wide: f64) -> Drawn {
    let line = |width: f64, dash: &'static [f64]| {
        let pen = Pen {
            colour: sheet.rgb(entry.ink),
            width: sheet.sizes.line * width,
            opacity: 1.0,
            dash,
        };
        sheet.stroke(&[(x, y), (x + wide, y)], pen)
    };
    let dot = |radius: f64| sheet.dots(&[(x + wide / 2.0, y)], entry.ink, sheet.em(radius));
    let dash = entry.ink.dash().pattern();
    match entry.key {
        Key::Line => line(1.3, dash),
        Key::Unbroken => line(1.3, &[]),
        Key::Thin => line(0.8, &[]),
        Key::LineAndPoint => {
            // From the point outwards, so that both sides are alike.
            let middle = x + wide / 2.0;
            let pen = Pen {
                colour: sheet.rgb(entry.ink),
                width: sheet.sizes.line * 1.3,
                opacity: 1.0,
                dash,
            };
            sheet.stroke(&[(middle, y), (x, y)], pen)?;
            sheet.stroke(&[(middle, y), (x + wide, y)], pen)?;
            dot(0.28)
        }
        Key::UnbrokenAndPoint => line(1.3, &[]).and_then(|()| dot(0.28)),
        Key::Interval => line(1.5, &[]).and_then(|()| dot(0.36)),
        Key::Point => dot(0.28),
    }
}
