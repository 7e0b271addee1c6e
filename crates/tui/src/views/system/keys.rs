//! What keys and mouse do to live runs and queue.

use diptych_domain::RunId;

use super::view::line_at;
use crate::action::Action;
use crate::effect::Effect;
use crate::host::Job;
use crate::state::{State, View};

/// Does an action of this view; says whether it knew it.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    let last = state.system.lines(&state.runs).len().saturating_sub(1);
    let at = state.system.selected;
    match action {
        Action::Up => state.system.selected = at.saturating_sub(1),
        Action::Down => state.system.selected = (at + 1).min(last),
        Action::PageUp | Action::First => state.system.selected = 0,
        Action::PageDown | Action::Last => state.system.selected = last,
        Action::Open => open(state, effects),
        Action::Earlier => move_by(state, -1, effects),
        Action::Later => move_by(state, 1, effects),
        Action::Work => {
            state.say("beginning with the queue…");
            effects.push(Effect::Start(Box::new(Job::Work)));
        }
        _ => return false,
    }
    true
}

/// Shows the selected run's details.
fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(id) = state.selected().map(|r| r.id.clone()) else {
        return;
    };
    let found = |state: &State| {
        let rows = &state.table.rows;
        rows.iter()
            .position(|row| row.members().iter().any(|at| state.runs.all()[*at].id == id))
    };
    let mut before = None;
    if found(state).is_none() {
        // The filter hides it.
        before = Some(state.filter.text().to_owned());
        state.filter.set("");
        crate::views::runs::rows::rebuild(state);
    }
    if let Some(row) = found(state) {
        state.go(View::Runs, before);
        state.table.in_details = true;
        crate::views::runs::select_row(state, row, effects);
    }
}

/// Moves the selected queued run.
fn move_by(state: &mut State, by: isize, effects: &mut Vec<Effect>) {
    let live = state.system.live(&state.runs).len();
    let mut order: Vec<RunId> = state
        .system
        .queue(&state.runs)
        .iter()
        .map(|r| r.id.clone())
        .collect();
    let Some(at) = state
        .system
        .selected
        .checked_sub(live)
        .filter(|at| *at < order.len())
    else {
        state.complain("only queued runs have an order");
        return;
    };
    let to = at as isize + by;
    if !(0..order.len() as isize).contains(&to) {
        return;
    }
    order.swap(at, to as usize);
    state.system.selected = live + to as usize;
    state.system.order.clone_from(&order);
    effects.push(Effect::SetQueue(order));
}

/// Selects the line at a place.
pub fn press(state: &mut State, x: u16, y: u16) {
    if let Some(line) = line_at(state, x, y) {
        state.system.selected = line;
    }
}
