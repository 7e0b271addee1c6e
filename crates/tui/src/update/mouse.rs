//! The mouse: views, rows, cells, the wheel.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{act, enter};
use crate::action::Action;
use crate::effect::Effect;
use crate::overlay::Overlay;
use crate::screen;
use crate::state::{State, View};
use crate::views;

/// Takes a mouse event in.
pub(super) fn mouse(state: &mut State, event: MouseEvent, effects: &mut Vec<Effect>) {
    let (x, y) = (event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(state, Action::Up, effects),
        MouseEventKind::ScrollDown => wheel(state, Action::Down, effects),
        MouseEventKind::Down(MouseButton::Left) => press(state, x, y, effects),
        MouseEventKind::Drag(MouseButton::Left) if state.overlay.is_none() => {
            state.dirty = true;
            match state.view {
                View::Charts => views::charts::point_at(state, x, y, effects),
                View::Images => views::images::point_at(state, x, y, effects),
                _ => {}
            }
        }
        _ => {}
    }
}

fn wheel(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    state.dirty = true;
    match &mut state.overlay {
        Some(Overlay::Help(help)) => {
            help.scroll = if action == Action::Up {
                help.scroll.saturating_sub(3)
            } else {
                help.scroll + 3
            };
            let most = crate::overlay::help_lines(state)
                .saturating_sub(usize::from(state.size.height.saturating_sub(6)));
            if let Some(Overlay::Help(help)) = &mut state.overlay {
                help.scroll = help.scroll.min(most);
            }
        }
        Some(Overlay::Choose(choose)) => {
            let most = choose.matching.len().saturating_sub(1);
            choose.selected = if action == Action::Up {
                choose.selected.saturating_sub(1)
            } else {
                (choose.selected + 1).min(most)
            };
        }
        Some(_) => {}
        None => {
            // The wheel zooms charts, as maps do.
            let action = match (state.view, action) {
                (View::Charts, Action::Up) => Action::ZoomIn,
                (View::Charts, _) => Action::ZoomOut,
                (_, action) => action,
            };
            act(state, action, effects);
        }
    }
}

fn press(state: &mut State, x: u16, y: u16, effects: &mut Vec<Effect>) {
    state.dirty = true;
    if state.overlay.is_some() {
        return;
    }
    if let Some(view) = screen::view_at(state, x, y) {
        state.ways_back.clear();
        state.view = view;
        enter(state, effects);
        return;
    }
    match state.view {
        View::Runs => {
            let (table, details) = views::runs::panes(state);
            if details.contains((x, y).into()) {
                state.table.in_details = true;
            } else if table.contains((x, y).into()) {
                state.table.in_details = false;
            }
            if let Some(row) = views::runs::row_at(state, x, y) {
                if row == state.table.selected {
                    act(state, Action::Open, effects);
                } else {
                    views::runs::select_row(state, row, effects);
                }
            }
        }
        View::Charts => views::charts::point_at(state, x, y, effects),
        View::Images => views::images::point_at(state, x, y, effects),
        View::Ablation => views::ablation::press(state, x, y, effects),
        View::System => views::system::press(state, x, y),
    }
}
