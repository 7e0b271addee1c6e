//! Differences to a baseline cell.

use std::collections::BTreeMap;

use super::bootstrap::{self, Interval, TRUSTED};
use super::notes::Note;
use super::stats::mean;
use super::table::{Cell, Table};
use crate::suggest;

/// Which cell is the baseline.
#[derive(Clone, Debug, PartialEq)]
pub enum Baseline {
    /// The first.
    First,
    /// The one with these levels, as text: pairs of factor and level, or, of a single factor, its level alone.
    Levels(Vec<(Option<String>, String)>),
}

/// How a column of a cell differs from the baseline's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of the differences of seeds that are in both cells, cell minus baseline; the difference of the cells' means where
    /// fewer than two are.
    pub value: f64,
    /// Seeds in both cells.
    pub pairs: usize,
    /// Whether `value` is that of pairs.
    pub paired: bool,
    /// Its bootstrap interval; nothing where there are too few numbers for one.
    pub interval: Option<Interval>,
}

impl Baseline {
    /// Reads `first`, `params.n_layers=3`, `params.n_layers=3,params.norm=batch`, or a level alone.
    pub fn parse(text: &str) -> Self {
        if text.trim() == "first" {
            return Self::First;
        }
        let part = |part: &str| match part.split_once('=') {
            Some((factor, level)) => (Some(factor.trim().to_owned()), unquoted(level)),
            None => (None, unquoted(part)),
        };
        Self::Levels(text.split(',').map(part).collect())
    }

    /// The index of the cell.
    pub(super) fn find(&self, table: &Table<'_>) -> Result<usize, String> {
        let Self::Levels(wanted) = self else {
            return if table.cells.is_empty() {
                Err("there is no cell".into())
            } else {
                Ok(0)
            };
        };
        let names: Vec<String> = table.factors.iter().map(ToString::to_string).collect();
        let mut conditions = Vec::new();
        for (factor, level) in wanted {
            let place = match factor {
                Some(factor) => place(&names, factor).ok_or_else(|| {
                    let hint = suggest::hint(factor, names.iter().map(String::as_str));
                    format!(
                        "`{factor}` is not one of the factors{hint}, which are {}",
                        names.join(", ")
                    )
                })?,
                None if names.len() == 1 => 0,
                None => {
                    return Err(format!(
                        "`{level}` does not say of which factor: write for example {}={level}",
                        names[0]
                    ));
                }
            };
            conditions.push((place, level));
        }
        let fits = |cell: &Cell<'_>| {
            conditions
                .iter()
                .all(|(i, level)| same(&cell.levels[*i].to_string(), level))
        };
        let found: Vec<usize> = (0..table.cells.len())
            .filter(|i| fits(&table.cells[*i]))
            .collect();
        let labels = |cells: &mut dyn Iterator<Item = &Cell<'_>>| {
            cells.map(|c| table.label(c)).collect::<Vec<_>>().join("; ")
        };
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(format!(
                "no cell is that; there are {}",
                labels(&mut table.cells.iter())
            )),
            several => Err(format!(
                "several cells are that: {}",
                labels(&mut several.iter().map(|i| &table.cells[*i]))
            )),
        }
    }
}

/// The factor of that name, or the only one whose last part it is: `field` for `sweep.field`.
pub(super) fn place(names: &[String], wanted: &str) -> Option<usize> {
    let ends = |name: &String| name.rsplit_once('.').is_some_and(|(_, last)| last == wanted);
    let mut short = (0..names.len()).filter(|i| ends(&names[*i]));
    let only = short.next().filter(|_| short.next().is_none());
    names.iter().position(|n| n == wanted).or(only)
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

/// Equal as numbers, or as words.
fn same(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Compares every other cell with the baseline.
pub(super) fn compare(cells: &mut [Cell<'_>], baseline: usize) {
    let theirs: Vec<_> = cells[baseline].measured.iter().map(|m| m.by_seed()).collect();
    for (i, cell) in cells.iter_mut().enumerate() {
        if i == baseline {
            continue;
        }
        for (m, base) in cell.measured.iter_mut().zip(&theirs) {
            let Some((difference, notes)) = difference(&m.by_seed(), base) else {
                continue;
            };
            m.difference = Some(difference);
            for note in notes {
                if !cell.notes.contains(&note) {
                    cell.notes.push(note);
                }
            }
        }
    }
}

/// Nothing where one side has no values.
fn difference(own: &BTreeMap<u64, f64>, base: &BTreeMap<u64, f64>) -> Option<(Difference, Vec<Note>)> {
    let pairs: Vec<f64> = own
        .iter()
        .filter_map(|(seed, v)| Some(v - base.get(seed)?))
        .collect();
    let mut notes = Vec::new();
    let paired = pairs.len() > 1 || (own.len() == 1 && pairs.len() == 1 && base.len() == 1);
    let (value, interval, numbers) = if paired {
        let only = |a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>| {
            a.keys()
                .filter(|s| !b.contains_key(s))
                .copied()
                .collect::<Vec<u64>>()
        };
        let (here, baseline) = (only(own, base), only(base, own));
        if !here.is_empty() || !baseline.is_empty() {
            notes.push(Note::Unpaired { here, baseline });
        }
        (mean(&pairs)?, bootstrap::paired(&pairs), pairs.len())
    } else {
        notes.push(Note::NoPairs);
        let values = |m: &BTreeMap<u64, f64>| m.values().copied().collect::<Vec<f64>>();
        let (here, there) = (values(base), values(own));
        let interval = bootstrap::unpaired(&here, &there);
        (
            mean(&there)? - mean(&here)?,
            interval,
            here.len().min(there.len()),
        )
    };
    if interval.is_some() && numbers < TRUSTED {
        notes.push(Note::Narrow);
    }
    let difference = Difference {
        value,
        pairs: pairs.len(),
        paired,
        interval,
    };
    Some((difference, notes))
}
