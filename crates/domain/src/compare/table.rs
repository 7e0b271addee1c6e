//! The ablation table: runs grouped into cells by factors.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::{Baseline, Difference, compare};
use super::notes::Note;
use super::order::groups;
use super::settings::{Setting, confounding, data_of, distinct, identity, repeats};
use super::stats::{Sample, mean};
use super::{Column, Factor, Level};
use crate::params::ParamValue;
use crate::spec::keys;
use crate::status::RunStatus;
use crate::summary::RunSummary;

/// Cells with fewer runs are marked.
const ENOUGH: usize = 3;

/// So many settings that vary in a cell are told with their values; of more only the keys are.
const SPELT_OUT: usize = 3;

/// Runs grouped by factors, with the statistics of some columns.
#[derive(Clone, Debug)]
pub struct Table<'r> {
    /// What distinguishes the cells.
    pub factors: Vec<Factor>,
    /// What is averaged.
    pub columns: Vec<Column>,
    /// The cells, in the order of their levels; variants in that of their sweep.
    pub cells: Vec<Cell<'r>>,
    /// Reservations about comparing the cells.
    pub notes: Vec<Note>,
    /// The cell that the others are compared with.
    pub baseline: Option<usize>,
    /// How many runs there are in all cells, those that do not count included.
    pub runs: usize,
}

/// Runs with equal levels.
#[derive(Clone, Debug)]
pub struct Cell<'r> {
    /// The factors' values.
    pub levels: Vec<Level>,
    /// The runs that count, oldest first.
    pub runs: Vec<&'r RunSummary>,
    /// Runs that repeat the experiment of one that counts.
    pub left_out: Vec<&'r RunSummary>,
    /// The statistics of each column.
    pub measured: Vec<Measured>,
    /// Reservations about the cell.
    pub notes: Vec<Note>,
}

/// A column in a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Each run's seed and value, in the order of the runs; runs without a finite value are missing.
    pub values: Vec<(u64, f64)>,
    /// Runs that count and have no finite value.
    pub missing: usize,
    /// The values' statistics.
    pub sample: Option<Sample>,
    /// How it differs from the baseline cell; nothing in that cell itself or without one.
    pub difference: Option<Difference>,
}

impl Measured {
    fn of(column: &Column, runs: &[&RunSummary]) -> Self {
        let values: Vec<(u64, f64)> = runs
            .iter()
            .filter_map(|r| Some((r.spec.seed, column.value(r)?)))
            .collect();
        let numbers: Vec<f64> = values.iter().map(|(_, v)| *v).collect();
        Self {
            missing: runs.len() - values.len(),
            sample: Sample::of(&numbers),
            values,
            difference: None,
        }
    }

    /// One value a seed: the mean of the runs that share it.
    pub(super) fn by_seed(&self) -> BTreeMap<u64, f64> {
        let mut all: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for (seed, value) in &self.values {
            all.entry(*seed).or_default().push(*value);
        }
        all.into_iter()
            .filter_map(|(seed, values)| Some((seed, mean(&values)?)))
            .collect()
    }
}

impl<'r> Table<'r> {
    /// Groups all of `runs`. Each cell is compared with the one that `against` describes.
    ///
    /// # Errors
    /// A baseline that names no cell, or several.
    pub fn new(
        runs: &'r [RunSummary],
        factors: Vec<Factor>,
        columns: Vec<Column>,
        against: Option<&Baseline>,
    ) -> Result<Self, String> {
        let cells: Vec<Cell<'r>> = groups(runs, &factors)
            .into_iter()
            .map(|(levels, members)| {
                let members = members.into_iter().map(|i| &runs[i]).collect();
                Cell::new(levels, members, &factors, &columns)
            })
            .collect();
        let mut table = Self {
            notes: between(&cells, &factors),
            factors,
            columns,
            cells,
            baseline: None,
            runs: runs.len(),
        };
        if let Some(wanted) = against {
            let index = wanted.find(&table)?;
            table.baseline = Some(index);
            compare(&mut table.cells, index);
        }
        Ok(table)
    }

    /// The cells whose mean of a column is the best, if there are several cells to choose from and one end is better.
    pub fn best(&self, column: usize) -> BTreeSet<usize> {
        let lower = self.columns.get(column).and_then(Column::lower_is_better);
        let means: Vec<(usize, f64)> = self
            .cells
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((i, c.measured.get(column)?.sample?.mean)))
            .collect();
        let (Some(lower), true) = (lower, means.len() > 1) else {
            return BTreeSet::new();
        };
        let score = |mean: f64| if lower { mean } else { -mean };
        let best = means.iter().map(|(_, m)| score(*m)).fold(f64::INFINITY, f64::min);
        means
            .into_iter()
            .filter(|(_, m)| score(*m) == best)
            .map(|(i, _)| i)
            .collect()
    }

    /// `params.n_layers=3, seed=1`.
    pub fn label(&self, cell: &Cell<'_>) -> String {
        self.factors
            .iter()
            .zip(&cell.levels)
            .map(|(factor, level)| format!("{factor}={level}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl<'r> Cell<'r> {
    fn new(levels: Vec<Level>, mut all: Vec<&'r RunSummary>, factors: &[Factor], columns: &[Column]) -> Self {
        all.sort_by(|a, b| a.id.cmp(&b.id));
        let (runs, left_out, mut notes) = without_repetitions(all);
        let measured: Vec<Measured> = columns.iter().map(|c| Measured::of(c, &runs)).collect();
        if measured.iter().any(|m| m.values.len() < ENOUGH) {
            notes.insert(0, Note::Few);
        }
        for (column, _) in columns.iter().zip(&measured).filter(|(_, m)| m.missing > 0) {
            notes.push(Note::Missing {
                column: column.to_string(),
                runs: names(runs.iter().filter(|r| column.value(r).is_none())),
            });
        }
        notes.extend(within(&runs, factors));
        Self {
            levels,
            runs,
            left_out,
            measured,
            notes,
        }
    }
}

fn names<'a, 'r: 'a>(runs: impl Iterator<Item = &'a &'r RunSummary>) -> Vec<String> {
    runs.map(|r| r.name.clone()).collect()
}

type Counted<'r> = (Vec<&'r RunSummary>, Vec<&'r RunSummary>, Vec<Note>);

/// Of the runs of one experiment the newest that finished, or else the newest, counts: counting all would shrink the spread
/// without adding a seed. `all` is sorted by age.
fn without_repetitions(all: Vec<&RunSummary>) -> Counted<'_> {
    let mut alike: BTreeMap<String, Vec<Vec<&RunSummary>>> = BTreeMap::new();
    for run in all {
        let groups = alike.entry(identity(run)).or_default();
        match groups
            .iter_mut()
            .find(|g| g.iter().any(|other| repeats(other, run)))
        {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    let (mut counted, mut left_out, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for mut group in alike.into_values().flatten() {
        let finished = group.iter().rposition(|r| r.status == RunStatus::Finished);
        let run = group.remove(finished.unwrap_or(group.len() - 1));
        if !group.is_empty() {
            notes.push(Note::Repeated {
                counted: run.name.clone(),
                left_out: names(group.iter()),
            });
        }
        counted.push(run);
        left_out.extend(group);
    }
    counted.sort_by(|a, b| a.id.cmp(&b.id));
    (counted, left_out, notes)
}

/// What differs between the runs of one cell, and what they are not.
fn within(runs: &[&RunSummary], factors: &[Factor]) -> Vec<Note> {
    let mut notes = Vec::new();
    let unfinished: Vec<_> = runs
        .iter()
        .filter(|r| r.status != RunStatus::Finished)
        .map(|r| (r.name.clone(), r.status))
        .collect();
    if !unfinished.is_empty() {
        notes.push(Note::Unfinished { runs: unfinished });
    }
    notes.extend(circumstances(runs));
    let forked = names(runs.iter().filter(|r| r.parent.is_some()));
    if !forked.is_empty() {
        notes.push(Note::Forked { runs: forked });
    }
    let mut seen = BTreeSet::new();
    let shared: BTreeSet<u64> = runs
        .iter()
        .map(|r| r.spec.seed)
        .filter(|s| !seen.insert(*s))
        .collect();
    if !shared.is_empty() {
        notes.push(Note::SharedSeeds {
            seeds: shared.into_iter().collect(),
        });
    }
    let free = |s: &Setting| !factors.iter().any(|f| f.covers(&s.key));
    let vary: Vec<Setting> = confounding(runs).into_iter().filter(free).collect();
    if vary.len() > SPELT_OUT {
        notes.push(Note::ManyVary {
            keys: vary.into_iter().map(|s| s.key).collect(),
        });
    } else {
        notes.extend(vary.into_iter().map(|s| Note::Varies {
            values: distinct(&s),
            key: s.key,
        }));
    }
    notes
}

/// Lengths, code and data that are not the same everywhere.
fn circumstances(runs: &[&RunSummary]) -> Vec<Note> {
    let mut notes = Vec::new();
    let steps = || runs.iter().map(|r| r.step);
    if let (Some(least), Some(most)) = (steps().min(), steps().max())
        && least != most
    {
        notes.push(Note::Lengths { least, most });
    }
    let versions: BTreeSet<&str> = runs.iter().map(|r| r.code_version.as_str()).collect();
    if versions.len() > 1 {
        notes.push(Note::Code {
            versions: versions.into_iter().map(str::to_owned).collect(),
        });
    }
    let sets: BTreeSet<&str> = runs.iter().map(|r| data_of(r)).collect();
    if sets.len() > 1 {
        notes.push(Note::Data {
            sets: sets.into_iter().map(str::to_owned).collect(),
        });
    }
    notes
}

/// What differs between cells beside the factors. What differs within a cell as well is said there.
fn between(cells: &[Cell<'_>], factors: &[Factor]) -> Vec<Note> {
    let runs: Vec<&RunSummary> = cells.iter().flat_map(|c| c.runs.iter().copied()).collect();
    let said = |kind: &str| cells.iter().any(|c| c.notes.iter().any(|n| n.kind() == kind));
    let by_data = factors.contains(&Factor::Data);
    let by_code = factors.contains(&Factor::Code);
    let mut notes: Vec<Note> = circumstances(&runs)
        .into_iter()
        .filter(|n| !said(n.kind()))
        .filter(|n| !(by_data && matches!(n, Note::Data { .. }) || by_code && matches!(n, Note::Code { .. })))
        .collect();
    let varies = |key: &str| {
        let named = |n: &Note| match n {
            Note::Varies { key: own, .. } => own == key,
            Note::ManyVary { keys } => keys.iter().any(|own| own == key),
            _ => false,
        };
        cells.iter().any(|c| c.notes.iter().any(named))
    };
    let keys = confounding(&runs)
        .into_iter()
        .map(|s| s.key)
        .filter(|key| !factors.iter().any(|f| f.covers(key)) && !varies(key));
    let named: Vec<&Factor> = factors.iter().filter(|f| f.is_name()).collect();
    let (meant, keys): (Vec<String>, Vec<String>) = keys.partition(|key| follows(key, &named, &runs));
    if !meant.is_empty() {
        notes.push(Note::StandsFor {
            factors: named.iter().map(ToString::to_string).collect(),
            keys: meant,
        });
    }
    if !keys.is_empty() {
        notes.push(Note::Confounded { keys });
    }
    notes
}

/// Whether runs with equal levels of the factors, of which there is at least one, have equal values of the key.
fn follows(key: &str, factors: &[&Factor], runs: &[&RunSummary]) -> bool {
    let mut known: BTreeMap<Vec<Level>, Option<ParamValue>> = BTreeMap::new();
    !factors.is_empty()
        && runs.iter().all(|run| {
            let levels = factors.iter().map(|f| f.level(run)).collect();
            let value = keys::value(&run.spec, key);
            *known.entry(levels).or_insert_with(|| value.clone()) == value
        })
}
