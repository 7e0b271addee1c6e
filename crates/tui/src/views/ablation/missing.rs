//! The experiments that a cell is missing.

use std::collections::BTreeMap;

use diptych_domain::cell::SweepCell;
use diptych_domain::compare::{Factor, Level, varying};
use diptych_domain::spec::keys;
use diptych_domain::{ExperimentSpec, ParamValue, RunSummary};

use super::grid::{self, Grid};
use crate::host::Wanted;
use crate::state::State;

/// What the cell at a place is missing: an experiment for each seed that other cells have and it has not.
///
/// A cell's experiment is that of a run in its row, with the settings that the column stands for taken from a run in its column.
pub fn of_cell(state: &State, grid: &Grid, (row, col): (usize, usize)) -> Result<Vec<Wanted>, String> {
    let missing: Vec<u64> = match grid.cells.get(row).and_then(|r| r.get(col)) {
        Some(Some(cell)) => cell.missing.clone(),
        Some(None) => grid.seeds.iter().copied().collect(),
        None => return Err("no cell is selected".into()),
    };
    let runs = grid::runs(state);
    let (row_level, col_level) = (&grid.rows[row], &grid.cols[col]);
    let in_row: Vec<&RunSummary> = runs
        .iter()
        .filter(|r| grid.row_factor.level(r) == *row_level)
        .collect();
    let Some(base) = in_row
        .iter()
        .copied()
        .find(|r| in_col(grid, r, col_level))
        .or(in_row.first().copied())
    else {
        return Err("no run has this row's level".into());
    };
    let mut spec = base.spec.clone();
    if let Some(factor) = &grid.col_factor
        && !in_col(grid, base, col_level)
    {
        let donor = runs
            .iter()
            .find(|r| in_col(grid, r, col_level))
            .ok_or("no run has this column's level")?;
        for key in stands_for(factor, &runs)? {
            copy(&donor.spec, &mut spec, &key);
        }
    }
    Ok(missing
        .into_iter()
        .map(|seed| Wanted {
            spec: ExperimentSpec { seed, ..spec.clone() },
            tags: base.tags.clone(),
            cell: place(grid, base, (row_level, col_level), seed),
        })
        .collect())
}

/// What all cells are missing.
pub fn of_all(state: &State, grid: &Grid) -> Result<Vec<Wanted>, String> {
    let mut all = Vec::new();
    for row in 0..grid.rows.len() {
        for col in 0..grid.cols.len() {
            all.extend(of_cell(state, grid, (row, col))?);
        }
    }
    Ok(all)
}

fn in_col(grid: &Grid, run: &RunSummary, level: &Level) -> bool {
    grid.col_factor.as_ref().is_none_or(|f| f.level(run) == *level)
}

/// The settings that a factor stands for: its own key, or those that follow from it and not from anything else.
fn stands_for(factor: &Factor, runs: &[RunSummary]) -> Result<Vec<String>, String> {
    let name = factor.to_string();
    let key = name.strip_prefix("sweep.").unwrap_or(&name);
    if keys::find(key).is_some() || key.starts_with("params.") {
        return Ok(vec![key.to_owned()]);
    }
    let all: Vec<&RunSummary> = runs.iter().collect();
    let follows = |key: &str| {
        let mut known: BTreeMap<Level, Option<ParamValue>> = BTreeMap::new();
        runs.iter().all(|run| {
            let value = keys::value(&run.spec, key);
            *known.entry(factor.level(run)).or_insert_with(|| value.clone()) == value
        })
    };
    let found: Vec<String> = varying(&all)
        .into_iter()
        .map(|s| s.key)
        .filter(|k| !matches!(k.as_str(), "name" | "seed") && follows(k))
        .collect();
    if found.is_empty() {
        return Err(format!("it cannot be told which settings {name} stands for"));
    }
    Ok(found)
}

fn copy(from: &ExperimentSpec, to: &mut ExperimentSpec, key: &str) {
    let Some(value) = keys::value(from, key) else {
        return;
    };
    match key.strip_prefix("params.") {
        Some(name) => drop(to.params.insert(name.to_owned(), value)),
        None => drop(keys::find(key).map(|k| k.set(to, &value))),
    }
}

/// The place in the sweep that the base belongs to, if the table's factors are that sweep's.
fn place(grid: &Grid, base: &RunSummary, (row, col): (&Level, &Level), seed: u64) -> Option<SweepCell> {
    let mut cell = base.cells.first()?.clone();
    let mut set = |factor: &Factor, level: &Level| {
        let name = factor.to_string();
        let name = name.strip_prefix("sweep.").unwrap_or(&name);
        if let Some((_, value)) = cell.factors.iter_mut().find(|(f, _)| f == name)
            && let Some(level) = level.param()
        {
            *value = level;
        }
    };
    set(&grid.row_factor, row);
    if let Some(factor) = &grid.col_factor {
        set(factor, col);
    }
    if let Some((_, value)) = cell.factors.iter_mut().find(|(f, _)| f == "seed") {
        *value = ParamValue::Int(i64::try_from(seed).ok()?);
    }
    Some(cell)
}
