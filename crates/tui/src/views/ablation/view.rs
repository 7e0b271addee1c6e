//! Draws the ablation table.

use diptych_domain::compare::rounding::{decimals, fixed, plain_decimals};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::missing::without_setting;
use super::{Cell, Grid};
use crate::action::{Action, Place};
use crate::state::State;
use crate::views::runs::column::mean_std;
use crate::widgets::frame::{message, put, titled};
use crate::widgets::text;

/// Lines of a cell: value and difference.
const LINES: u16 = 2;
/// Lines below the table, about the selected cell.
const NOTES: u16 = 5;

struct Layout {
    area: Rect,
    label: u16,
    width: u16,
    first_row: usize,
    rows: usize,
    first_col: usize,
    cols: usize,
}

fn layout(state: &State, grid: &Grid) -> Layout {
    let body = state.body();
    let area = Rect {
        y: body.y + 2,
        height: body.height.saturating_sub(2 + NOTES),
        ..body
    };
    let longest = grid
        .rows
        .iter()
        .map(|l| text::width(&l.to_string()))
        .max()
        .unwrap_or(0);
    let label = (longest.max(text::width(&grid.row_factor.to_string())) as u16 + 2)
        .clamp(6, 26)
        .min(area.width / 3);
    let room = area.width.saturating_sub(label);
    // Wide enough for `21.51±0.51 n=10` and for a difference with its interval.
    let wanted = grid
        .cols
        .iter()
        .map(|l| text::width(&l.to_string()) as u16 + 2)
        .max()
        .unwrap_or(0)
        .clamp(25, 32);
    let cols = usize::from((room / wanted).max(1)).min(grid.cols.len());
    let width = (room / cols.max(1) as u16).min(36);
    let rows = usize::from((area.height / LINES).max(1));
    let first =
        |at: usize, shown: usize, all: usize| at.saturating_sub(shown / 2).min(all.saturating_sub(shown));
    Layout {
        area,
        label,
        width,
        first_row: first(state.ablation.at.0, rows, grid.rows.len()),
        rows,
        first_col: first(state.ablation.at.1, cols, grid.cols.len()),
        cols,
    }
}

/// The cell at a place of the screen.
pub fn cell_at(state: &State, x: u16, y: u16) -> Option<(usize, usize)> {
    let Some(Ok(grid)) = &state.ablation.grid else {
        return None;
    };
    let l = layout(state, grid);
    if !l.area.contains((x, y).into()) || x < l.area.x + l.label {
        return None;
    }
    let row = l.first_row + usize::from((y - l.area.y) / LINES);
    let col = l.first_col + usize::from((x - l.area.x - l.label) / l.width.max(1));
    (row < grid.rows.len() && col < grid.cols.len()).then_some((row, col))
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer) {
    let theme = state.theme;
    let body = state.body();
    let inner = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    let focused = state.overlay.is_none();
    let grid = match &state.ablation.grid {
        Some(Ok(grid)) => grid,
        Some(Err(problem)) => {
            titled(buffer, body, "Ablation", focused, theme);
            message(buffer, inner, problem, theme.text());
            return;
        }
        None => {
            titled(buffer, body, "Ablation", focused, theme);
            message(buffer, inner, "reading…", theme.dim());
            return;
        }
    };
    titled(buffer, body, &title(state, grid), focused, theme);
    let l = layout(state, grid);
    put(
        buffer,
        l.area.x,
        l.area.y - 1,
        &grid.row_factor.to_string(),
        l.label,
        theme.heading(),
    );
    for (i, level) in grid.cols.iter().enumerate().skip(l.first_col).take(l.cols) {
        let x = l.area.x + l.label + (i - l.first_col) as u16 * l.width;
        let name = match &grid.col_factor {
            Some(factor) if i == l.first_col => format!("{}={level}", short(&factor.to_string())),
            Some(_) => level.to_string(),
            None => grid.measure.clone(),
        };
        put(buffer, x, l.area.y - 1, &name, l.width - 1, theme.heading());
    }
    for (r, level) in grid.rows.iter().enumerate().skip(l.first_row).take(l.rows) {
        let y = l.area.y + (r - l.first_row) as u16 * LINES;
        put(buffer, l.area.x, y, &level.to_string(), l.label - 1, theme.text());
        for c in (l.first_col..grid.cols.len()).take(l.cols) {
            let x = l.area.x + l.label + (c - l.first_col) as u16 * l.width;
            let place = Rect::new(x, y, l.width - 1, LINES).intersection(l.area);
            draw_cell(state, grid.cells[r][c].as_ref(), grid, place, buffer);
            if (r, c) == state.ablation.at {
                let style = if focused {
                    theme.selected()
                } else {
                    theme.selected_elsewhere()
                };
                buffer.set_style(place, style);
            }
        }
    }
    notes(
        state,
        grid,
        Rect::new(body.x, body.bottom().saturating_sub(NOTES), body.width, NOTES),
        buffer,
    );
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn title(state: &State, grid: &Grid) -> String {
    let better = match grid.lower_is_better {
        Some(true) => " (lower is better)",
        Some(false) => " (higher is better)",
        None => "",
    };
    let mut title = format!("{}{better} · {}", grid.measure, grid.row_factor);
    if let Some(factor) = &grid.col_factor {
        title += &format!(" × {factor}");
    }
    if !state.filter.text().is_empty() {
        title += &format!(" · {}", state.filter.text());
    }
    let hidden = grid.cols.len().saturating_sub(layout(state, grid).cols);
    if hidden > 0 {
        title += &format!(" · {} more", text::count(hidden, "column"));
    }
    title
}

fn draw_cell(state: &State, cell: Option<&Cell>, grid: &Grid, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let Some(cell) = cell else {
        put(buffer, area.x, area.y, "· missing", area.width, theme.dim());
        return;
    };
    let (line, rest) = first_line(grid, cell);
    let style = if cell.best { theme.best() } else { theme.text() };
    put(buffer, area.x, area.y, &line, area.width, style);
    let x = area.x + text::width(&line) as u16;
    put(
        buffer,
        x,
        area.y,
        &rest,
        area.right().saturating_sub(x),
        theme.dim(),
    );
    if area.height > 1 {
        let (text, style) = second_line(state, cell);
        put(buffer, area.x, area.y + 1, &text, area.width, style);
    }
}

/// Mean and spread, and beside it how many runs that is of.
fn first_line(grid: &Grid, cell: &Cell) -> (String, String) {
    let n = cell.sample.map_or(0, |s| s.n);
    let value = cell
        .sample
        .map_or_else(|| "no value".to_owned(), |s| mean_std(&s));
    let star = if cell.best { "★" } else { "" };
    let mut rest = format!(" n={n}");
    if cell.unfinished > 0 {
        rest += &format!(" ({} open)", cell.unfinished);
    }
    if n < grid.seeds.len() && !cell.missing.is_empty() {
        rest += &format!(" −{}", cell.missing.len());
    }
    (format!("{value}{star}"), rest)
}

fn second_line(state: &State, cell: &Cell) -> (String, ratatui::style::Style) {
    let theme = state.theme;
    if cell.baseline {
        return ("  baseline".into(), theme.marked());
    }
    let Some(d) = &cell.difference else {
        return (String::new(), theme.dim());
    };
    let spread = d.interval.map_or(d.value.abs(), |i| i.high - i.low);
    let digits = decimals(spread).unwrap_or_else(|| plain_decimals(d.value));
    let signed = |v: f64| {
        let text = fixed(v, digits);
        if v > 0.0 && !text.starts_with('-') {
            format!("+{text}")
        } else {
            text
        }
    };
    match d.interval {
        Some(i) => {
            let style = if i.excludes_zero() {
                theme.heading()
            } else {
                theme.dim()
            };
            (
                format!("  {} [{}, {}]", signed(d.value), signed(i.low), signed(i.high)),
                style,
            )
        }
        None => (format!("  {}", signed(d.value)), theme.dim()),
    }
}

/// What has to be known of the selected cell, and of the table.
fn notes(state: &State, grid: &Grid, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let (row, col) = state.ablation.at;
    let mut place = format!("{}={}", short(&grid.row_factor.to_string()), grid.rows[row]);
    if let Some(factor) = &grid.col_factor {
        place += &format!(" {}={}", short(&factor.to_string()), grid.cols[col]);
    }
    let area = titled(buffer, area, &place, false, theme);
    let mut lines: Vec<(String, ratatui::style::Style)> = Vec::new();
    let queue = state.keymap.text(Place::Ablation, Action::QueueCell);
    match state.ablation.selected() {
        None if without_setting(grid, (row, col)) => {
            lines.push(("no run has this combination".into(), theme.dim()));
        }
        None => lines.push((
            format!(
                "no run has this combination; {queue} queues it with seeds {}",
                seeds(&grid.seeds.iter().copied().collect::<Vec<_>>())
            ),
            theme.marked(),
        )),
        Some(cell) => {
            if !cell.missing.is_empty() && !without_setting(grid, (row, col)) {
                lines.push((
                    format!("missing seeds {}; {queue} queues them", seeds(&cell.missing)),
                    theme.marked(),
                ));
            }
            lines.extend(cell.notes.iter().map(|n| (n.clone(), theme.text())));
        }
    }
    lines.extend(grid.notes.iter().map(|n| (n.clone(), theme.dim())));
    let mut y = area.y;
    for (line, style) in lines {
        for part in text::wrap(&line, usize::from(area.width)) {
            if y >= area.bottom() {
                return;
            }
            put(buffer, area.x, y, &part, area.width, style);
            y += 1;
        }
    }
}

fn seeds(seeds: &[u64]) -> String {
    let words: Vec<String> = seeds.iter().take(12).map(u64::to_string).collect();
    let more = if seeds.len() > 12 { ", …" } else { "" };
    words.join(", ") + more
}
