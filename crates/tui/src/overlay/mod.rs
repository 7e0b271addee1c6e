//! What lies over the view and has the keyboard: forms, lists to choose from, questions, help.

mod accept;
mod choose;
mod confirm;
mod draw;
mod form;
mod help;
mod open;

pub use choose::{Choose, Item};
pub use confirm::{Confirm, Question};
pub use draw::draw;
pub use form::{Field, Form};
pub use help::{Help, key_table};
pub use open::{
    open_columns, open_export, open_filter, open_fork, open_group_by, open_launch, open_measure,
    open_metrics, open_note, open_palette, open_roles, open_rows_or_columns, open_sort, open_tags,
};

use crossterm::event::KeyEvent;

use crate::action::{Action, Place};
use crate::effect::{Checked, Effect, Reply};
use crate::keys::Chord;
use crate::state::State;

/// What is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Which runs to show.
    Filter,
    /// What to group by.
    GroupBy,
    /// Which columns the table has.
    Columns,
    /// What to sort by.
    SortBy,
    /// A run's note.
    Note,
    /// A run's tags.
    Tags,
    /// An experiment file to launch.
    Launch,
    /// From where a fork goes on, with which changes.
    Fork,
    /// The file to export to.
    Export,
    /// An action.
    Palette,
    /// Which metrics charts show.
    Metrics,
    /// Which rows images have.
    Roles,
    /// The ablation's rows.
    Rows,
    /// The ablation's columns.
    Cols,
    /// The ablation's metric.
    Measure,
}

/// Something over the view.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// Lines to fill in.
    Form(Form),
    /// A list to choose from.
    Choose(Choose),
    /// A question.
    Confirm(Confirm),
    /// All keys.
    Help(Help),
}

/// What an overlay made of a key.
pub(crate) enum Outcome {
    /// It goes on.
    Open,
    /// It is done.
    Close,
}

/// Hands a key to the overlay.
pub fn key(state: &mut State, event: KeyEvent, effects: &mut Vec<Effect>) {
    let chord = Chord::from(event);
    let action = state.keymap.lookup(Place::Input, chord);
    // Closed while it works, so that it can change the state and open another.
    let Some(mut overlay) = state.overlay.take() else {
        return;
    };
    let outcome = match &mut overlay {
        Overlay::Form(form) => form::key(form, state, chord, action, effects),
        Overlay::Choose(choose) => choose::key(choose, state, chord, action, effects),
        Overlay::Confirm(confirm) => confirm::key(confirm, state, chord, action, effects),
        Overlay::Help(help) => help::key(help, state, chord, action),
    };
    if matches!(outcome, Outcome::Open) {
        state.overlay = Some(overlay);
    }
}

/// Makes the proposals anew: something that they are made of has come in.
pub fn propose_again(state: &mut State, effects: &mut Vec<Effect>) {
    with_form(state, |form, state| {
        if form.busy.is_none() {
            form::changed(form, state, effects, true);
        }
    });
}

/// Takes in what a check found.
pub fn took_check(
    state: &mut State,
    of: &Checked,
    result: Result<String, String>,
    effects: &mut Vec<Effect>,
) {
    with_form(state, |form, _| form::checked(form, of, result, effects));
}

/// Takes in what a path may go on to.
pub fn took_paths(state: &mut State, typed: &str, paths: Vec<String>) {
    with_form(state, |form, _| form.take_paths(typed, paths));
}

/// Takes in what came of what a form was filled in for. The form closes where it is done, and says what is wrong where it is not; the
/// reply is given back where it is still to be told.
pub fn took_submission(state: &mut State, form: u64, reply: Reply) -> Option<Reply> {
    let open = match &mut state.overlay {
        Some(Overlay::Form(open)) if open.busy.as_ref().is_some_and(|(id, _)| *id == form) => open,
        // It was left meanwhile.
        _ => {
            return Some(match reply {
                Reply::Exists(path) => Reply::Failed(format!(
                    "{} is there already; nothing was written",
                    path.display()
                )),
                other => other,
            });
        }
    };
    open.busy = None;
    match reply {
        Reply::Failed(problem) => open.error = Some((0, problem)),
        Reply::Exists(path) => {
            open.warned = Some(open.text(0).to_owned());
            let problem = format!(
                "{} is there already: enter again replaces it, another name keeps it",
                path.display()
            );
            open.error = Some((0, problem));
        }
        done => {
            state.overlay = None;
            return Some(done);
        }
    }
    None
}

fn with_form(state: &mut State, change: impl FnOnce(&mut Form, &mut State)) {
    match state.overlay.take() {
        Some(Overlay::Form(mut form)) => {
            change(&mut form, state);
            state.overlay = Some(Overlay::Form(form));
        }
        other => state.overlay = other,
    }
}

/// How many lines the help has.
pub fn help_lines(state: &State) -> usize {
    help::lines(&state.keymap, None).len()
}

/// Types text that was pasted.
pub fn paste(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    match state.overlay.take() {
        Some(Overlay::Form(form)) if form.busy.is_some() => state.overlay = Some(Overlay::Form(form)),
        Some(Overlay::Form(mut form)) => {
            form.paste(text);
            form::changed(&mut form, state, effects, true);
            state.overlay = Some(Overlay::Form(form));
        }
        Some(Overlay::Choose(mut choose)) => {
            choose.paste(text);
            state.overlay = Some(Overlay::Choose(choose));
        }
        other => state.overlay = other,
    }
}

/// Edits a line; says whether the key meant that.
pub(crate) fn edit(line: &mut crate::widgets::line::Line, chord: Chord, action: Option<Action>) -> bool {
    use crossterm::event::KeyCode;
    match (action, chord.code()) {
        (Some(Action::DeleteWord), _) => line.delete_word(),
        (Some(Action::ClearLine), _) => line.clear_before(),
        (Some(Action::LineStart), _) => line.home(),
        (Some(Action::LineEnd), _) => line.end(),
        (Some(_), _) => return false,
        (None, KeyCode::Backspace) => line.backspace(),
        (None, KeyCode::Delete) => line.delete(),
        (None, KeyCode::Left) => line.left(),
        (None, KeyCode::Right) => line.right(),
        (None, _) => match chord.typed() {
            Some(c) => line.insert(c),
            None => return false,
        },
    }
    true
}
