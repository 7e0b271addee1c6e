//! What keys and mouse do to the ablation table.

use diptych_domain::compare::{Factor, Level};

use super::view::cell_at;
use super::{changed, missing};
use crate::action::Action;
use crate::effect::Effect;
use crate::host::Wanted;
use crate::overlay::{self, Confirm, Overlay, Question};
use crate::state::{State, View};
use crate::widgets::text;

/// Does an action of this view; says whether it knew it.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    let (rows, cols) = match &state.ablation.grid {
        Some(Ok(grid)) => (grid.rows.len(), grid.cols.len()),
        _ => (1, 1),
    };
    let (row, col) = state.ablation.at;
    match action {
        Action::Up => state.ablation.at.0 = row.saturating_sub(1),
        Action::Down => state.ablation.at.0 = (row + 1).min(rows - 1),
        Action::Left => state.ablation.at.1 = col.saturating_sub(1),
        Action::Right => state.ablation.at.1 = (col + 1).min(cols - 1),
        Action::PageUp | Action::First => state.ablation.at.0 = 0,
        Action::PageDown | Action::Last => state.ablation.at.0 = rows - 1,
        Action::Open => open(state, effects),
        Action::Mark => mark(state),
        Action::Rows => overlay::open_rows_or_columns(state, true),
        Action::Cols => overlay::open_rows_or_columns(state, false),
        Action::Measure => overlay::open_measure(state),
        Action::Baseline => baseline(state, effects),
        Action::QueueCell => queue(state, false),
        Action::QueueAll => queue(state, true),
        _ => return false,
    }
    true
}

fn baseline(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Ok(grid)) = &state.ablation.grid else {
        return;
    };
    let (row, col) = state.ablation.at;
    if state.ablation.selected().is_none_or(|c| c.sample.is_none()) {
        state.complain("an empty cell cannot be the baseline");
        return;
    }
    let levels = (grid.rows[row].to_string(), grid.cols[col].to_string());
    state.ablation.baseline = if state.ablation.baseline.as_ref() == Some(&levels) {
        None
    } else {
        Some(levels)
    };
    changed(state, effects);
}

fn queue(state: &mut State, all: bool) {
    let Some(Ok(grid)) = &state.ablation.grid else {
        return;
    };
    let wanted = if all {
        missing::of_all(state, grid)
    } else {
        missing::of_cell(state, grid, state.ablation.at)
    };
    match wanted {
        Err(problem) => state.complain(problem),
        Ok(wanted) if wanted.is_empty() => {
            let whole = if all { "no cell is" } else { "this cell is not" };
            state.say(format!("{whole} missing a seed that another has"));
        }
        Ok(wanted) => {
            let what = describe(&wanted);
            let text = format!(
                "Queue {} ({what})? They train one after another, also when the dashboard is left.",
                text::count(wanted.len(), "run")
            );
            state.overlay = Some(Overlay::Confirm(Confirm {
                question: Question::Queue(wanted),
                text,
            }));
        }
    }
}

fn describe(wanted: &[Wanted]) -> String {
    let words: Vec<&str> = wanted.iter().take(4).map(|w| w.label.as_str()).collect();
    let more = wanted.len().saturating_sub(4);
    let more = if more > 0 {
        format!("; {more} more")
    } else {
        String::new()
    };
    text::cut(&words.join("; "), 160) + &more
}

fn mark(state: &mut State) {
    let ids = state
        .ablation
        .selected()
        .map(|c| c.runs.clone())
        .unwrap_or_default();
    if ids.is_empty() {
        state.complain("this cell has no runs to mark");
        return;
    }
    if ids.iter().all(|id| state.is_marked(id)) {
        state.marks.retain(|m| !ids.contains(m));
        state.say(format!("{} unmarked", text::count(ids.len(), "run")));
    } else {
        let new: Vec<_> = ids.into_iter().filter(|id| !state.is_marked(id)).collect();
        state.say(format!("{} marked", text::count(new.len(), "run")));
        state.marks.extend(new);
    }
}

/// Shows the cell's runs in the table of runs: a filter that finds them.
fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Ok(grid)) = &state.ablation.grid else {
        return;
    };
    let Some(cell) = state.ablation.selected() else {
        state.complain("no run has this combination; n queues it");
        return;
    };
    let (row, col) = state.ablation.at;
    let mut terms = vec![term(&grid.row_factor, &grid.rows[row])];
    if let Some(factor) = &grid.col_factor {
        terms.push(term(factor, &grid.cols[col]));
    }
    let by_levels: Option<Vec<String>> = terms.into_iter().collect();
    let own = match by_levels {
        Some(terms) => terms.join(" "),
        // Factors that the query language does not know.
        None => {
            let ids: Vec<String> = cell.runs.iter().map(|id| format!("id:{id}")).collect();
            format!("({})", ids.join(" or "))
        }
    };
    let before = state.filter.text().to_owned();
    let text = match before.as_str() {
        "" => own,
        before if before.contains(&own) => before.to_owned(),
        before => format!("({before}) {own}"),
    };
    state.filter.set(&text);
    state.go(View::Runs, Some(before));
    state.table.in_details = false;
    crate::views::runs::rows::rebuild(state);
    crate::update::enter(state, effects);
}

fn term(factor: &Factor, level: &Level) -> Option<String> {
    let Factor::Field(field) = factor else { return None };
    match level {
        Level::Missing => None,
        Level::Text(text) if text.contains(", ") => None,
        Level::Text(text) => Some(format!("{field} = {text:?}")),
        Level::Number(n) => Some(format!("{field} = {n}")),
        Level::Bool(b) => Some(format!("{field} = {b}")),
    }
}

/// Selects the cell at a place, or opens it where it is selected already.
pub fn press(state: &mut State, x: u16, y: u16, effects: &mut Vec<Effect>) {
    if let Some(at) = cell_at(state, x, y) {
        if at == state.ablation.at {
            open(state, effects);
        } else {
            state.ablation.at = at;
        }
    }
}
