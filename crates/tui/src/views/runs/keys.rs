//! What keys do in the table and in the details.

use super::details::{body_of, offset};
use super::page::{self, Tab};
use super::rows::{Grouping, Row, rebuild};
use super::{column::Column, panes};
use crate::action::Action;
use crate::effect::Effect;
use crate::overlay;
use crate::state::{State, View};

/// Does an action of this view; says whether it knew it.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    if state.table.in_details && in_details(state, action) {
        return true;
    }
    let page = usize::from(panes(state).0.height.saturating_sub(3)).max(1);
    let last = state.table.rows.len().saturating_sub(1);
    let at = state.table.selected;
    match action {
        Action::Up => select_row(state, at.saturating_sub(1), effects),
        Action::Down => select_row(state, (at + 1).min(last), effects),
        Action::PageUp => select_row(state, at.saturating_sub(page), effects),
        Action::PageDown => select_row(state, (at + page).min(last), effects),
        Action::First => select_row(state, 0, effects),
        Action::Last => select_row(state, last, effects),
        Action::Left => state.table.first_column = state.table.first_column.saturating_sub(1),
        Action::Right => {
            let most = state.table.columns.len().saturating_sub(1);
            state.table.first_column = (state.table.first_column + 1).min(most);
        }
        Action::Open => open(state, effects),
        Action::Back => return back(state),
        Action::Expand => expand(state),
        Action::NextPane | Action::PreviousPane => {
            state.table.in_details = !state.table.in_details;
            state.table.details.scroll = None;
        }
        Action::Mark => mark(state, effects),
        Action::MarkAll => {
            let shown = state.table.shown.clone();
            for at in shown {
                let id = state.runs.all()[at].id.clone();
                if !state.is_marked(&id) {
                    state.marks.push(id);
                }
            }
        }
        Action::Group => {
            state.table.grouping = match state.table.grouping {
                Grouping::None => Grouping::AllButSeed,
                _ => Grouping::None,
            };
            rebuild(state);
        }
        Action::GroupBy => overlay::open_group_by(state),
        Action::Columns => overlay::open_columns(state),
        Action::SortBy => overlay::open_sort(state),
        Action::NextDifference | Action::PreviousDifference => {
            state.table.in_details = true;
            return in_details(state, action);
        }
        _ => return false,
    }
    true
}

/// Selects a row and reads the details of its run.
pub fn select_row(state: &mut State, row: usize, effects: &mut Vec<Effect>) {
    if row != state.table.selected {
        state.table.selected = row;
        state.table.seeking = false;
        state.table.anchor = state.table.rows.get(row).map(|r| r.anchor(&state.runs));
        state.table.details.scroll = None;
    }
    crate::update::ask_details(state, effects);
}

fn open(state: &mut State, effects: &mut Vec<Effect>) {
    match state.table.rows.get(state.table.selected) {
        Some(Row::Group { .. }) => expand(state),
        Some(Row::Run { .. }) => {
            state.table.in_details = true;
            crate::update::ask_details(state, effects);
        }
        None => {}
    }
}

/// Out of the details, out of the whole screen; says whether there was something to leave.
fn back(state: &mut State) -> bool {
    // Details that were entered from elsewhere are left to there.
    let from_system = state.ways_back.last().is_some_and(|w| w.view == View::System);
    let inside = state.table.in_details || state.table.alone;
    if inside && !from_system {
        (state.table.in_details, state.table.alone) = (false, false);
        return true;
    }
    false
}

fn expand(state: &mut State) {
    match state.table.rows.get(state.table.selected) {
        Some(Row::Group { key, .. }) if !state.table.in_details => {
            let key = key.clone();
            if !state.table.expanded.remove(&key) {
                state.table.expanded.insert(key);
            }
            rebuild(state);
        }
        _ => state.table.alone = !state.table.alone,
    }
}

fn mark(state: &mut State, effects: &mut Vec<Effect>) {
    let ids = state.table.selected_ids(&state.runs);
    // Of a group all, or where all are marked, none.
    if ids.iter().all(|id| state.is_marked(id)) {
        state.marks.retain(|m| !ids.contains(m));
    } else {
        for id in ids {
            if !state.is_marked(&id) {
                state.marks.push(id);
            }
        }
    }
    if state.view == View::Runs && !state.table.in_details {
        let next = (state.table.selected + 1).min(state.table.rows.len().saturating_sub(1));
        select_row(state, next, effects);
    }
}

fn in_details(state: &mut State, action: Action) -> bool {
    let (_, area) = panes(state);
    let body = body_of(area);
    let height = usize::from(body.height);
    let Some(run) = state.table.selected_run(&state.runs) else {
        return false;
    };
    let content = page::content(state, run, usize::from(body.width));
    let lines = content.lines.len();
    let details = &mut state.table.details;
    let at = offset(details.scroll, details.tab, lines, height);
    let most = lines.saturating_sub(height);
    let turn = |details: &mut page::DetailsState, by| {
        details.tab = details.tab.beside(by);
        details.scroll = None;
    };
    match action {
        Action::Up => details.scroll = Some(at.saturating_sub(1)),
        Action::Down => details.scroll = Some((at + 1).min(most)),
        Action::PageUp => details.scroll = Some(at.saturating_sub(height)),
        Action::PageDown => details.scroll = Some((at + height).min(most)),
        Action::First => details.scroll = Some(0),
        // The end of a log is followed.
        Action::Last => details.scroll = (details.tab != Tab::Log).then_some(most),
        Action::Left => turn(details, -1),
        Action::Right | Action::Open => turn(details, 1),
        Action::NextDifference | Action::PreviousDifference => jump(state, action == Action::NextDifference),
        _ => return false,
    }
    true
}

/// To the next line that differs; from another tab to the first one of the settings.
fn jump(state: &mut State, forward: bool) {
    let entering = state.table.details.tab != Tab::Settings;
    state.table.details.tab = Tab::Settings;
    let (_, area) = panes(state);
    let width = usize::from(body_of(area).width);
    let Some(run) = state.table.selected_run(&state.runs) else {
        return;
    };
    let differences = page::content(state, run, width).differences;
    let at = match state.table.details.scroll.filter(|_| !entering) {
        Some(at) => at,
        None if forward => 0,
        None => usize::MAX,
    };
    let found = if forward {
        differences.iter().copied().find(|d| *d > at)
    } else {
        differences.iter().copied().rev().find(|d| *d < at)
    };
    match found.or(if forward {
        differences.first().copied()
    } else {
        differences.last().copied()
    }) {
        // The line goes to the top, so that what follows is in sight.
        Some(line) => state.table.details.scroll = Some(line),
        None => state.say("nothing differs from the defaults"),
    }
}

/// Sorts by the next column that can be sorted by.
pub fn sort_by_next(state: &mut State) {
    let sort = state.table.sort.trim_start_matches('-').to_owned();
    let keys: Vec<String> = std::iter::once("name".to_owned())
        .chain(state.table.columns.iter().filter_map(Column::sort_key))
        .chain(std::iter::once("created".to_owned()))
        .collect();
    let at = keys.iter().position(|k| *k == sort);
    let next = at.map_or(0, |at| (at + 1) % keys.len());
    set_sort(state, &keys[next]);
}

/// Sorts by a field, in the direction in which one wants to see it first.
pub fn set_sort(state: &mut State, key: &str) {
    use diptych_domain::query::Field;
    let descending = match Field::parse(key) {
        Ok(Field::Metric(metric, _)) => !metric.lower_is_better(),
        Ok(Field::Created | Field::Updated | Field::Epoch | Field::Step) => true,
        _ => false,
    };
    state.table.sort = if descending {
        format!("-{key}")
    } else {
        key.to_owned()
    };
    rebuild(state);
    state.say(format!("sorted by {key}"));
}

/// Turns the order round.
pub fn reverse_sort(state: &mut State) {
    let sort = &state.table.sort;
    state.table.sort = match sort.strip_prefix('-') {
        Some(key) => key.to_owned(),
        None => format!("-{sort}"),
    };
    rebuild(state);
}
