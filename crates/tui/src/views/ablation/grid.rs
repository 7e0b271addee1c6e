//! From runs to the table, by [`diptych_domain::compare`].

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use diptych_domain::compare::stats::Sample;
use diptych_domain::compare::{Baseline, Column, Difference, Factor, Level, Table};
use diptych_domain::{MetricKey, RunId, RunSummary};

use crate::state::State;
use crate::state::completion::groupings;

/// More runs than this are no ablation.
const MOST_RUNS: usize = 5000;
/// More levels than this are no factor of an ablation.
const MOST_LEVELS: usize = 60;

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The rows' factor.
    pub row_factor: Factor,
    /// The columns' factor, if there is one.
    pub col_factor: Option<Factor>,
    /// The metric.
    pub measure: String,
    /// Which end of it is better, where one is.
    pub lower_is_better: Option<bool>,
    /// The rows' levels.
    pub rows: Vec<Level>,
    /// The columns' levels; a single missing one where there is no such factor.
    pub cols: Vec<Level>,
    /// Row by row; nothing where no run has the combination.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// The seeds of all runs.
    pub seeds: BTreeSet<u64>,
    /// Reservations about the whole.
    pub notes: Vec<String>,
}

/// Runs with one combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The runs that count.
    pub runs: Vec<RunId>,
    /// The metric over them.
    pub sample: Option<Sample>,
    /// How it differs from the baseline.
    pub difference: Option<Difference>,
    /// Whether it is the baseline.
    pub baseline: bool,
    /// Whether it is the best of its column.
    pub best: bool,
    /// Seeds that others have and this has not.
    pub missing: Vec<u64>,
    /// Runs that have not finished.
    pub unfinished: usize,
    /// Reservations.
    pub notes: Vec<String>,
}

/// The runs that the table is made of.
pub fn runs(state: &State) -> Vec<RunSummary> {
    let shown = state
        .runs
        .all()
        .iter()
        .filter(|r| state.filter.shows(r, state.now));
    shown.cloned().collect()
}

/// What the listed runs can be told apart by, and into how many levels each parts them. What none of them has is left out.
pub fn factors_at_hand(state: &State) -> Vec<(String, usize)> {
    let mut runs = runs(state);
    runs.truncate(MOST_RUNS);
    let levels = |name: &String| -> Option<usize> {
        let factor = Factor::parse(name, &runs).ok()?;
        let mut levels: BTreeSet<Level> = runs.iter().map(|r| factor.level(r)).collect();
        levels.remove(&Level::Missing);
        (!levels.is_empty()).then_some(levels.len())
    };
    let all = groupings(&runs).into_iter();
    all.filter_map(|name| Some((levels(&name)?, name)))
        .map(|(n, name)| (name, n))
        .collect()
}

/// A number that changes with everything that shows in the table.
pub fn ingredients(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    let a = &state.ablation;
    (
        &a.rows,
        &a.cols,
        a.no_cols,
        &a.measure,
        &a.baseline,
        state.filter.text(),
    )
        .hash(&mut hasher);
    let column = measure(state);
    for run in state
        .runs
        .all()
        .iter()
        .filter(|r| state.filter.shows(r, state.now))
    {
        (&run.id, run.status, &run.tags).hash(&mut hasher);
        if let Some(column) = &column {
            column.value(run).map(f64::to_bits).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The metric: the chosen one, else the last value of an evaluation, else of a loss.
pub fn measure(state: &State) -> Option<Column> {
    let runs = state.runs.all();
    if let Some(column) = state
        .ablation
        .measure
        .as_ref()
        .and_then(|m| Column::parse(m, runs).ok())
    {
        return Some(column);
    }
    let metrics = state.runs.metrics();
    let key = ["eval/psnr", "eval/l1", "eval/swd_B", "loss/G_L1"]
        .into_iter()
        .map(MetricKey::new)
        .find(|k| metrics.contains(k))
        .or_else(|| metrics.iter().next().cloned())?;
    Column::parse(key.as_str(), runs).ok()
}

/// What a table is made of: thousands of runs take their time, so it is made away from the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The runs.
    pub runs: Vec<RunSummary>,
    rows: Option<String>,
    cols: Option<String>,
    no_cols: bool,
    column: Column,
    baseline: Option<(String, String)>,
}

/// Gathers what the table is made of.
///
/// # Errors
/// Where there is nothing to make one of, or too much.
pub fn request(state: &State) -> Result<Request, String> {
    let shown = || {
        state
            .runs
            .all()
            .iter()
            .filter(|r| state.filter.shows(r, state.now))
    };
    match shown().count() {
        0 => return Err("no run matches the filter".into()),
        n if n > MOST_RUNS => {
            return Err(format!(
                "{n} runs are more than an ablation has: narrow them down with / to {MOST_RUNS} or fewer"
            ));
        }
        _ => {}
    }
    let a = &state.ablation;
    Ok(Request {
        runs: runs(state),
        rows: a.rows.clone(),
        cols: a.cols.clone(),
        no_cols: a.no_cols,
        column: measure(state).ok_or("the runs have no metrics yet")?,
        baseline: a.baseline.clone(),
    })
}

/// Makes the table.
///
/// # Errors
/// Factors that do not fit the runs.
pub fn make(request: &Request) -> Result<Grid, String> {
    let (runs, column) = (&request.runs, &request.column);
    let (row_factor, col_factor) = factors(request)?;
    let factors: Vec<Factor> = std::iter::once(row_factor.clone())
        .chain(col_factor.clone())
        .collect();
    let lower_is_better = column.lower_is_better();
    let baseline = request.baseline.as_ref().map(|(row, col)| {
        let mut levels = vec![(Some(row_factor.to_string()), row.clone())];
        levels.extend(col_factor.as_ref().map(|f| (Some(f.to_string()), col.clone())));
        Baseline::Levels(levels)
    });
    let measure = column.to_string();
    // A baseline that is no longer there is none.
    let table = Table::new(runs, factors.clone(), vec![column.clone()], baseline.as_ref())
        .or_else(|_| Table::new(runs, factors, vec![column.clone()], None))?;
    let rows: BTreeSet<Level> = table.cells.iter().map(|c| c.levels[0].clone()).collect();
    let cols: BTreeSet<Level> = table
        .cells
        .iter()
        .map(|c| c.levels.get(1).cloned().unwrap_or(Level::Missing))
        .collect();
    if rows.len() > MOST_LEVELS || cols.len() > MOST_LEVELS {
        let (factor, n) = if rows.len() > MOST_LEVELS {
            (row_factor.to_string(), rows.len())
        } else {
            (col_factor.map_or_else(String::new, |f| f.to_string()), cols.len())
        };
        return Err(format!(
            "{factor} has {n} levels: choose another with r or c, or narrow the runs down with /"
        ));
    }
    let (rows, cols): (Vec<Level>, Vec<Level>) = (rows.into_iter().collect(), cols.into_iter().collect());
    let seeds: BTreeSet<u64> = runs.iter().map(|r| r.spec.seed).collect();
    let mut cells: Vec<Vec<Option<Cell>>> = vec![vec![None; cols.len()]; rows.len()];
    for (at, cell) in table.cells.iter().enumerate() {
        let row = rows.iter().position(|l| *l == cell.levels[0]);
        let col = cols
            .iter()
            .position(|l| *l == cell.levels.get(1).cloned().unwrap_or(Level::Missing));
        let (Some(row), Some(col)) = (row, col) else {
            continue;
        };
        let measured = &cell.measured[0];
        let own: BTreeSet<u64> = cell.runs.iter().map(|r| r.spec.seed).collect();
        cells[row][col] = Some(Cell {
            runs: cell
                .runs
                .iter()
                .chain(&cell.left_out)
                .map(|r| r.id.clone())
                .collect(),
            sample: measured.sample,
            difference: measured.difference,
            baseline: table.baseline == Some(at),
            best: false,
            missing: seeds.difference(&own).copied().collect(),
            unfinished: cell
                .runs
                .iter()
                .filter(|r| r.status != diptych_domain::RunStatus::Finished)
                .count(),
            notes: cell.notes.iter().map(ToString::to_string).collect(),
        });
    }
    if let Some(lower) = lower_is_better {
        mark_best(&mut cells, cols.len(), lower);
    }
    Ok(Grid {
        notes: table.notes.iter().map(ToString::to_string).collect(),
        row_factor,
        col_factor,
        measure,
        lower_is_better,
        rows,
        cols,
        cells,
        seeds,
    })
}

/// Marks the best mean of each column that has several.
fn mark_best(cells: &mut [Vec<Option<Cell>>], cols: usize, lower: bool) {
    for col in 0..cols {
        let score = |cell: &Cell| cell.sample.map(|s| if lower { s.mean } else { -s.mean });
        let scores: Vec<f64> = cells.iter().filter_map(|row| score(row[col].as_ref()?)).collect();
        if scores.len() < 2 {
            continue;
        }
        let best = scores.into_iter().fold(f64::INFINITY, f64::min);
        for cell in cells.iter_mut().filter_map(|row| row[col].as_mut()) {
            cell.best = score(cell) == Some(best);
        }
    }
}

/// Whether a factor says nothing beyond another: equal levels there, equal levels here.
fn follows(factor: &Factor, other: &Factor, runs: &[RunSummary]) -> bool {
    let mut known: BTreeMap<Level, Level> = BTreeMap::new();
    runs.iter().all(|run| {
        let level = factor.level(run);
        *known.entry(other.level(run)).or_insert_with(|| level.clone()) == level
    })
}

/// Whether runs fill at least two thirds of the table of two factors: those of different sweeps hardly meet.
fn meet(factor: &Factor, other: &Factor, runs: &[RunSummary]) -> bool {
    let pairs: BTreeSet<(Level, Level)> = runs.iter().map(|r| (factor.level(r), other.level(r))).collect();
    let ours: BTreeSet<&Level> = pairs.iter().map(|(a, _)| a).collect();
    let theirs: BTreeSet<&Level> = pairs.iter().map(|(_, b)| b).collect();
    3 * pairs.len() >= 2 * ours.len() * theirs.len()
}

/// The chosen factors, else the first two that vary and are no seed.
fn factors(request: &Request) -> Result<(Factor, Option<Factor>), String> {
    let runs = &request.runs;
    let telling = |name: &String| {
        !matches!(
            name.as_str(),
            "seed"
                | "data.root"
                | "data.workers"
                | "status"
                | "tag"
                | "device"
                | "code"
                | "data"
                | "experiment"
        ) && name != "sweep.seed"
            && !name.starts_with("log.")
    };
    let several = |factor: &Factor| {
        let levels: BTreeSet<Level> = runs.iter().map(|r| factor.level(r)).collect();
        levels.len() > 1 && levels.len() <= MOST_LEVELS
    };
    // A sweep's own factors say it best; a key that is one is not named twice.
    let short = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let mut seen = BTreeSet::new();
    let mut candidates = groupings(runs)
        .into_iter()
        .filter(telling)
        .filter_map(|name| Some((short(&name), Factor::parse(&name, runs).ok()?)))
        .filter(|(_, factor)| several(factor))
        .filter(|(name, _)| seen.insert(name.clone()))
        .map(|(_, factor)| factor);
    let chosen = |name: &Option<String>| name.as_ref().map(|n| Factor::parse(n, runs));
    let rows = match chosen(&request.rows) {
        Some(Ok(factor)) => factor,
        Some(Err(problem)) => return Err(format!("rows: {problem}")),
        None => candidates.next().unwrap_or(Factor::Experiment),
    };
    let cols = match chosen(&request.cols) {
        Some(Ok(factor)) => Some(factor),
        Some(Err(problem)) => return Err(format!("columns: {problem}")),
        None if request.no_cols => None,
        None => candidates.find(|f| *f != rows && !follows(f, &rows, runs) && meet(f, &rows, runs)),
    };
    Ok((rows.clone(), cols.filter(|f| *f != rows)))
}
