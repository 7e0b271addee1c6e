//! Draws the details of the selected run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::page::{self, Tab};
use crate::state::State;
use crate::widgets::frame::{message, put_line, titled};

/// Where the lines are: below title and tabs.
pub fn body_of(area: Rect) -> Rect {
    Rect {
        y: area.y + 2,
        height: area.height.saturating_sub(2),
        ..area
    }
}

/// Lines above the first one shown.
pub fn offset(scroll: Option<usize>, tab: Tab, lines: usize, height: usize) -> usize {
    let most = lines.saturating_sub(height);
    match scroll {
        Some(at) => at.min(most),
        None if tab == Tab::Log => most,
        None => 0,
    }
}

/// Draws the details.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let focused = state.table.in_details && state.overlay.is_none();
    let Some(run) = state.table.selected_run(&state.runs) else {
        titled(buffer, area, "", focused, theme);
        message(buffer, body_of(area), "no run is selected", theme.dim());
        return;
    };
    titled(buffer, area, &run.name, focused, theme);
    let details = &state.table.details;
    let all: usize = Tab::ALL.iter().map(|t| t.title().len() + 2).sum();
    let gap = if all <= usize::from(area.width) { "  " } else { " " };
    let tabs = Tab::ALL.iter().flat_map(|tab| {
        let style = if *tab == details.tab {
            theme.accent()
        } else {
            theme.dim()
        };
        [Span::styled(tab.title(), style), Span::raw(gap)]
    });
    put_line(
        buffer,
        area.x + 1,
        area.y + 1,
        &tabs.collect::<Line<'_>>(),
        area.width.saturating_sub(1),
    );
    let body = body_of(area);
    let content = page::content(state, run, usize::from(body.width));
    let offset = offset(
        details.scroll,
        details.tab,
        content.lines.len(),
        usize::from(body.height),
    );
    for (line, y) in content.lines.iter().skip(offset).zip(body.y..body.bottom()) {
        put_line(buffer, body.x, y, line, body.width);
    }
}
