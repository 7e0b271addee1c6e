//! Draws the table.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::column::Column;
use super::rows::{Grouping, Row};
use crate::state::State;
use crate::widgets::frame::{message, put, titled};
use crate::widgets::names::distinct;
use crate::widgets::text;

/// Names take at most so many columns, or a third of a wide table.
const NAME: usize = 26;
/// Nor more than this.
const WIDEST: usize = 44;
/// Up to so many rows names are shortened by what all of them are, beyond, by what is in sight.
const AT_ONCE: usize = 200;

/// The first row that is shown: the selected one stays in sight, in the middle where possible.
fn top(selected: usize, rows: usize, height: usize) -> usize {
    selected
        .saturating_sub(height / 2)
        .min(rows.saturating_sub(height))
}

fn body_of(area: Rect) -> Rect {
    // A line for the title and one for the headings.
    Rect {
        y: area.y + 2,
        height: area.height.saturating_sub(2),
        ..area
    }
}

/// The row at a place of the screen.
pub fn row_at(state: &State, area: Rect, x: u16, y: u16) -> Option<usize> {
    let body = body_of(area);
    if !body.contains((x, y).into()) {
        return None;
    }
    let top = top(
        state.table.selected,
        state.table.rows.len(),
        usize::from(body.height),
    );
    let at = top + usize::from(y - body.y);
    (at < state.table.rows.len()).then_some(at)
}

/// Draws the table.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let table = &state.table;
    let theme = state.theme;
    let focused = !table.in_details && state.overlay.is_none();
    titled(buffer, area, &title(state), focused, theme);
    let body = body_of(area);
    if table.rows.is_empty() {
        let (text, style) = nothing(state);
        message(buffer, body, &text, style);
        return;
    }
    let height = usize::from(body.height);
    let top = top(table.selected, table.rows.len(), height);
    let visible = &table.rows[top..table.rows.len().min(top + height)];
    let room = (usize::from(area.width) / 3).clamp(NAME, WIDEST);
    let names = names(state, top..top + visible.len(), room);
    let name_width = names
        .iter()
        .map(|n| text::width(n))
        .max()
        .unwrap_or(0)
        .clamp(4, room);
    let mut x = area.x + 2 + name_width as u16 + 1;
    put(
        buffer,
        area.x + 2,
        area.y + 1,
        "NAME",
        name_width as u16,
        theme.heading(),
    );
    let laid = lay_out(state, visible, usize::from(area.right().saturating_sub(x)));
    for (column, cells, width) in &laid {
        let heading = aligned(column, &heading(state, column), *width);
        put(buffer, x, area.y + 1, &heading, *width as u16, theme.heading());
        for (cell, y) in cells.iter().zip(body.y..) {
            put(
                buffer,
                x,
                y,
                &aligned(column, cell, *width),
                *width as u16,
                Style::new(),
            );
        }
        x += *width as u16 + 1;
    }
    for (at, (row, y)) in visible.iter().zip(body.y..).enumerate() {
        let line = Rect::new(area.x, y, area.width, 1);
        let (marked, style) = look(state, row);
        put(buffer, area.x, y, marked, 2, theme.marked());
        put(buffer, area.x + 2, y, &names[at], name_width as u16, style);
        colour_status(state, row, &laid, name_width, y, area, buffer);
        if top + at == table.selected {
            let style = if focused {
                theme.selected()
            } else {
                theme.selected_elsewhere()
            };
            buffer.set_style(line, style);
        }
    }
}

/// Gives the status its colour.
fn colour_status(
    state: &State,
    row: &Row,
    laid: &[Laid<'_>],
    name_width: usize,
    y: u16,
    area: Rect,
    buffer: &mut Buffer,
) {
    use diptych_domain::query::Field;
    let Row::Run { index, .. } = row else { return };
    let mut x = area.x + 2 + name_width as u16 + 1;
    for (column, _, width) in laid {
        if matches!(column, Column::Field(Field::Status) | Column::Progress) {
            let status = state.runs.all()[*index].status;
            let cell = Rect::new(x, y, *width as u16, 1).intersection(area);
            buffer.set_style(cell, state.theme.status(status));
        }
        x += *width as u16 + 1;
    }
}

type Laid<'c> = (&'c Column, Vec<String>, usize);

/// The columns that fit, with their cells and widths. A column that all of the rows leave empty is left out.
fn lay_out<'c>(state: &'c State, visible: &[Row], room: usize) -> Vec<Laid<'c>> {
    let mut laid: Vec<Laid<'c>> = Vec::new();
    let mut used = 0;
    for column in &state.table.columns[state.table.first_column.min(state.table.columns.len())..] {
        let cells: Vec<String> = visible.iter().map(|row| cell(state, column, row)).collect();
        if cells.iter().all(String::is_empty) && state.table.chosen.is_none() {
            continue;
        }
        let widest = cells.iter().map(|c| text::width(c)).max().unwrap_or(0);
        let width = widest
            .clamp(text::width(&heading(state, column)), column.widest().max(6))
            .max(3);
        let left = room.saturating_sub(used);
        if width > left {
            // Text can do with less room; half a number is no number.
            if !column.leans_right() && left >= 6 {
                laid.push((column, cells, left));
            }
            break;
        }
        used += width + 1;
        laid.push((column, cells, width));
    }
    laid
}

fn heading(state: &State, column: &Column) -> String {
    let sort = state.table.sort.as_str();
    let (field, arrow) = match sort.strip_prefix('-') {
        Some(field) => (field, "▼"),
        None => (sort, "▲"),
    };
    let title = column.title();
    match column.sort_key() {
        Some(key) if key == field => format!("{title}{arrow}"),
        _ => title,
    }
}

fn aligned(column: &Column, cell: &str, width: usize) -> String {
    if column.leans_right() {
        text::right(cell, width)
    } else {
        text::left(cell, width)
    }
}

fn cell(state: &State, column: &Column, row: &Row) -> String {
    match row {
        Row::Run { index, .. } => column.cell(&state.runs.all()[*index], &state.runs, state.now),
        Row::Group { members, .. } => {
            let runs: Vec<_> = members.iter().map(|at| &state.runs.all()[*at]).collect();
            column.of_group(&runs, &state.runs, state.now)
        }
    }
}

/// What the rows in sight are called, in so many columns.
fn names(state: &State, visible: Range<usize>, room: usize) -> Vec<String> {
    let rows = &state.table.rows;
    let among = if rows.len() <= AT_ONCE {
        0..rows.len()
    } else {
        visible.clone()
    };
    let name = |row: &Row| match row {
        Row::Run { index, .. } => state.runs.all()[*index].name.clone(),
        Row::Group { label, .. } => label.clone(),
    };
    // What stands before and behind a name.
    let around = |row: &Row| match row {
        Row::Run { inside, .. } => (if *inside { "  " } else { "" }, String::new()),
        Row::Group {
            members, expanded, ..
        } => (
            if *expanded { "▾ " } else { "▸ " },
            format!(" n={}", members.len()),
        ),
    };
    let is_group = |row: &Row| matches!(row, Row::Group { .. });
    let mut out = vec![String::new(); visible.len()];
    for groups in [false, true] {
        let kind: Vec<usize> = among
            .clone()
            .filter(|at| is_group(&rows[*at]) == groups)
            .collect();
        let taken = kind.iter().map(|at| {
            let (before, behind) = around(&rows[*at]);
            text::width(before) + text::width(&behind)
        });
        let room = room.saturating_sub(taken.max().unwrap_or(0));
        let full: Vec<String> = kind.iter().map(|at| name(&rows[*at])).collect();
        let full: Vec<&str> = full.iter().map(String::as_str).collect();
        for (at, short) in kind.iter().zip(distinct(&full, room)) {
            if visible.contains(at) {
                let (before, behind) = around(&rows[*at]);
                out[*at - visible.start] = format!("{before}{short}{behind}");
            }
        }
    }
    out
}

fn look(state: &State, row: &Row) -> (&'static str, Style) {
    let marked = |at: &usize| state.is_marked(&state.runs.all()[*at].id);
    match row {
        Row::Run { index, .. } if marked(index) => ("●", state.theme.marked()),
        Row::Run { .. } => (" ", Style::new()),
        Row::Group { members, .. } if members.iter().all(marked) => ("●", state.theme.marked()),
        Row::Group { members, .. } if members.iter().any(marked) => ("◐", state.theme.heading()),
        Row::Group { .. } => (" ", state.theme.heading()),
    }
}

fn title(state: &State) -> String {
    let table = &state.table;
    let mut title = format!(
        "{} of {}",
        table.shown.len(),
        text::count(state.runs.all().len(), "run")
    );
    if !state.filter.text().is_empty() {
        title += &format!(" · {}", state.filter.text());
    }
    match &table.grouping {
        Grouping::None => {}
        Grouping::AllButSeed => title += " · grouped by all but the seed",
        Grouping::By(names) => title += &format!(" · grouped by {}", names.join(", ")),
    }
    if table.first_column > 0 {
        title += &format!(" · {} to the left", text::count(table.first_column, "column"));
    }
    title
}

/// What to say where there is no row.
fn nothing(state: &State) -> (String, Style) {
    let theme = state.theme;
    if state.runs.trouble.is_some() {
        return (
            "the runs could not be read; it is tried again every second".into(),
            theme.text(),
        );
    }
    if !state.runs.loaded {
        return ("reading the runs…".into(), theme.dim());
    }
    if state.runs.all().is_empty() {
        let keys = state
            .keymap
            .text(crate::action::Place::Runs, crate::action::Action::Launch);
        return (
            format!(
                "This home has no runs yet.\n\n{}\n\n`{keys}` launches an experiment file from here. In another terminal, `diptych demo` \
                 makes a first run in a minute, and `diptych train EXPERIMENT.toml` a real one; they show up here by themselves.",
                state.home
            ),
            theme.text(),
        );
    }
    let key = |action| state.keymap.text(crate::action::Place::Anywhere, action);
    let (change, clear) = (
        key(crate::action::Action::Filter),
        key(crate::action::Action::ClearFilter),
    );
    let mut text = match state.filter.text() {
        "" => format!("Every run of this home is archived. `{change}` filters."),
        filter => format!("No run matches `{filter}`. `{change}` changes the filter, `{clear}` clears it."),
    };
    if let Some(hint) = super::archived_hint(state) {
        text += &format!("\n\n{hint}");
    }
    (text, theme.text())
}
