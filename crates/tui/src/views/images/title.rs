//! What stands above the images: names as long as there is room, and steps where they differ.

use std::collections::HashMap;

use diptych_domain::{RunId, RunSummary};

use super::layout::Column;
use super::{at_step, runs};
use crate::engine::pictures::Mix;
use crate::state::State;
use crate::widgets::names::{crowded, distinct};
use crate::widgets::text;

/// What a column is called, and which step its images are of where that is not the slider's.
pub(super) struct Title {
    /// The name, or two where images of two runs are combined.
    pub name: String,
    /// `step 400`.
    pub step: Option<String>,
}

impl Title {
    /// In one line, or in two.
    pub fn lines(&self) -> String {
        match &self.step {
            Some(step) => format!("{}\n{step}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The columns' titles, with names of at most so many columns.
pub(super) fn titles(state: &State, columns: &[Column<'_>], room: usize) -> Vec<Title> {
    let short = |room: usize| -> HashMap<&RunId, String> {
        let all = runs(state);
        let names: Vec<&str> = all.iter().map(|r| r.name.as_str()).collect();
        all.iter().map(|r| &r.id).zip(distinct(&names, room)).collect()
    };
    let of_two = if columns.iter().any(|c| c.other.is_some()) {
        short(room.saturating_sub(5) / 2)
    } else {
        HashMap::new()
    };
    let alone = short(room);
    let step = |run: &RunSummary| {
        let step = step_of(state, &run.id);
        step.filter(|step| Some(*step) != state.images.step)
            .map(|step| format!("step {step}"))
    };
    let title = |column: &Column<'_>| {
        let pair = |other: &RunSummary| (&of_two[&column.run.id], &of_two[&other.id]);
        match (column.mix, column.other) {
            (Mix::Difference, Some(other)) => {
                let (first, other) = pair(other);
                (format!("|{other} − {first}|"), None)
            }
            (_, Some(other)) => {
                let (first, other) = pair(other);
                (format!("{first} │ {other}"), None)
            }
            (_, None) => (alone[&column.run.id].clone(), step(column.run)),
        }
    };
    let titles = columns.iter().map(title);
    titles.map(|(name, step)| Title { name, step }).collect()
}

/// The name in lines, broken behind hyphens where there are some.
pub(super) fn parted(name: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = name;
    while text::width(rest) > columns.max(1) {
        let end = rest
            .char_indices()
            .nth(columns.max(1))
            .map_or(rest.len(), |(at, _)| at);
        let at = rest[..end].rfind('-').map_or(end, |at| at + 1);
        lines.push(rest[..at].to_owned());
        rest = &rest[at..];
    }
    lines.push(rest.to_owned());
    lines
}

/// Titles whose names can be parted into so many lines, as long as they can be.
pub(super) fn lined(state: &State, runs: &[Column<'_>], room: usize, lines: usize) -> Vec<Title> {
    let fit = |titles: &Vec<Title>| titles.iter().all(|t| parted(&t.name, room).len() <= lines);
    (room..=room * lines)
        .rev()
        .map(|total| titles(state, runs, total))
        .find(fit)
        .unwrap_or_else(|| titles(state, runs, room))
}

/// Whether names have to be cut, or become the same, in so many columns.
pub(super) fn is_crowded(state: &State, room: usize) -> bool {
    let all = runs(state);
    let names: Vec<&str> = all.iter().map(|r| r.name.as_str()).collect();
    crowded(&names, room)
}

/// The step of a run's images.
fn step_of(state: &State, run: &RunId) -> Option<u64> {
    let found = at_step(state, run, state.images.step);
    let made = found
        .iter()
        .filter(|(role, _)| !matches!(**role, "input" | "target"));
    made.map(|(_, image)| image.step).max()
}

/// Whether the columns show images of several steps.
pub(super) fn differing_steps(state: &State, columns: &[Column<'_>]) -> bool {
    let mut steps = columns.iter().filter_map(|c| step_of(state, &c.run.id));
    let first = steps.next();
    steps.any(|s| Some(s) != first)
}

/// The step of all images that are shown, where it is one.
pub(super) fn common_step(state: &State) -> Option<u64> {
    let all = runs(state);
    let mut steps = all.iter().filter_map(|r| step_of(state, &r.id));
    let first = steps.next()?;
    steps.all(|s| s == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parted_behind_hyphens() {
        assert_eq!(parted("…l11000-lr0.0004-n8", 11), ["…l11000-", "lr0.0004-n8"]);
        assert_eq!(parted("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(parted("", 3), [""]);
    }
}
