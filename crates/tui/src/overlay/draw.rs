//! Draws overlays.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::help::HelpLine;
use super::{Choose, Form, Help, Overlay, Purpose, help};
use crate::state::State;
use crate::views::runs::archived_hint;
use crate::widgets::frame::{centred, put, titled};
use crate::widgets::text;

/// Draws the overlay; says where the cursor stands, if anything is typed in it.
pub fn draw(state: &State, buffer: &mut Buffer) -> Option<Position> {
    match state.overlay.as_ref()? {
        Overlay::Form(form) if form.purpose == Purpose::Filter => filter(state, form, buffer),
        Overlay::Form(form) => dialog(state, form, buffer),
        Overlay::Choose(choose) => list(state, choose, buffer),
        Overlay::Help(help) => {
            draw_help(state, help, buffer);
            None
        }
        Overlay::Confirm(confirm) => {
            let inner = window(
                state,
                64,
                text::wrap(&confirm.text, 60).len() as u16 + 4,
                "",
                buffer,
            );
            let lines = text::wrap(&confirm.text, usize::from(inner.width));
            for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
                put(buffer, inner.x, y, line, inner.width, Style::new());
            }
            let keys = "y yes   n no";
            put(
                buffer,
                inner.x,
                inner.bottom().saturating_sub(1),
                keys,
                inner.width,
                state.theme.accent(),
            );
            None
        }
    }
}

/// A window in the middle of the screen with a border; what is inside of it.
fn window(state: &State, width: u16, height: u16, title: &str, buffer: &mut Buffer) -> Rect {
    let area = centred(state.body(), width, height);
    Clear.render(area, buffer);
    let style = state.theme.accent();
    let columns = usize::from(area.width.saturating_sub(2));
    let title = if title.is_empty() {
        String::new()
    } else {
        format!(" {} ", text::cut(title, columns.saturating_sub(4)))
    };
    let top = format!(
        "╭─{title}{}╮",
        "─".repeat(columns.saturating_sub(1 + text::width(&title)))
    );
    put(buffer, area.x, area.y, &top, area.width, style);
    for y in area.y + 1..area.bottom().saturating_sub(1) {
        put(buffer, area.x, y, "│", 1, style);
        put(buffer, area.right() - 1, y, "│", 1, style);
    }
    let bottom = format!("╰{}╯", "─".repeat(columns));
    put(
        buffer,
        area.x,
        area.bottom().saturating_sub(1),
        &bottom,
        area.width,
        style,
    );
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// The filter: at the foot of the screen, so that what it does to the table can be seen.
fn filter(state: &State, form: &Form, buffer: &mut Buffer) -> Option<Position> {
    let theme = state.theme;
    let body = state.body();
    let shown = form.proposals.len().min(6) as u16;
    let said = under_line(state, form, usize::from(body.width.saturating_sub(3)));
    let height = 2 + said.len() as u16 + shown;
    let area = Rect::new(body.x, body.bottom().saturating_sub(height), body.width, height).intersection(body);
    Clear.render(area, buffer);
    let mut title = format!(
        "Filter · {} of {}",
        state.table.shown.len(),
        text::count(state.runs.all().len(), "run")
    );
    if let Some(hint) = archived_hint(state) {
        title += &format!(" · {hint}");
    }
    let inner = titled(buffer, area, &title, true, theme);
    let cursor = input(state, form, 0, inner.x, inner.y, inner.width, "/ ", buffer);
    let style = if form.error.is_some() {
        theme.bad()
    } else {
        theme.dim()
    };
    for (line, y) in said.iter().zip(inner.y + 1..) {
        put(buffer, inner.x + 2, y, line, inner.width.saturating_sub(2), style);
    }
    proposals(
        state,
        form,
        inner.x + 2,
        inner.y + 1 + said.len() as u16,
        inner.width.saturating_sub(2),
        shown,
        buffer,
    );
    cursor
}

fn dialog(state: &State, form: &Form, buffer: &mut Buffer) -> Option<Position> {
    let label = form
        .fields
        .iter()
        .map(|f| text::width(f.label))
        .max()
        .unwrap_or(0);
    let width = state.size.width.saturating_sub(4).min(90);
    let shown = form.proposals.len().min(6) as u16;
    let below = match &form.error {
        Some((_, problem)) => text::wrap(problem, usize::from(width).saturating_sub(8 + label))
            .len()
            .min(6) as u16,
        None => {
            (text::wrap(&form.hint, usize::from(width).saturating_sub(8 + label)).len() as u16).clamp(2, 3)
        }
    };
    let height = form.fields.len() as u16 + below + shown + 3;
    let inner = window(state, width, height, &form.title, buffer);
    let mut cursor = None;
    for at in 0..form.fields.len() {
        let y = inner.y + at as u16;
        let prefix = if label > 0 {
            format!("{}  ", text::left(form.fields[at].label, label))
        } else {
            String::new()
        };
        let found = input(state, form, at, inner.x, y, inner.width, &prefix, buffer);
        if at == form.at {
            cursor = found;
        }
    }
    let indent = if label > 0 { label as u16 + 2 } else { 0 };
    let y = inner.y + form.fields.len() as u16;
    let room = inner.width.saturating_sub(indent);
    match &form.error {
        Some((_, problem)) => {
            for (line, y) in text::wrap(problem, usize::from(room))
                .iter()
                .zip(y..inner.bottom())
            {
                put(buffer, inner.x + indent, y, line, room, state.theme.bad());
            }
        }
        None => {
            let said = match &form.busy {
                // A store that is locked is waited for.
                Some((_, meanwhile)) if form.slow(state.now) => {
                    format!("{meanwhile} the database does not answer: another process may be writing to it")
                }
                Some((_, meanwhile)) => meanwhile.clone(),
                None => form.hint.clone(),
            };
            for (line, y) in text::wrap(&said, usize::from(room)).iter().zip(y..inner.bottom()) {
                put(buffer, inner.x + indent, y, line, room, state.theme.dim());
            }
        }
    }
    proposals(state, form, inner.x + indent, y + below, room, shown, buffer);
    cursor
}

/// A line being typed; where its cursor stands.
fn input(
    state: &State,
    form: &Form,
    at: usize,
    x: u16,
    y: u16,
    width: u16,
    prefix: &str,
    buffer: &mut Buffer,
) -> Option<Position> {
    let line = &form.fields[at].line;
    let own = text::width(prefix) as u16;
    put(
        buffer,
        x,
        y,
        prefix,
        width,
        if at == form.at {
            state.theme.accent()
        } else {
            state.theme.dim()
        },
    );
    let room = usize::from(width.saturating_sub(own)).max(1);
    // Where the line is longer than the room, the part with the cursor is shown.
    let skip = (line.column() + 1).saturating_sub(room);
    let shown: String = line.text().chars().skip(skip).collect();
    put(buffer, x + own, y, &shown, room as u16, Style::new());
    let column = line.column().saturating_sub(skip) as u16;
    Some(Position::new(x + own + column, y))
}

/// A mistake, with a caret below where it is; else the hint.
fn under_line(state: &State, form: &Form, width: usize) -> Vec<String> {
    let Some((at, problem)) = &form.error else {
        return vec![text::cut(&form.hint, width)];
    };
    let column = form.fields[form.at]
        .line
        .text()
        .get(..*at)
        .map_or(0, text::width)
        .min(width.saturating_sub(2));
    let one = format!("{}^ {problem}", " ".repeat(column));
    if text::width(&one) <= width {
        return vec![one];
    }
    let mut lines = vec![format!("{}^", " ".repeat(column))];
    lines.extend(text::wrap(problem, width));
    lines.truncate(usize::from(state.size.height / 3));
    lines
}

fn proposals(state: &State, form: &Form, x: u16, y: u16, width: u16, shown: u16, buffer: &mut Buffer) {
    let top = form
        .taken
        .unwrap_or(0)
        .saturating_sub(usize::from(shown).saturating_sub(1));
    for (i, proposal) in form
        .proposals
        .iter()
        .skip(top)
        .take(usize::from(shown))
        .enumerate()
    {
        let style = if form.taken == Some(top + i) {
            state.theme.selected()
        } else {
            state.theme.dim()
        };
        put(buffer, x, y + i as u16, proposal, width, style);
    }
}

fn list(state: &State, choose: &Choose, buffer: &mut Buffer) -> Option<Position> {
    let theme = state.theme;
    let width = state.size.width.saturating_sub(4).min(100);
    let height = (choose.items.len() as u16 + 4).min(state.body().height);
    let inner = window(state, width, height, &choose.title, buffer);
    put(buffer, inner.x, inner.y, "> ", 2, theme.accent());
    put(
        buffer,
        inner.x + 2,
        inner.y,
        choose.line.text(),
        inner.width.saturating_sub(2),
        Style::new(),
    );
    // What the selected item does, where its line has no room for that.
    let current = choose.current().filter(|_| state.size.width < 120);
    let said = current.map_or_else(Vec::new, |i| text::wrap(&i.note, usize::from(inner.width)));
    let said = if choose.items.iter().any(|i| text::width(&i.note) > 24) {
        said
    } else {
        Vec::new()
    };
    let below = if said.is_empty() { 0 } else { 2 };
    let rows = usize::from(inner.height.saturating_sub(2 + below));
    let top = choose
        .selected
        .saturating_sub(rows / 2)
        .min(choose.matching.len().saturating_sub(rows));
    let widest = choose
        .items
        .iter()
        .map(|i| text::width(&i.value))
        .max()
        .unwrap_or(0)
        .min(usize::from(inner.width) * 2 / 3);
    let keys = choose
        .items
        .iter()
        .map(|i| text::width(&i.keys))
        .max()
        .unwrap_or(0) as u16;
    for (i, at) in choose.matching.iter().skip(top).take(rows).enumerate() {
        let item = &choose.items[*at];
        let y = inner.y + 1 + i as u16;
        let sign = match (choose.several, item.picked) {
            (true, true) => "[x] ",
            (true, false) => "[ ] ",
            (false, true) => "• ",
            (false, false) => "  ",
        };
        let shown = format!("{sign}{}", text::left(&item.value, widest));
        put(
            buffer,
            inner.x,
            y,
            &shown,
            inner.width,
            if item.picked { theme.marked() } else { Style::new() },
        );
        let mut own = text::width(&shown) as u16 + 1;
        if keys > 0 {
            put(buffer, inner.x + own, y, &item.keys, keys, theme.accent());
            own += keys + 1;
        }
        put(
            buffer,
            inner.x + own,
            y,
            &item.note,
            inner.width.saturating_sub(own),
            theme.dim(),
        );
        if top + i == choose.selected {
            buffer.set_style(Rect::new(inner.x, y, inner.width, 1), theme.selected());
        }
    }
    for (line, y) in said.iter().take(2).zip(inner.bottom().saturating_sub(3)..) {
        put(buffer, inner.x, y, line, inner.width, theme.accent());
    }
    let foot = if choose.several {
        "tab picks · enter accepts"
    } else {
        "enter accepts"
    };
    let count = format!("{foot} · {} of {}", choose.matching.len(), choose.items.len());
    put(
        buffer,
        inner.x,
        inner.bottom().saturating_sub(1),
        &count,
        inner.width,
        theme.dim(),
    );
    Some(Position::new(inner.x + 2 + choose.line.column() as u16, inner.y))
}

fn draw_help(state: &State, help: &Help, buffer: &mut Buffer) {
    let theme = state.theme;
    let body = state.body();
    let inner = window(state, body.width.min(help::WIDEST), body.height, "Keys", buffer);
    let lines = help::wrapped(&state.keymap, help.place, help::columns(state));
    let widest = help::key_columns(&lines);
    let rows = usize::from(inner.height.saturating_sub(1));
    for (line, y) in lines.iter().skip(help.scroll).take(rows).zip(inner.y..) {
        match line {
            HelpLine::Heading(title) => put(buffer, inner.x, y, title, inner.width, theme.heading()),
            HelpLine::Keys(keys, doc) => {
                put(buffer, inner.x + 1, y, keys, widest as u16, theme.accent());
                let x = inner.x + 3 + widest as u16;
                put(buffer, x, y, doc, inner.right().saturating_sub(x), Style::new());
            }
            HelpLine::Gap => {}
        }
    }
    let more = lines.len().saturating_sub(help.scroll + rows);
    let foot = if more > 0 {
        format!("{more} more lines below · esc closes")
    } else {
        "esc closes".into()
    };
    put(
        buffer,
        inner.x,
        inner.bottom().saturating_sub(1),
        &foot,
        inner.width,
        theme.dim(),
    );
}
