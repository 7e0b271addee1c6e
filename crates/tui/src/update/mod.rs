//! From state and event to state and effects. Pure: nothing here waits, reads or writes.

mod act;
mod mouse;
mod reply;

use diptych_domain::RunStatus;

pub use act::{act, go_to};
pub use reply::runs_changed;

use crate::action::{Action, Place};
use crate::effect::Effect;
use crate::event::Event;
use crate::keys::Chord;
use crate::overlay;
use crate::state::{State, View};

/// How often the runs are read while somebody looks: seconds.
const READ_EVERY: f64 = 1.0;
/// After how long without an answer the screen says so: seconds.
pub const SLOW: f64 = 2.0;

/// What has to be done at the start.
pub fn begin(state: &mut State) -> Vec<Effect> {
    let mut effects = vec![state.read_soon()];
    state.next_read = state.now + READ_EVERY;
    enter(state, &mut effects);
    effects
}

/// Takes an event in; what is to be done about it.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    match event {
        // What cannot be seen cannot be steered.
        Event::Key(event) if state.too_small() => {
            if state.keymap.lookup(Place::Anywhere, Chord::from(event)) == Some(Action::Quit) {
                effects.push(Effect::Quit);
            }
        }
        Event::Mouse(_) | Event::Paste(_) if state.too_small() => {}
        Event::Key(event) => {
            state.dirty = true;
            if state.notice.as_ref().is_some_and(|n| n.has_been_read(state.now)) {
                state.notice = None;
            }
            if state.overlay.is_some() {
                overlay::key(state, event, &mut effects);
            } else if let Some(action) = state.keymap.lookup(state.place(), Chord::from(event)) {
                act(state, action, &mut effects);
            }
        }
        Event::Mouse(event) => mouse::mouse(state, event, &mut effects),
        Event::Paste(text) => {
            state.dirty = true;
            overlay::paste(state, &text, &mut effects);
        }
        Event::Resize(width, height) => {
            state.dirty = true;
            state.size = ratatui::layout::Size::new(width, height);
            enter(state, &mut effects);
        }
        Event::Tick(now) => tick(state, now, &mut effects),
        Event::Reply(reply) => reply::reply(state, *reply, &mut effects),
        Event::Terminate => act(state, Action::Quit, &mut effects),
    }
    effects
}

fn tick(state: &mut State, now: f64, effects: &mut Vec<Effect>) {
    // Ages and times to go are shown in seconds.
    state.dirty |= now.floor() != state.now.floor();
    state.now = now;
    if state.notice.as_ref().is_some_and(|n| n.until <= now) {
        state.notice = None;
        state.dirty = true;
    }
    if now < state.next_read || state.frozen {
        return;
    }
    state.next_read = now + READ_EVERY;
    if state.runs.asked.is_none() {
        effects.push(state.read_soon());
    }
    if state.view == View::System {
        effects.push(Effect::LookAtMachine(live(state)));
        effects.push(Effect::LoadQueue);
    }
}

fn live(state: &State) -> Vec<diptych_domain::RunId> {
    let live = state.runs.all().iter().filter(|r| r.status == RunStatus::Running);
    live.map(|r| r.id.clone()).collect()
}

/// Makes what follows from the filter anew, whatever view is open.
pub fn filter_changed(state: &mut State, effects: &mut Vec<Effect>) {
    crate::views::runs::rows::rebuild(state);
    enter(state, effects);
}

/// Asks for what the open view needs.
pub fn enter(state: &mut State, effects: &mut Vec<Effect>) {
    match state.view {
        View::Runs => ask_details(state, effects),
        View::Charts => crate::views::charts::ask(state, effects),
        View::Images => crate::views::images::ask(state, effects),
        View::Ablation => crate::views::ablation::changed(state, effects),
        View::System => {
            effects.push(Effect::LookAtMachine(live(state)));
            effects.push(Effect::LoadQueue);
            crate::views::system::ask(state, effects);
        }
    }
}

/// Asks for the details of the selected run, if they are in sight and of another run than those at hand.
pub fn ask_details(state: &mut State, effects: &mut Vec<Effect>) {
    let (_, area) = crate::views::runs::panes(state);
    let Some(run) = state.table.selected_run(&state.runs) else {
        return;
    };
    if area.width == 0 {
        return;
    }
    let (id, model) = (run.id.clone(), run.model.clone());
    if !state.table.details.defaults.contains_key(&model) {
        state
            .table
            .details
            .defaults
            .insert(model.clone(), diptych_domain::Params::new());
        effects.push(Effect::FindDefaults(model));
    }
    if state.table.details.asked.as_ref() != Some(&id) {
        state.table.details.asked = Some(id.clone());
        effects.push(Effect::LoadDetails(id));
    }
}
