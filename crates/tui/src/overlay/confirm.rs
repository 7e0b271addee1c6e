//! A question before something that cannot be undone.

use diptych_domain::RunId;

use super::Outcome;
use crate::action::Action;
use crate::effect::Effect;
use crate::keys::Chord;
use crate::state::State;
use crate::widgets::text;

/// What is to be confirmed.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Deleting runs.
    Delete(Vec<RunId>),
    /// Queueing experiments: so many cells and runs.
    Queue(Vec<crate::host::Wanted>),
    /// Asking a run to stop.
    Stop(RunId),
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// What it is about.
    pub question: Question,
    /// How it is put.
    pub text: String,
}

/// Hands a key to a question: only `y` and enter are yes.
pub(super) fn key(
    confirm: &mut Confirm,
    state: &mut State,
    chord: Chord,
    action: Option<Action>,
    effects: &mut Vec<Effect>,
) -> Outcome {
    match (action, chord.typed()) {
        (Some(Action::Accept), _) | (_, Some('y' | 'Y')) => {
            match &confirm.question {
                Question::Delete(runs) => {
                    state.say(format!("deleting {}…", text::count(runs.len(), "run")));
                    effects.push(Effect::Delete(runs.clone()));
                }
                Question::Queue(wanted) => {
                    state.say(format!("queueing {}…", text::count(wanted.len(), "run")));
                    effects.push(Effect::Start(Box::new(crate::host::Job::Queue(wanted.clone()))));
                }
                Question::Stop(run) => effects.push(Effect::Stop(run.clone())),
            }
            Outcome::Close
        }
        (Some(Action::Cancel), _) | (_, Some('n' | 'N' | 'q')) => Outcome::Close,
        _ => Outcome::Open,
    }
}
