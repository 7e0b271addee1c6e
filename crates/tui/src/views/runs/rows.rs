//! From runs to the rows of the table: filtered, sorted, grouped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use diptych_domain::compare::Factor;
use diptych_domain::query::SortKey;
use diptych_domain::{RunId, RunSummary};

use crate::state::State;
use crate::state::runs::RunStore;

/// The order that runs have anyway.
pub const NEWEST_FIRST: &str = "-created";

/// A row of the table. Indices are those of the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A run; indented where it belongs to a group above it.
    Run {
        /// Which.
        index: usize,
        /// Whether it stands below its group.
        inside: bool,
    },
    /// Runs that are alike.
    Group {
        /// What they share: stays the same as long as they do.
        key: String,
        /// How it is called.
        label: String,
        /// Which runs.
        members: Vec<usize>,
        /// Whether they are listed below it.
        expanded: bool,
    },
}

impl Row {
    /// The runs in it.
    pub fn members(&self) -> Vec<usize> {
        match self {
            Self::Run { index, .. } => vec![*index],
            Self::Group { members, .. } => members.clone(),
        }
    }

    /// What stays the same when rows change around it.
    pub fn anchor(&self, runs: &RunStore) -> String {
        match self {
            Self::Run { index, .. } => runs.all()[*index].id.to_string(),
            Self::Group { key, .. } => format!("group {key}"),
        }
    }
}

/// How runs are grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Not at all.
    #[default]
    None,
    /// By everything but the seed and the name.
    AllButSeed,
    /// By these factors.
    By(Vec<String>),
}

/// Experiments without seed and name, remembered: thousands of specs are not written out again for each new point.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    known: HashMap<RunId, String>,
}

impl Identities {
    fn of(&mut self, run: &RunSummary) -> String {
        if let Some(known) = self.known.get(&run.id) {
            return known.clone();
        }
        let mut spec = run.spec.clone();
        spec.seed = 0;
        let mut hasher = DefaultHasher::new();
        spec.nameless_json()
            .unwrap_or_else(|_| run.id.to_string())
            .hash(&mut hasher);
        let text = format!("{:016x}", hasher.finish());
        self.known.insert(run.id.clone(), text.clone());
        text
    }
}

/// Makes the rows anew and keeps the selection on what it was on.
pub fn rebuild(state: &mut State) {
    // The old rows' indices mean other runs by now; what was selected is known by name.
    let anchor = state.table.anchor.clone();
    let shown = shown(state);
    state.table.shown.clone_from(&shown);
    state.table.refresh_columns(&state.runs);
    state.table.rows = match &state.table.grouping {
        Grouping::None => shown
            .into_iter()
            .map(|index| Row::Run { index, inside: false })
            .collect(),
        grouping => {
            let grouping = grouping.clone();
            grouped(state, &grouping, &shown)
        }
    };
    let rows = &state.table.rows;
    let found = anchor.and_then(|anchor| rows.iter().position(|row| row.anchor(&state.runs) == anchor));
    state.table.selected = found
        .unwrap_or(state.table.selected)
        .min(rows.len().saturating_sub(1));
    // What a session wants selected again may not have been read yet.
    state.table.seeking &= found.is_none() && !state.runs.complete;
    if !state.table.seeking {
        state.table.anchor = rows
            .get(state.table.selected)
            .map(|row| row.anchor(&state.runs))
            .or(state.table.anchor.take());
    }
}

/// The runs that pass the filter, in order.
fn shown(state: &State) -> Vec<usize> {
    let runs = state.runs.all();
    let mut shown: Vec<usize> = (0..runs.len())
        .filter(|at| state.filter.shows(&runs[*at], state.now))
        .collect();
    // As the store has them, newest first: thousands are not sorted anew for each new point.
    if state.table.sort == NEWEST_FIRST {
        return shown;
    }
    if let Ok(key) = SortKey::parse(&state.table.sort) {
        shown.sort_by(|a, b| key.compare(&runs[*a], &runs[*b]));
    }
    shown
}

fn grouped(state: &mut State, grouping: &Grouping, shown: &[usize]) -> Vec<Row> {
    let factors: Vec<Factor> = match grouping {
        Grouping::By(names) => names
            .iter()
            .filter_map(|name| Factor::parse(name, state.runs.all()).ok())
            .collect(),
        _ => Vec::new(),
    };
    // Groups stand where their first run would.
    let mut order: Vec<String> = Vec::new();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in shown {
        let run = &state.runs.all()[*at];
        let key = match grouping {
            Grouping::By(_) => label(&factors, run),
            _ => state.table.identities.of(run),
        };
        let members = groups.entry(key.clone()).or_default();
        if members.is_empty() {
            order.push(key);
        }
        members.push(*at);
    }
    let mut rows = Vec::new();
    for key in order {
        let members = groups.remove(&key).unwrap_or_default();
        let expanded = state.table.expanded.contains(&key);
        let label = match grouping {
            Grouping::By(_) => key.clone(),
            _ => common_name(members.iter().map(|at| state.runs.all()[*at].name.as_str())),
        };
        let inside = members.clone();
        rows.push(Row::Group {
            key,
            label,
            members,
            expanded,
        });
        if expanded {
            rows.extend(inside.into_iter().map(|index| Row::Run { index, inside: true }));
        }
    }
    rows
}

fn label(factors: &[Factor], run: &RunSummary) -> String {
    let words = factors.iter().map(|f| {
        let name = f.to_string();
        format!("{}={}", name.rsplit('.').next().unwrap_or(&name), f.level(run))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What the names of runs that differ in their seed begin with.
fn common_name<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: BTreeSet<&str> = names.collect();
    let (Some(first), Some(last)) = (names.first(), names.last()) else {
        return String::new();
    };
    if names.len() == 1 {
        return (*first).to_owned();
    }
    let same = first.chars().zip(last.chars()).take_while(|(a, b)| a == b);
    let prefix: String = same.map(|(a, _)| a).collect();
    // The seed may stand in the middle: what follows it says more than it does.
    let ends = |name: &str| -> Vec<char> { name[prefix.len()..].chars().rev().collect() };
    let mut suffix = ends(first);
    for name in &names {
        let n = suffix
            .iter()
            .zip(ends(name))
            .take_while(|(a, b)| **a == *b)
            .count();
        suffix.truncate(n);
    }
    let suffix: String = suffix.into_iter().rev().collect();
    let separators = ['-', '_', ' ', '='];
    let without_number = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
    let prefix = without_number.strip_suffix("seed").unwrap_or(&prefix);
    let prefix = prefix.trim_end_matches(separators);
    // Part of a word is no name.
    let suffix = suffix.find(separators).map_or("", |at| &suffix[at..]);
    if prefix.len() < 3 {
        format!("{first} …")
    } else {
        format!("{prefix}…{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_called_by_what_names_share() {
        assert_eq!(
            common_name(["abl-n1-seed1-L1", "abl-n1-seed12-L1"].into_iter()),
            "abl-n1…-L1"
        );
        assert_eq!(common_name(["a-seed1", "a-seed2"].into_iter()), "a-seed1 …");
        assert_eq!(
            common_name(["facades-seed1", "facades-seed22"].into_iter()),
            "facades…"
        );
        assert_eq!(common_name(["facades", "facades-2"].into_iter()), "facades…");
        assert_eq!(
            common_name(["brisk-otter", "calm-finch"].into_iter()),
            "brisk-otter …"
        );
        assert_eq!(common_name(["brisk-otter"].into_iter()), "brisk-otter");
    }
}
