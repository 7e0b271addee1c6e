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
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    if without_setting(grid, (row, col)) {
        return Err("runs without this setting are of no one kind: there is no experiment to queue".into());
    }
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
    let as_it_is = in_col(grid, base, col_level);
    if let Some(factor) = &grid.col_factor
        && !as_it_is
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
            cell: place(grid, base, (row_level, col_level), seed, as_it_is),
            label: label(grid, (row_level, col_level), seed),
        })
        .collect())
}

/// What all cells are missing.
pub fn of_all(state: &State, grid: &Grid) -> Result<Vec<Wanted>, String> {
    let mut all = Vec::new();
    for row in 0..grid.rows.len() {
        for col in 0..grid.cols.len() {
            if !without_setting(grid, (row, col)) {
                all.extend(of_cell(state, grid, (row, col))?);
            }
        }
    }
    Ok(all)
}

/// Whether a cell is of runs that have no value of one of the factors.
pub(super) fn without_setting(grid: &Grid, (row, col): (usize, usize)) -> bool {
    grid.rows[row] == Level::Missing || (grid.col_factor.is_some() && grid.cols[col] == Level::Missing)
}

fn label(grid: &Grid, (row, col): (&Level, &Level), seed: u64) -> String {
    let mut label = format!("{}={row}", grid.row_factor);
    if let Some(factor) = &grid.col_factor {
        label += &format!(" {factor}={col}");
    }
    format!("{label} seed={seed}")
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

/// The place in the sweep that the base belongs to. A run that differs from the base in something that is no factor of the sweep is none
/// of its cells: tables of the sweep would mix them.
fn place(
    grid: &Grid,
    base: &RunSummary,
    (row, col): (&Level, &Level),
    seed: u64,
    as_it_is: bool,
) -> Option<SweepCell> {
    let mut cell = base.cells.first()?.clone();
    let mut set = |factor: &Factor, level: &Level| -> Option<()> {
        let name = factor.to_string();
        let name = name.strip_prefix("sweep.").unwrap_or(&name);
        let (_, value) = cell.factors.iter_mut().find(|(f, _)| f == name)?;
        *value = level.param()?;
        Some(())
    };
    // The base is in the row, whether that is the sweep's or not.
    let _ = set(&grid.row_factor, row);
    if let Some(factor) = &grid.col_factor
        && set(factor, col).is_none()
        && !as_it_is
    {
        return None;
    }
    match cell.factors.iter_mut().find(|(f, _)| f == "seed") {
        Some((_, value)) => *value = ParamValue::Int(i64::try_from(seed).ok()?),
        None if seed != base.spec.seed => return None,
        None => {}
    }
    Some(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(rows: &str, cols: &str, runs: &[RunSummary]) -> Grid {
        Grid {
            row_factor: Factor::parse(rows, runs).unwrap(),
            col_factor: Some(Factor::parse(cols, runs).unwrap()),
            measure: String::new(),
            lower_is_better: None,
            rows: Vec::new(),
            cols: Vec::new(),
            cells: Vec::new(),
            seeds: [1, 2].into(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_run_with_a_setting_that_the_sweep_does_not_vary_is_none_of_its_cells() {
        let runs = crate::testing::runs();
        let base = runs.iter().find(|r| !r.cells.is_empty()).unwrap();
        let grid = by("sweep.loss", "optim.lr", &runs);
        let (row, rate) = (grid.row_factor.level(base), Level::Number(1e-4));
        assert_eq!(place(&grid, base, (&row, &rate), 1, false), None);
        let own = Level::Number(base.spec.optim.lr);
        let cell = place(&grid, base, (&row, &own), 2, true).unwrap();
        assert_eq!(cell.value("seed"), Some(&ParamValue::Int(2)));
        assert!(label(&grid, (&row, &rate), 2).ends_with("optim.lr=0.0001 seed=2"));
    }
}
