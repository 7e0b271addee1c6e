//! What stands above a panel: its title, what its y axis shows, and its own legend.

use super::super::font::{self, Weight};
use super::super::labels;
use super::super::legend;
use super::super::sheet::{Drawn, Sheet};
use super::super::svg::{Anchor, Type};
use super::Frame;
use crate::figure::{Entry, Panel};

/// What stands above a panel: its title, and what the y axis shows.
pub(super) fn head_text(panel: &Panel) -> Vec<(String, Weight)> {
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

/// One line above a panel: texts beside each other.
pub(super) type HeadLine = Vec<(String, Weight)>;

/// What stands above each panel, in lines. What the y axes of titled panels show is said once where it is the same for all; a title that
/// is too wide goes on in a second line, or is shortened together with the others, so that they stay apart.
pub(super) fn heads(sheet: &Sheet<'_>, panels: &[Panel], cell: f64) -> Vec<Vec<HeadLine>> {
    let size = sheet.sizes.font;
    let room = cell - sheet.em(0.9);
    let same = panels
        .iter()
        .all(|p| p.title.is_some() && p.y.title() == panels[0].y.title());
    let titles: Vec<&str> = panels
        .iter()
        .map(|p| p.title.as_deref().unwrap_or_default())
        .collect();
    let short = labels::shortened(&titles, room, size, Weight::SemiBold);
    let head = |(i, panel): (usize, &Panel)| -> Vec<HeadLine> {
        let says_y = !same || i == 0;
        let parts: HeadLine = head_text(panel)
            .into_iter()
            .filter(|(_, weight)| says_y || *weight == Weight::SemiBold)
            .collect();
        let width: f64 = parts
            .iter()
            .map(|(text, weight)| font::width(text, size, *weight))
            .sum();
        if panel.title.is_none() || width + sheet.em(0.8) * parts.len().saturating_sub(1) as f64 <= room {
            return if parts.is_empty() { Vec::new() } else { vec![parts] };
        }
        let title = between_factors(titles[i], room, size)
            .or_else(|| labels::broken(titles[i], room, 2, size, Weight::SemiBold))
            .unwrap_or_else(|| vec![short[i].clone()]);
        let title = title.into_iter().map(|line| vec![(line, Weight::SemiBold)]);
        let label = parts.into_iter().filter(|(_, weight)| *weight == Weight::Regular);
        title.chain(label.map(|part| vec![part])).collect()
    };
    panels.iter().enumerate().map(head).collect()
}

/// A title of several factors in two lines, broken behind a comma.
fn between_factors(title: &str, room: f64, size: f64) -> Option<Vec<String>> {
    let fits = |line: &str| font::width(line, size, Weight::SemiBold) <= room;
    let breaks = title
        .match_indices(", ")
        .map(|(at, _)| (&title[..=at], &title[at + 2..]));
    let (first, second) = breaks.filter(|(a, b)| fits(a) && fits(b)).last()?;
    Some(vec![first.to_owned(), second.to_owned()])
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
pub(super) fn legend_rows<'p>(sheet: &Sheet<'_>, panel: &'p Panel, room: f64) -> Vec<Vec<&'p Entry>> {
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
pub(super) fn panel_legend(sheet: &Sheet<'_>, panel: &Panel, left: f64, frame: Frame, cell: f64) -> Drawn {
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
        legend::key(sheet, entry, (x, base - sheet.em(0.33)), sheet.em(1.3))?;
        let set = Type {
            size: sheet.sizes.font * 0.9,
            ..sheet.set(sheet.colours.ink, Anchor::Start)
        };
        sheet.text(x + sheet.em(1.6), base, &entry.label, set)?;
        x += entry_width(sheet, entry);
    }
    Ok(())
}
