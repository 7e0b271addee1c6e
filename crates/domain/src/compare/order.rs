//! The order of groups: numbers by size, variants as their sweep has them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Factor, Level};
use crate::id::RunId;
use crate::summary::RunSummary;

/// The runs, by their places, in groups of equal levels; in the order of these, variants in that of their sweep.
pub fn groups(runs: &[RunSummary], factors: &[Factor]) -> Vec<(Vec<Level>, Vec<usize>)> {
    let mut by_levels: BTreeMap<Vec<Level>, Vec<usize>> = BTreeMap::new();
    for (i, run) in runs.iter().enumerate() {
        let levels = factors.iter().map(|f| f.level(run)).collect();
        by_levels.entry(levels).or_default().push(i);
    }
    let mut all: Vec<(Vec<Level>, Vec<usize>)> = by_levels.into_iter().collect();
    let variants: Vec<Vec<Level>> = factors.iter().map(|f| variants(f, runs)).collect();
    all.sort_by(|(a, _), (b, _)| compare(a, b, &variants));
    all
}

fn compare(a: &[Level], b: &[Level], variants: &[Vec<Level>]) -> Ordering {
    for ((a, b), order) in a.iter().zip(b).zip(variants) {
        let place = |level: &Level| order.iter().position(|l| l == level);
        let ordering = match (place(a), place(b)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => a.cmp(b),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// The variants of a factor as its sweep's file has them; none for factors whose levels have an order of their own.
///
/// A sweep makes its runs in the order of the file, so runs that differ in the variant alone are as old as their variants stand there.
/// The row of such runs that has the most variants gives the order; what it lacks (its run may be archived, or was left out by the
/// query) stands behind what it follows in another row.
fn variants(factor: &Factor, runs: &[RunSummary]) -> Vec<Level> {
    if !factor.has_variants() {
        return Vec::new();
    }
    let name = factor.to_string();
    let name = name.strip_prefix("sweep.").unwrap_or(&name);
    let mut rows: BTreeMap<String, BTreeMap<Level, &RunId>> = BTreeMap::new();
    for run in runs {
        let level = factor.level(run);
        if !level.is_text() {
            continue;
        }
        let cell = run.cells.iter().find(|c| c.value(name).is_some());
        let beside = cell.map_or(String::new(), |cell| {
            let others = cell.factors.iter().filter(|(f, _)| f != name);
            let words = others.map(|(f, v)| format!("{f}={v}")).collect::<Vec<_>>();
            format!("{} {}", cell.sweep, words.join(" "))
        });
        let first = rows.entry(beside).or_default().entry(level).or_insert(&run.id);
        *first = (*first).min(&run.id);
    }
    let mut rows: Vec<Vec<(&RunId, Level)>> = rows
        .into_values()
        .map(|row| {
            let mut row: Vec<_> = row.into_iter().map(|(level, id)| (id, level)).collect();
            row.sort();
            row
        })
        .collect();
    rows.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let mut order: Vec<Level> = Vec::new();
    for row in rows {
        let mut at = 0;
        for (_, level) in row {
            match order.iter().position(|l| *l == level) {
                Some(known) => at = known + 1,
                None => {
                    order.insert(at, level);
                    at += 1;
                }
            }
        }
    }
    order
}
