//! Taking in what effects found out.

use diptych_domain::human;

use crate::effect::{Effect, Reply};
use crate::overlay::{self, Confirm, Overlay, Question};
use crate::state::{State, View};
use crate::views;
use crate::widgets::text;

/// Takes a reply in.
pub(super) fn reply(state: &mut State, reply: Reply, effects: &mut Vec<Effect>) {
    state.dirty = true;
    match reply {
        Reply::Runs(Ok(news)) => {
            if news.complete {
                state.runs.asked = None;
            }
            let first = !state.runs.loaded;
            state.dirty = state.runs.take(news, state.now);
            // What is frozen takes note of changes and shows them later.
            if state.dirty && (!state.frozen || first) {
                runs_changed(state, effects);
            }
            if first {
                super::enter(state, effects);
            }
        }
        Reply::Runs(Err(problem)) => {
            state.runs.asked = None;
            state.runs.trouble = Some(problem);
        }
        Reply::Details(run, page) => {
            // An answer about a run that is no longer selected is of no use.
            if state.table.details.asked.as_ref() == Some(&run) {
                state.table.details.page = Some((run, page));
            }
        }
        Reply::Curve(request, result) => views::charts::took_curve(state, *request, result, effects),
        Reply::Grid(ingredients, grid) => views::ablation::took_grid(state, ingredients, grid.map(|g| *g)),
        Reply::Strip(run, key, values) => state.system.strips.entry((run, key)).or_default().1 = values,
        Reply::Images(run, images) => views::images::took_list(state, run, images, effects),
        Reply::Picture(request, picture) => views::images::took_picture(state, *request, picture, effects),
        Reply::Command(command) => {
            let first = command.lines().next().unwrap_or_default().to_owned();
            effects.push(Effect::Copy(command));
            state.say(format!("copied: {first}"));
        }
        Reply::Checked(of, result) => overlay::took_check(state, &of, result, effects),
        Reply::Paths(typed, paths) => overlay::took_paths(state, &typed, paths),
        Reply::Submitted(form, what) => {
            if let Some(what) = overlay::took_submission(state, form, *what) {
                self::reply(state, what, effects);
            }
        }
        Reply::Exists(path) => state.complain(format!("{} is there already", path.display())),
        Reply::Experiments(files) => {
            state.system.experiments = files;
            overlay::propose_again(state, effects);
        }
        Reply::Defaults(model, defaults) => {
            state.table.details.defaults.insert(model, defaults);
        }
        // Somebody is doing something else by now.
        Reply::Weighed(..) if state.overlay.is_some() => {}
        Reply::Weighed(runs, bytes) => {
            let names: Vec<String> = runs
                .iter()
                .filter_map(|id| state.runs.get(id))
                .map(|r| r.name.clone())
                .collect();
            let what = match names.as_slice() {
                [one] => one.clone(),
                several => format!(
                    "{} ({})",
                    text::count(several.len(), "run"),
                    text::cut(&several.join(", "), 120)
                ),
            };
            state.overlay = Some(Overlay::Confirm(Confirm {
                question: Question::Delete(runs),
                text: format!(
                    "Delete {what}? Points, images, checkpoints and log go with it, {} of files; it cannot be undone.",
                    human::bytes(bytes)
                ),
            }));
        }
        Reply::Queue(queue) => views::system::took_queue(state, queue),
        Reply::Machine(machine) => views::system::took_machine(state, *machine),
        Reply::Done(text) => {
            state.say(text);
            // What was done may show in the runs, or in the details at hand.
            effects.push(state.read_soon());
            effects.push(Effect::LoadQueue);
            state.table.details.asked = None;
            super::ask_details(state, effects);
        }
        Reply::Failed(text) => state.complain(text),
    }
}

/// Makes what follows from the runs anew, and asks for what is new of them.
pub fn runs_changed(state: &mut State, effects: &mut Vec<Effect>) {
    views::runs::rows::rebuild(state);
    match state.view {
        View::Runs => {
            let live = state
                .table
                .selected_run(&state.runs)
                .is_some_and(|r| state.table.details.page.is_none() || r.updated > state.now - 10.0);
            // The log and the history of a live run grow.
            if live {
                state.table.details.asked = None;
            }
            super::ask_details(state, effects);
        }
        View::Charts => views::charts::ask(state, effects),
        View::Images => views::images::ask(state, effects),
        View::Ablation => views::ablation::changed(state, effects),
        View::System => views::system::ask(state, effects),
    }
}
