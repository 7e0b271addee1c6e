//! The whole screen: the line of views, the open view, the context bar, and what lies over them.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::action::{ACTIONS, Action, ActionInfo, Place};
use crate::overlay;
use crate::state::{SMALLEST, State, View};
use crate::views;
use crate::widgets::frame::{message, put};
use crate::widgets::text;

/// Draws everything.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    let cursor = paint(state, frame.buffer_mut());
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Paints everything; says where the cursor stands, if something is being typed.
pub fn paint(state: &State, buffer: &mut Buffer) -> Option<ratatui::layout::Position> {
    let area = buffer.area;
    if state.too_small() {
        let text = format!(
            "Diptych needs a terminal of {} columns and {} rows; this one has {} and {}. A smaller font or a larger window helps; q leaves.",
            SMALLEST.width, SMALLEST.height, area.width, area.height
        );
        message(buffer, area, &text, state.theme.text());
        return None;
    }
    head(state, buffer);
    if let Some(banner) = state.banner() {
        put(
            buffer,
            1,
            1,
            &format!("! {banner}"),
            area.width - 1,
            state.theme.bad(),
        );
    }
    match state.view {
        View::Runs => views::runs::draw(state, buffer),
        View::Charts => views::charts::draw(state, buffer),
        View::Images => views::images::draw(state, buffer),
        View::Ablation => views::ablation::draw(state, buffer),
        View::System => views::system::draw(state, buffer),
    }
    let cursor = overlay::draw(state, buffer);
    foot(state, buffer);
    cursor
}

/// `1 Runs` and so on, each with where it begins.
fn tabs() -> Vec<(View, u16, String)> {
    let mut x = 9;
    View::ALL
        .into_iter()
        .enumerate()
        .map(|(i, view)| {
            let label = format!(" {} {} ", i + 1, view.title());
            let tab = (view, x, label.clone());
            x += text::width(&label) as u16;
            tab
        })
        .collect()
}

/// The view whose name stands at a place.
pub fn view_at(_state: &State, x: u16, y: u16) -> Option<View> {
    let at = |(_, from, label): &(View, u16, String)| (*from..from + text::width(label) as u16).contains(&x);
    (y == 0)
        .then(|| tabs().into_iter().find(at))
        .flatten()
        .map(|(view, _, _)| view)
}

fn head(state: &State, buffer: &mut Buffer) {
    let theme = state.theme;
    let width = buffer.area.width;
    put(buffer, 0, 0, " diptych", 8, theme.heading());
    let mut end = 0;
    for (view, x, label) in tabs() {
        let style = if view == state.view {
            theme.accent()
        } else {
            theme.dim()
        };
        put(buffer, x, 0, &label, width, style);
        if view == state.view {
            buffer.set_style(Rect::new(x, 0, text::width(&label) as u16, 1), theme.selected());
        }
        end = x + text::width(&label) as u16;
    }
    let (status, style) = status(state);
    let status = text::cut(&status, usize::from(width.saturating_sub(end + 2)));
    put(
        buffer,
        width.saturating_sub(text::width(&status) as u16 + 1),
        0,
        &status,
        width,
        style,
    );
}

/// What has to be seen at all times.
fn status(state: &State) -> (String, ratatui::style::Style) {
    let theme = state.theme;
    let mut parts = Vec::new();
    if state.frozen {
        parts.push("FROZEN".to_owned());
    }
    // A marked run may have been deleted meanwhile.
    if !state.marked().is_empty() {
        parts.push(format!("{} marked", state.marked().len()));
    }
    if !state.runs.loaded {
        parts.push("reading…".into());
    } else if !state.runs.complete {
        parts.push(format!("reading, {} so far", state.runs.all().len()));
    } else {
        parts.push(format!("{} live", state.runs.running()));
    }
    let style = if state.frozen { theme.warn() } else { theme.dim() };
    (parts.join(" · "), style)
}

/// The last row: a notice, else the keys that work here.
fn foot(state: &State, buffer: &mut Buffer) {
    let theme = state.theme;
    let y = buffer.area.height - 1;
    let width = buffer.area.width;
    if let Some(notice) = &state.notice {
        let style = if notice.bad { theme.bad() } else { theme.accent() };
        // A long one takes rows of the view for as long as it is there.
        let mut lines = text::wrap(&notice.text, usize::from(width - 2));
        lines.truncate(usize::from(buffer.area.height / 3));
        let top = (y + 1).saturating_sub(lines.len() as u16);
        for (line, y) in lines.iter().zip(top..) {
            Clear.render(Rect::new(0, y, width, 1), buffer);
            put(buffer, 1, y, line, width - 2, style);
        }
        return;
    }
    let mut x = 1;
    for (keys, short) in context(state) {
        let needed = (text::width(&keys) + text::width(short) + 3) as u16;
        if x + needed > width {
            break;
        }
        put(buffer, x, y, &keys, width, theme.accent());
        x += text::width(&keys) as u16 + 1;
        put(buffer, x, y, short, width, theme.dim());
        x += text::width(short) as u16 + 2;
    }
}

/// The keys of the place at hand, those that work everywhere last.
fn context(state: &State) -> Vec<(String, &'static str)> {
    let place = state.place();
    if let Some(keys) = of_overlay(state) {
        return keys;
    }
    let key = |place: Place, info: &'static ActionInfo| {
        let first = state.keymap.keys(place, info.action).first()?;
        Some((first.to_string(), info.short))
    };
    let of = |place: Place| {
        ACTIONS
            .iter()
            .filter(move |i| i.places.contains(&place) && !i.short.is_empty())
            .filter_map(move |i| key(place, i))
    };
    let mut out: Vec<(String, &'static str)> = of(place).collect();
    if place != Place::Input {
        // Help, palette and leaving are never pushed out by what is special here; nor is in the table what one begins with.
        let table = place == Place::Runs;
        let (mut always, mut begin, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for key in of(Place::Anywhere) {
            match key.1 {
                "palette" | "help" | "quit" => always.push(key),
                "open" | "filter" | "mark" if table => begin.push(key),
                // Elsewhere nothing is seen of it.
                "sort" if !table => {}
                _ => rest.push(key),
            }
        }
        always.extend(begin);
        out.splice(0..0, always);
        out.extend(rest);
    }
    out
}

/// The keys of what lies over the view, where they are others than those of typing.
fn of_overlay(state: &State) -> Option<Vec<(String, &'static str)>> {
    let key = |place: Place, action: Action, what| {
        let first = state.keymap.keys(place, action).first()?;
        Some((first.to_string(), what))
    };
    let keys = match state.overlay.as_ref()? {
        overlay::Overlay::Confirm(_) => vec![Some(("y".into(), "yes")), Some(("n".into(), "no"))],
        overlay::Overlay::Help(_) => vec![
            key(Place::Anywhere, Action::Down, "down"),
            key(Place::Anywhere, Action::Up, "up"),
            key(Place::Anywhere, Action::PageDown, "a page down"),
            key(Place::Input, Action::Cancel, "close"),
        ],
        overlay::Overlay::Choose(choose) => vec![
            key(Place::Input, Action::Accept, "ok"),
            key(Place::Input, Action::Cancel, "cancel"),
            key(Place::Input, Action::NextItem, "next"),
            key(Place::Input, Action::PreviousItem, "previous"),
            choose
                .several
                .then(|| key(Place::Input, Action::Complete, "pick"))
                .flatten(),
        ],
        overlay::Overlay::Form(_) => return None,
    };
    Some(keys.into_iter().flatten().collect())
}
