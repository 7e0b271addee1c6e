//! What happens when a form or a list is accepted.

use diptych_domain::compare::Factor;
use diptych_domain::{RunId, RunSummary};

use super::form::Form;
use super::{Choose, Outcome, Purpose};
use crate::action::ACTIONS;
use crate::effect::{Checked, Effect};
use crate::export::Export;
use crate::host::Job;
use crate::state::State;
use crate::views::runs::rows::{Grouping, rebuild};

/// What a launch form says.
pub(super) fn launched(form: &Form) -> Checked {
    Checked {
        file: form.text(0).to_owned(),
        sets: words(form.text(1)),
    }
}

/// `KEY=VALUE` words; a value in quotes or brackets may have spaces.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut depth) = (false, 0_i32);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        if c == ' ' && !quoted && depth <= 0 {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// The tags that all of the runs have.
pub(super) fn common_tags(runs: &[&RunSummary]) -> Vec<String> {
    let Some((first, others)) = runs.split_first() else {
        return Vec::new();
    };
    let common = |tag: &&String| others.iter().all(|r| r.tags.contains(tag));
    first.tags.iter().filter(common).cloned().collect()
}

/// Does what a form was filled in for.
pub(super) fn accept_form(form: &mut Form, state: &mut State, effects: &mut Vec<Effect>) -> Outcome {
    let text = form.text(0).to_owned();
    let run: Option<RunId> = state.selected().map(|r| r.id.clone());
    match form.purpose {
        // A mistake is to be mended first.
        Purpose::Filter if form.error.is_some() => return Outcome::Open,
        Purpose::GroupBy => {
            let names: Vec<String> = text
                .split([',', ' '])
                .filter(|n| !n.is_empty())
                .map(str::to_owned)
                .collect();
            for name in &names {
                if let Err(problem) = Factor::parse(name, state.runs.all()) {
                    form.error = Some((text.find(name.as_str()).unwrap_or(0), problem));
                    return Outcome::Open;
                }
            }
            state.table.grouping = if names.is_empty() {
                Grouping::AllButSeed
            } else {
                Grouping::By(names)
            };
            rebuild(state);
        }
        Purpose::Note => {
            let Some(run) = run else { return Outcome::Close };
            return form.submit(state, effects, Effect::SetNote(run, text), "noting…".into());
        }
        Purpose::Tags => {
            let wanted = words(&text.replace(',', " "));
            let runs = state.acted_on();
            // What all of them had, and was taken out, goes; what only some have stays theirs.
            let had = common_tags(&runs);
            let add = wanted.iter().filter(|t| !had.contains(t)).cloned().collect();
            let remove = had.into_iter().filter(|t| !wanted.contains(t)).collect();
            let runs: Vec<RunId> = runs.into_iter().map(|r| r.id.clone()).collect();
            if runs.is_empty() {
                return Outcome::Close;
            }
            let change = Effect::SetTags { runs, add, remove };
            return form.submit(state, effects, change, "changing tags…".into());
        }
        Purpose::Launch => {
            if text.is_empty() {
                form.error = Some((0, "which file? Experiments are TOML files".into()));
                return Outcome::Open;
            }
            let name = Some(form.text(2).to_owned()).filter(|n| !n.is_empty());
            let sets = words(form.text(1));
            let file = text.into();
            let start = Effect::Start(Box::new(Job::Launch { file, sets, name }));
            return form.submit(state, effects, start, "launching…".into());
        }
        Purpose::Fork => {
            let Some(run) = state.selected().cloned() else {
                return Outcome::Close;
            };
            let sets = words(form.text(1));
            let name = Some(form.text(2).to_owned()).filter(|n| !n.is_empty());
            let meanwhile = format!("forking {}…", run.name);
            let (run, at) = (Box::new(run), text);
            let start = Effect::Start(Box::new(Job::Fork { run, at, sets, name }));
            return form.submit(state, effects, start, meanwhile);
        }
        Purpose::Export => match crate::export::of_view(state, &text) {
            Ok(export) => {
                let replace = form.warned.as_ref() == Some(&text);
                let export = Effect::Export(Box::new(Export { replace, ..export }));
                return form.submit(state, effects, export, "writing…".into());
            }
            Err(problem) => {
                form.error = Some((0, problem));
                return Outcome::Open;
            }
        },
        _ => {}
    }
    Outcome::Close
}

/// Does what something was chosen for.
pub(super) fn accept_choice(choose: &mut Choose, state: &mut State, effects: &mut Vec<Effect>) -> Outcome {
    let current = choose.current().map(|i| i.value.clone());
    let picked = choose.picked();
    match (choose.purpose, current) {
        (Purpose::Palette, Some(id)) => {
            if let Some(info) = ACTIONS.iter().find(|i| i.id == id) {
                // Away from where it belongs, the palette goes there first.
                crate::update::go_to(state, info.places, effects);
                crate::update::act(state, info.action, effects);
            }
        }
        (Purpose::Columns, current) => {
            let all_default = picked.is_empty();
            // Enter on a single item without having picked means that one.
            let unchanged = picked
                == state
                    .table
                    .columns
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>();
            let mut chosen = picked;
            if unchanged && let Some(current) = current.filter(|c| !chosen.contains(c)) {
                chosen.push(current);
            }
            state.table.chosen = (!all_default).then_some(chosen);
            state.table.forget_columns();
            rebuild(state);
        }
        (Purpose::SortBy, Some(key)) => crate::views::runs::set_sort(state, &key),
        (Purpose::Metrics, current) => {
            let mut chosen = picked;
            let unchanged = chosen
                == crate::views::charts::metrics(state)
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>();
            if unchanged && let Some(current) = current.filter(|c| !chosen.contains(c)) {
                chosen.push(current);
            }
            crate::views::charts::choose_metrics(state, chosen, effects);
        }
        (Purpose::Roles, _) => crate::views::images::choose_roles(state, picked, effects),
        (Purpose::Rows, Some(factor)) => {
            state.ablation.rows = Some(factor);
            crate::views::ablation::changed(state, effects);
        }
        (Purpose::Cols, Some(factor)) => {
            state.ablation.cols = Some(factor).filter(|f| f != "-");
            state.ablation.no_cols = state.ablation.cols.is_none();
            crate::views::ablation::changed(state, effects);
        }
        (Purpose::Measure, Some(measure)) => {
            state.ablation.measure = Some(measure);
            crate::views::ablation::changed(state, effects);
        }
        _ => return Outcome::Open,
    }
    Outcome::Close
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_brackets_and_quotes_are_one_word() {
        assert_eq!(words("a=1  b=[1, 2] c=\"x y\""), ["a=1", "b=[1, 2]", "c=\"x y\""]);
        assert_eq!(words(" "), Vec::<String>::new());
    }
}
