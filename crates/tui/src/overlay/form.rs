//! One line, or a few, to fill in, with proposals.

use std::ops::Range;

use super::{Outcome, Purpose, edit};
use crate::action::Action;
use crate::effect::{Checked, Effect};
use crate::keys::Chord;
use crate::state::{State, completion};
use crate::widgets::line::Line;

/// A line to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it is; empty where there is only one.
    pub label: &'static str,
    /// What is written.
    pub line: Line,
}

/// Lines to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What for.
    pub purpose: Purpose,
    /// Written above.
    pub title: String,
    /// The lines.
    pub fields: Vec<Field>,
    /// The line that the keyboard is in.
    pub at: usize,
    /// What may stand at the cursor instead.
    pub proposals: Vec<String>,
    /// The part of the line that they replace.
    pub replaces: Range<usize>,
    /// The proposal that has been taken last.
    pub taken: Option<usize>,
    /// What is wrong, and at which byte of the line.
    pub error: Option<(usize, String)>,
    /// What is good to know.
    pub hint: String,
    /// What was there before.
    pub before: String,
    /// What has been sent off and is not done yet, and what is said meanwhile. Until then nothing can be typed.
    pub busy: Option<(u64, String)>,
    /// When that was sent off.
    pub since: f64,
    /// The text of which it has been said that it names a file that exists.
    pub warned: Option<String>,
    /// What is being checked.
    pub checking: Option<Checked>,
}

impl Form {
    /// A form with a single line.
    pub fn single(purpose: Purpose, title: impl Into<String>, text: &str, hint: &str) -> Self {
        Self::new(purpose, title, vec![("", text)], hint)
    }

    /// A form with several lines.
    pub fn new(
        purpose: Purpose,
        title: impl Into<String>,
        fields: Vec<(&'static str, &str)>,
        hint: &str,
    ) -> Self {
        Self {
            purpose,
            title: title.into(),
            before: fields
                .first()
                .map(|(_, text)| (*text).to_owned())
                .unwrap_or_default(),
            fields: fields
                .into_iter()
                .map(|(label, text)| Field {
                    label,
                    line: Line::new(text),
                })
                .collect(),
            at: 0,
            proposals: Vec::new(),
            replaces: 0..0,
            taken: None,
            error: None,
            hint: hint.to_owned(),
            busy: None,
            since: 0.0,
            warned: None,
            checking: None,
        }
    }

    /// Whether the store has been waited for longer than it takes.
    pub fn slow(&self, now: f64) -> bool {
        let of_store = matches!(self.purpose, Purpose::Note | Purpose::Tags);
        of_store && self.busy.is_some() && now - self.since > crate::update::SLOW
    }

    /// Whether a path is being typed, and if so whether of an experiment.
    pub fn path(&self) -> Option<bool> {
        match (self.purpose, self.at) {
            (Purpose::Launch, 0) => Some(true),
            (Purpose::Export, _) => Some(false),
            _ => None,
        }
    }

    /// Sends off what the form was filled in for. The form stays until that is done, and with the error where it cannot be.
    pub(super) fn submit(
        &mut self,
        state: &mut State,
        effects: &mut Vec<Effect>,
        what: Effect,
        meanwhile: String,
    ) -> Outcome {
        state.sent += 1;
        self.busy = Some((state.sent, meanwhile));
        self.since = state.now;
        (self.error, self.proposals) = (None, Vec::new());
        effects.push(Effect::Submit(state.sent, Box::new(what)));
        Outcome::Open
    }

    /// Takes in what a path may go on to.
    pub(super) fn take_paths(&mut self, typed: &str, paths: Vec<String>) {
        let Some(field) = self.fields.get(self.at) else {
            return;
        };
        if self.path().is_none() || field.line.text() != typed || self.taken.is_some() || self.busy.is_some()
        {
            return;
        }
        let known = std::mem::take(&mut self.proposals);
        self.proposals = paths.into_iter().filter(|p| p != typed).collect();
        let new = known.into_iter().filter(|k| !self.proposals.contains(k));
        self.proposals.extend(new.collect::<Vec<_>>());
        self.replaces = 0..typed.len();
    }

    /// What all proposals begin with, where that is more than what is written.
    fn common_start(&self) -> Option<String> {
        let typed = self.fields.get(self.at)?.line.text();
        let first = self.proposals.first()?;
        let same = |other: &String| -> usize {
            let pairs = first.char_indices().zip(other.chars());
            pairs
                .take_while(|((_, a), b)| a == b)
                .map(|((at, a), _)| at + a.len_utf8())
                .last()
                .unwrap_or(0)
        };
        let length = self.proposals.iter().map(same).min()?;
        let common = &first[..length];
        (common.len() > typed.len() && common.starts_with(typed)).then(|| common.to_owned())
    }

    /// The text of a line.
    pub fn text(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |f| f.line.text().trim())
    }

    /// Types text.
    pub fn paste(&mut self, text: &str) {
        self.fields[self.at].line.paste(text);
    }

    /// Puts the next (or previous) proposal in place.
    fn take(&mut self, forward: bool) {
        let n = self.proposals.len();
        if n == 0 {
            return;
        }
        let next = match (self.taken, forward) {
            (None, true) => 0,
            (None, false) => n - 1,
            (Some(at), true) => (at + 1) % n,
            (Some(at), false) => (at + n - 1) % n,
        };
        let proposal = self.proposals[next].clone();
        self.fields[self.at]
            .line
            .replace(self.replaces.clone(), &proposal);
        self.replaces.end = self.replaces.start + proposal.len();
        self.taken = Some(next);
    }
}

/// Hands a key to a form.
pub(super) fn key(
    form: &mut Form,
    state: &mut State,
    chord: Chord,
    action: Option<Action>,
    effects: &mut Vec<Effect>,
) -> Outcome {
    let several = form.fields.len() > 1;
    match action {
        Some(Action::Cancel) => {
            if form.purpose == Purpose::Filter {
                state.filter.set(&form.before);
                crate::update::filter_changed(state, effects);
            }
            return Outcome::Close;
        }
        _ if form.busy.is_some() => return Outcome::Open,
        Some(Action::Accept) => return super::accept::accept_form(form, state, effects),
        Some(Action::Complete) if form.proposals.is_empty() && several => {
            form.at = (form.at + 1) % form.fields.len()
        }
        Some(Action::Complete)
            if form.path().is_some() && form.taken.is_none() && form.common_start().is_some() =>
        {
            // As shells do: as far as it is clear, then the choice.
            let common = form.common_start().unwrap_or_default();
            form.fields[form.at].line = Line::new(common);
        }
        Some(Action::Complete) => {
            form.take(true);
            // Of several that begin alike the next press takes the next one.
            changed(form, state, effects, form.proposals.len() <= 1);
            return Outcome::Open;
        }
        Some(Action::NextItem) if several => form.at = (form.at + 1) % form.fields.len(),
        Some(Action::PreviousItem) if several => {
            form.at = (form.at + form.fields.len() - 1) % form.fields.len()
        }
        Some(Action::NextItem) => {
            form.take(true);
            changed(form, state, effects, false);
            return Outcome::Open;
        }
        Some(Action::PreviousItem) => {
            form.take(false);
            changed(form, state, effects, false);
            return Outcome::Open;
        }
        _ => {
            if !edit(&mut form.fields[form.at].line, chord, action) {
                return Outcome::Open;
            }
        }
    }
    changed(form, state, effects, true);
    Outcome::Open
}

/// Looks at what is written now.
pub(super) fn changed(form: &mut Form, state: &mut State, effects: &mut Vec<Effect>, propose: bool) {
    let line = &form.fields[form.at].line;
    let (text, cursor) = (line.text().to_owned(), line.cursor());
    match form.purpose {
        Purpose::Filter => {
            state.filter.set(&text);
            form.error = state.filter.error().map(|e| (e.at, e.problem.clone()));
            crate::update::filter_changed(state, effects);
        }
        Purpose::Launch => {
            form.error = None;
            check(form, effects);
        }
        _ => form.error = None,
    }
    if propose {
        (form.replaces, form.proposals) = match (form.purpose, form.at) {
            (Purpose::Filter, _) => completion::query(&text, cursor, &state.runs),
            (Purpose::GroupBy, _) => completion::factors(&text, cursor, &state.runs),
            (Purpose::Launch, 0) => (0..text.len(), matching(&state.system.experiments, &text)),
            (Purpose::Export, _) => (0..text.len(), Vec::new()),
            (Purpose::Launch | Purpose::Fork, 1) => assignments(&text, cursor, state),
            (Purpose::Tags, _) => tags(&text, cursor, state),
            _ => (0..0, Vec::new()),
        };
        form.taken = None;
        if let Some(experiments) = form.path() {
            effects.push(Effect::FindPaths(text, experiments));
        }
    }
}

/// Has what is written now checked; what was written a moment ago is of no interest, so that one check goes on at a time.
fn check(form: &mut Form, effects: &mut Vec<Effect>) {
    let now = super::accept::launched(form);
    if form.checking.is_none() && form.busy.is_none() {
        effects.push(Effect::Check(now.clone()));
        form.checking = Some(now);
    }
}

/// Takes in what a check found, if that is what is written by now; else has that checked.
pub(super) fn checked(
    form: &mut Form,
    of: &Checked,
    result: Result<String, String>,
    effects: &mut Vec<Effect>,
) {
    if form.purpose != Purpose::Launch || form.checking.as_ref() != Some(of) {
        return;
    }
    form.checking = None;
    if super::accept::launched(form) != *of {
        check(form, effects);
    } else if form.busy.is_none() {
        match result {
            Ok(what) => (form.hint, form.error) = (what, None),
            Err(problem) => form.error = Some((0, problem)),
        }
    }
}

fn matching(candidates: &[String], word: &str) -> Vec<String> {
    candidates
        .iter()
        .filter(|c| c.contains(word) && *c != word)
        .cloned()
        .collect()
}

/// The word at the cursor.
fn word(text: &str, cursor: usize) -> (Range<usize>, &str) {
    let start = text[..cursor].rfind(' ').map_or(0, |at| at + 1);
    (start..cursor, &text[start..cursor])
}

fn assignments(text: &str, cursor: usize, state: &State) -> (Range<usize>, Vec<String>) {
    let (range, word) = word(text, cursor);
    if word.is_empty() || word.contains('=') {
        return (0..0, Vec::new());
    }
    let keys: Vec<String> = state
        .runs
        .settings()
        .into_iter()
        .map(|k| format!("{k}="))
        .collect();
    (range, matching(&keys, word))
}

fn tags(text: &str, cursor: usize, state: &State) -> (Range<usize>, Vec<String>) {
    let (range, word) = word(text, cursor);
    let mut known: Vec<String> = state.runs.all().iter().flat_map(|r| r.tags.clone()).collect();
    known.sort();
    known.dedup();
    let found = if word.is_empty() {
        Vec::new()
    } else {
        matching(&known, word)
    };
    (range, found)
}
