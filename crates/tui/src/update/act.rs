//! What actions do wherever they are done; the rest is the views' business.

use diptych_domain::{RunId, RunStatus, RunSummary};

use crate::action::{Action, Place};
use crate::effect::Effect;
use crate::host::Job;
use crate::overlay::{self, Confirm, Help, Overlay, Question};
use crate::state::{State, View};
use crate::views;
use crate::widgets::text;

/// Goes where an action belongs, unless it can be done here.
pub fn go_to(state: &mut State, places: &[Place], effects: &mut Vec<Effect>) {
    if places.contains(&state.place()) || places.contains(&Place::Anywhere) {
        return;
    }
    match places.first() {
        Some(Place::Details) => {
            view(state, View::Runs, effects);
            state.table.in_details = true;
        }
        Some(Place::Runs) => {
            view(state, View::Runs, effects);
            state.table.in_details = false;
        }
        Some(Place::Charts) => view(state, View::Charts, effects),
        Some(Place::Images) => view(state, View::Images, effects),
        Some(Place::Ablation) => view(state, View::Ablation, effects),
        Some(Place::System) => view(state, View::System, effects),
        _ => {}
    }
}

fn view(state: &mut State, view: View, effects: &mut Vec<Effect>) {
    // Who goes somewhere else does not want to go back.
    state.ways_back.clear();
    state.view = view;
    super::enter(state, effects);
}

/// Does an action.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    state.dirty = true;
    let known = match state.view {
        View::Runs => views::runs::act(state, action, effects),
        View::Charts => views::charts::act(state, action, effects),
        View::Images => views::images::act(state, action, effects),
        View::Ablation => views::ablation::act(state, action, effects),
        View::System => views::system::act(state, action, effects),
    };
    if known || on_run(state, action, effects) {
        return;
    }
    match action {
        Action::ViewRuns => view(state, View::Runs, effects),
        Action::ViewCharts => view(state, View::Charts, effects),
        Action::ViewImages => view(state, View::Images, effects),
        Action::ViewAblation => view(state, View::Ablation, effects),
        Action::ViewSystem => view(state, View::System, effects),
        Action::NextPane | Action::PreviousPane => {
            let at = View::ALL.iter().position(|v| *v == state.view).unwrap_or(0);
            let by = if action == Action::NextPane {
                1
            } else {
                View::ALL.len() - 1
            };
            view(state, View::ALL[(at + by) % View::ALL.len()], effects);
        }
        Action::Back => back(state, effects),
        Action::Filter => overlay::open_filter(state, effects),
        Action::ClearFilter => {
            if state.filter.text().is_empty() {
                state.say("there is no filter");
            } else {
                state.filter.set("");
                super::filter_changed(state, effects);
            }
        }
        Action::Unmark => {
            let n = std::mem::take(&mut state.marks).len();
            state.say(format!("{n} unmarked"));
            super::enter(state, effects);
        }
        Action::Sort => views::runs::sort_by_next(state),
        Action::SortReverse => views::runs::reverse_sort(state),
        Action::Export => overlay::open_export(state, effects),
        Action::Freeze => {
            state.frozen = !state.frozen;
            if !state.frozen {
                state.next_read = state.now;
            }
        }
        Action::Refresh => {
            state.table.details.asked = None;
            state.charts.forget();
            state.images.forget();
            effects.push(state.read_soon());
            super::enter(state, effects);
        }
        Action::Redraw => {
            state.images.redraw();
            effects.push(Effect::Redraw);
            super::enter(state, effects);
        }
        Action::Palette => overlay::open_palette(state),
        Action::Help => {
            state.overlay = Some(Overlay::Help(Help {
                scroll: 0,
                place: Some(state.place()),
            }));
        }
        Action::Quit => effects.push(Effect::Quit),
        _ => {}
    }
}

/// Back to where `enter` came from, with the filter that there was.
fn back(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(way) = state.ways_back.pop() else {
        let key = |action| {
            let keys = state.keymap.keys(Place::Anywhere, action);
            keys.first().map(ToString::to_string).unwrap_or_default()
        };
        let (filter, quit) = (key(Action::ClearFilter), key(Action::Quit));
        let clears = if state.filter.text().is_empty() {
            String::new()
        } else {
            format!("; {filter} clears the filter")
        };
        state.say(format!("nothing to leave here{clears}; {quit} quits"));
        return;
    };
    state.view = way.view;
    (state.table.in_details, state.table.alone) = (false, false);
    // A filter that was changed since is the user's own.
    if let Some((before, _)) = way.filter.filter(|(_, set)| set == state.filter.text()) {
        state.filter.set(&before);
        views::runs::rows::rebuild(state);
    }
    super::enter(state, effects);
}

/// Actions about the selected run; says whether it was one.
fn on_run(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::Launch => {
            overlay::open_launch(state, effects);
            return true;
        }
        Action::Copy
        | Action::Stop
        | Action::Resume
        | Action::Retry
        | Action::Fork
        | Action::EditNote
        | Action::EditTags
        | Action::Archive
        | Action::Delete
        | Action::Mark => {}
        _ => return false,
    }
    let Some(run) = state.selected().cloned() else {
        state.complain("no run is selected");
        return true;
    };
    match action {
        Action::Copy => effects.push(Effect::FindCommand(Box::new(run))),
        Action::Stop => stop(state, &run),
        Action::Resume => resume(state, run, effects),
        Action::Retry => {
            state.say(format!("training {} anew…", run.name));
            effects.push(Effect::Start(Box::new(Job::Retry(Box::new(run)))));
        }
        Action::Fork => overlay::open_fork(state, effects),
        Action::EditNote => overlay::open_note(state, effects),
        Action::EditTags => overlay::open_tags(state, effects),
        Action::Archive => archive(state, effects),
        Action::Delete => delete(state, effects),
        Action::Mark => {
            state.toggle_mark(&run.id);
            super::enter(state, effects);
        }
        _ => return false,
    }
    true
}

/// Puts the runs aside that are not yet, or where all are, brings them back. What is put aside is no longer marked: it is out of sight.
fn archive(state: &mut State, effects: &mut Vec<Effect>) {
    let runs = state.acted_on();
    let archived = runs.iter().any(|r| !r.archived);
    let runs: Vec<RunId> = runs.into_iter().map(|r| r.id.clone()).collect();
    if archived {
        state.marks.retain(|m| !runs.contains(m));
    }
    let what = if archived { "archiving" } else { "bringing back" };
    state.say(format!("{what} {}…", text::count(runs.len(), "run")));
    effects.push(Effect::SetArchived(runs, archived));
}

/// Asks how much there is to delete, unless something of it is being trained.
fn delete(state: &mut State, effects: &mut Vec<Effect>) {
    let runs: Vec<RunId> = state.acted_on().into_iter().map(|r| r.id.clone()).collect();
    let live = |id: &&RunId| state.runs.get(id).is_some_and(|r| r.status == RunStatus::Running);
    let names: Vec<String> = runs
        .iter()
        .filter(live)
        .filter_map(|id| Some(state.runs.get(id)?.name.clone()))
        .collect();
    let stop = state.keymap.text(Place::Runs, Action::Stop);
    match names.as_slice() {
        [] => effects.push(Effect::Weigh(runs)),
        [one] => state.complain(format!(
            "{one} is being trained and cannot be deleted: {stop} stops it first"
        )),
        several => state.complain(format!(
            "{} of the marked runs are being trained and cannot be deleted ({}): {stop} stops a run first",
            several.len(),
            several.join(", ")
        )),
    }
}

fn stop(state: &mut State, run: &RunSummary) {
    if run.status == RunStatus::Running {
        state.overlay = Some(Overlay::Confirm(Confirm {
            question: Question::Stop(run.id.clone()),
            text: format!(
                "Stop {}? It finishes its step, writes a checkpoint and ends; it can be resumed.",
                run.name
            ),
        }));
    } else {
        state.complain(format!("{} is not running: it is {}", run.name, run.status));
    }
}

fn resume(state: &mut State, run: RunSummary, effects: &mut Vec<Effect>) {
    match run.status {
        RunStatus::Running => state.complain(format!("{} is running already", run.name)),
        RunStatus::Finished => state.complain(format!(
            "{} has finished; retry trains it anew, fork goes on from it",
            run.name
        )),
        _ => {
            state.say(format!("resuming {}…", run.name));
            effects.push(Effect::Start(Box::new(Job::Resume(Box::new(run)))));
        }
    }
}
