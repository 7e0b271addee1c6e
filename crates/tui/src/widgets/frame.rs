//! Panes: a title line, a body, a border between neighbours.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::text;
use crate::theme::Theme;

/// Writes a pane's title into its first row and gives the rest. The pane that the keyboard is in has a bright title.
pub fn titled(buffer: &mut Buffer, area: Rect, title: &str, focused: bool, theme: Theme) -> Rect {
    if area.height == 0 || area.width == 0 {
        return area;
    }
    let style = if focused { theme.accent() } else { theme.dim() };
    let columns = usize::from(area.width);
    let shown = text::cut(title, columns.saturating_sub(4));
    let rest = columns.saturating_sub(text::width(&shown) + 4);
    let line = if title.is_empty() {
        "─".repeat(columns)
    } else {
        format!("─ {shown} {}", "─".repeat(rest + 1))
    };
    put(buffer, area.x, area.y, &line, area.width, style);
    Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    }
}

/// Writes text into a row, cut at `columns`.
pub fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, columns: u16, style: Style) {
    if buffer.area.contains((x, y).into()) && columns > 0 {
        let columns = columns.min(buffer.area.right() - x);
        let shown = text::cut(text, usize::from(columns));
        buffer.set_stringn(x, y, shown, usize::from(columns), style);
    }
}

/// Writes styled text into a row.
pub fn put_line(buffer: &mut Buffer, x: u16, y: u16, line: &Line<'_>, columns: u16) {
    if buffer.area.contains((x, y).into()) && columns > 0 {
        buffer.set_line(x, y, line, columns.min(buffer.area.right() - x));
    }
}

/// A rectangle of a size in the middle of another, or as much of it as fits.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// Text in the middle of an area: what there is to say where there is nothing to show.
pub fn message(buffer: &mut Buffer, area: Rect, message: &str, style: Style) {
    let columns = usize::from(area.width.saturating_sub(4)).min(72);
    let lines = text::wrap(message, columns);
    let inner = centred(area, columns as u16, lines.len() as u16);
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        put(buffer, inner.x, y, line, inner.width, style);
    }
}
