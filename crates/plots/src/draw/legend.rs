//! What the looks mean: entries in rows.

use super::font::{self, Weight};
use super::sheet::{Drawn, Sheet};
use super::svg::{Anchor, Pen};
use crate::figure::{Entry, Key};

/// Rows at most; of more entries it says how many.
const MOST_ROWS: usize = 8;
/// Rows where the height is given, and every row is taken from the panels.
const MOST_ROWS_OF_FIXED: usize = 5;

struct Item {
    entry: Option<Entry>,
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
        let widths: Vec<(String, f64)> = entries
            .iter()
            .map(|e| {
                let label = font::fitted(&e.label, (room - key).min(sheet.em(28.0)), size, Weight::Regular);
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
        let most = if sheet.sizes.height.is_some() {
            MOST_ROWS_OF_FIXED
        } else {
            MOST_ROWS
        };
        for (i, (entry, (label, width))) in entries.iter().zip(widths).enumerate() {
            if aligned {
                (x, row) = ((i % across) as f64 * widest, i / across);
            } else if x > 0.0 && x + width > room {
                (x, row) = (0.0, row + 1);
            }
            if row >= most {
                let more = entries.len() - i;
                if let Some(last) = items.last_mut() {
                    last.entry = None;
                    last.label = format!("… and {} more", more + 1);
                }
                break;
            }
            items.push(Item {
                entry: Some(entry.clone()),
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
            let text = if let Some(entry) = &item.entry {
                key(sheet, entry, x, middle)?;
                x + sheet.em(2.5)
            } else {
                x
            };
            let set = sheet.set(sheet.colours.ink, Anchor::Start);
            sheet.text(text, base, &item.label, set)?;
        }
        Ok(())
    }
}

fn key(sheet: &Sheet<'_>, entry: &Entry, x: f64, y: f64) -> Drawn {
    let wide = sheet.em(2.0);
    let line = || {
        sheet.stroke(
            &[(x, y), (x + wide, y)],
            Pen {
                colour: sheet.rgb(entry.ink),
                width: sheet.sizes.line * 1.3,
                opacity: 1.0,
                dash: if entry.key == Key::Unbroken {
                    &[]
                } else {
                    entry.ink.dash().pattern()
                },
            },
        )
    };
    let dot = || sheet.dots(&[(x + wide / 2.0, y)], entry.ink, sheet.em(0.28));
    match entry.key {
        Key::Line | Key::Unbroken => line(),
        Key::LineAndPoint => line().and_then(|()| dot()),
        Key::Point => dot(),
        Key::Area => sheet.block(
            (x + wide * 0.2, y - sheet.em(0.4)),
            (x + wide * 0.8, y + sheet.em(0.4)),
            sheet.rgb(entry.ink),
            0.85,
        ),
    }
}
