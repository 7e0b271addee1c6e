//! Means of groups with their intervals, their seeds as points, and the baseline marked: an ablation table to look at.

use std::collections::BTreeSet;

use diptych_domain::RunSummary;
use diptych_domain::compare::{Baseline, Cell, Column, Measured, Table, bootstrap, varying};

use super::common::{
    self, between, capital, column_axis, columns, counted, factors, listed, sizes, within_limit,
};
use crate::error::FigureError;
use crate::figure::{
    Axis, Body, Cell as Number, Entry, Figure, Ink, Key, Mark, Numbers, Panel, Rows, Scale, Shape, Values,
};
use crate::spec::{Band, FigureSpec, Kind};

/// How far from the middle of its row a seed's point lies.
const SEEDS: f64 = 0.22;

/// The table behind the figure, as `compare --by` makes it.
///
/// # Errors
/// Factors, metrics or a baseline that the runs do not have.
pub fn table<'r>(spec: &FigureSpec, runs: &'r [RunSummary]) -> Result<Table<'r>, FigureError> {
    if spec.by.is_empty() {
        return Err(FigureError::Missing {
            kind: Kind::Ablation,
            what: "what runs are grouped by: by = [\"params.n_layers\"], or --by params.n_layers".into(),
        });
    }
    let against = spec.against.as_deref().map(Baseline::parse);
    Table::new(runs, factors(spec, runs)?, columns(spec, runs)?, against.as_ref()).map_err(|problem| {
        FigureError::Unknown {
            key: "against",
            text: spec.against.clone().unwrap_or_default(),
            problem,
        }
    })
}

pub(super) fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let table = table(spec, runs)?;
    let (n, left_out) = within_limit(table.cells.len(), spec.limit, "groups");
    let cells = &table.cells[..n];
    let mut notes: Vec<String> = left_out.into_iter().collect();
    let names: Vec<String> = cells
        .iter()
        .map(|cell| {
            cell.levels
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" · ")
        })
        .collect();
    let factor_names = common::names(&table.factors);
    let mut rows = Rows::new(
        ["metric".to_owned()]
            .into_iter()
            .chain(factor_names.iter().cloned())
            .chain(["mark", "run", "seed", "value", "low", "high", "n"].map(str::to_owned)),
    );
    let mut panels = Vec::new();
    let mut any_interval = false;
    for (k, column) in table.columns.iter().enumerate() {
        let measured: Vec<&Measured> = cells.iter().map(|c| &c.measured[k]).collect();
        if measured.iter().all(|m| m.sample.is_none()) {
            notes.push(format!("No finite value of {column}"));
            continue;
        }
        let inside = |m: &&Measured| m.sample.is_some_and(|s| between(s.mean, spec.y_min, spec.y_max));
        if !measured.iter().any(inside) {
            notes.push(format!(
                "No mean of {column} lies within {}",
                listed(&common::ends(spec))
            ));
            continue;
        }
        let intervals: Vec<Option<[f64; 2]>> = measured.iter().map(|m| interval(spec.band, m)).collect();
        any_interval |= intervals.iter().any(Option::is_some);
        for ((cell, measured), ends) in cells.iter().zip(&measured).zip(&intervals) {
            numbers(&mut rows, column, cell, measured, *ends);
        }
        panels.push(panel(
            spec,
            column,
            (&measured, &intervals),
            &names,
            &factor_names.join(" · "),
            table.baseline,
        ));
    }
    if panels.is_empty() {
        return Err(FigureError::Empty {
            why: notes.join("; "),
        });
    }
    for note in &table.notes {
        notes.push(capital(&note.to_string()));
    }
    notes.extend(cell_notes(cells, &names));
    let interval = match spec.band {
        Band::Std if any_interval => "mean and one standard deviation each way",
        Band::Ci if any_interval => "mean and its 95 % bootstrap interval",
        _ => "mean",
    };
    let several = cells.iter().any(|c| c.runs.len() > 1);
    if !any_interval && spec.band != Band::None {
        let why = if several {
            "the band needs values"
        } else {
            "every group has one run"
        };
        notes.push(format!("There are no intervals: {why}"));
    }
    // Runs of a group differ in their seeds, or in settings too.
    let point = if cells.iter().all(|c| only_seeds(c)) {
        "seed"
    } else {
        "run"
    };
    let mut legend = vec![Entry {
        label: interval.to_owned(),
        ink: Ink::Slot(0),
        key: if any_interval { Key::Interval } else { Key::Point },
    }];
    if several {
        legend.push(Entry {
            label: format!("a {point}"),
            ink: Ink::Muted,
            key: Key::Point,
        });
    }
    if let Some(name) = table.baseline.and_then(|b| names.get(b)) {
        legend.push(Entry {
            label: format!("baseline: {name}"),
            ink: Ink::Muted,
            key: Key::Line,
        });
    }
    let metrics: Vec<String> = table.columns.iter().map(common::metric_label).collect();
    let counts = cells.iter().map(|c| c.runs.len());
    Ok(Figure {
        kind: Kind::Ablation,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or_else(|| {
            format!(
                "{} by {}: {interval} ({} each){}.",
                listed(&metrics),
                listed(&factor_names),
                sizes(counts),
                if several {
                    format!(", points: {point}s")
                } else {
                    String::new()
                }
            )
        }),
        body: Body::Panels(panels),
        legend,
        notes,
        runs: table.runs,
        numbers: Numbers::Table(rows),
    })
}

/// Whether the runs of a cell are of different seeds and nothing else that matters.
fn only_seeds(cell: &Cell<'_>) -> bool {
    let seeds: BTreeSet<u64> = cell.runs.iter().map(|r| r.spec.seed).collect();
    let more = |key: &str| {
        !matches!(key, "name" | "seed" | "data.root" | "data.workers") && !key.starts_with("log.")
    };
    seeds.len() == cell.runs.len() && !varying(&cell.runs).iter().any(|s| more(&s.key))
}

fn interval(band: Band, measured: &Measured) -> Option<[f64; 2]> {
    let sample = measured.sample?;
    let numbers: Vec<f64> = measured.values.iter().map(|(_, v)| *v).collect();
    match band {
        Band::Std => sample.std.map(|s| [sample.mean - s, sample.mean + s]),
        Band::Ci => bootstrap::paired(&numbers).map(|i| [i.low, i.high]),
        Band::None => None,
    }
}

/// A cell's rows: its mean, and its runs.
fn numbers(rows: &mut Rows, column: &Column, cell: &Cell<'_>, measured: &Measured, ends: Option<[f64; 2]>) {
    let start = || -> Vec<Number> {
        let levels = cell.levels.iter().map(|l| Number::from(l.to_string()));
        [Number::from(column.to_string())]
            .into_iter()
            .chain(levels)
            .collect()
    };
    if let Some(sample) = measured.sample {
        let mut row = start();
        row.extend(["mean".into(), Number::Empty, Number::Empty, sample.mean.into()]);
        row.extend([ends.map(|e| e[0]).into(), ends.map(|e| e[1]).into()]);
        row.push((measured.values.len() as f64).into());
        rows.rows.push(row);
    }
    for run in &cell.runs {
        let Some(value) = column.value(run) else { continue };
        let mut row = start();
        row.extend([
            "run".into(),
            run.name.clone().into(),
            (run.spec.seed as f64).into(),
            value.into(),
        ]);
        row.extend([Number::Empty, Number::Empty, Number::Empty]);
        rows.rows.push(row);
    }
}

fn panel(
    spec: &FigureSpec,
    column: &Column,
    (measured, intervals): (&[&Measured], &[Option<[f64; 2]>]),
    names: &[String],
    factor: &str,
    baseline: Option<usize>,
) -> Panel {
    let mut marks = Vec::new();
    let mut values = Vec::new();
    let mark = |name: &str, ink: Ink, shape: Shape| Mark {
        name: name.to_owned(),
        ink,
        shape,
    };
    if let Some(sample) = baseline.and_then(|b| measured.get(b)).and_then(|m| m.sample) {
        marks.push(mark("baseline", Ink::Muted, Shape::RuleX { x: sample.mean }));
    }
    for (i, m) in measured.iter().enumerate() {
        let row = i as f64;
        let seeds: Vec<[f64; 2]> = m.values.iter().map(|(_, v)| [*v, row + SEEDS]).collect();
        values.extend(m.values.iter().map(|(_, v)| *v));
        if m.values.len() > 1 {
            marks.push(mark(
                &format!("{} runs", names[i]),
                Ink::Muted,
                Shape::Points {
                    at: seeds,
                    small: true,
                },
            ));
        }
        let Some(sample) = m.sample else { continue };
        let ends = intervals[i];
        values.extend(ends.into_iter().flatten());
        let ink = if baseline == Some(i) {
            Ink::Plain
        } else {
            Ink::Slot(0)
        };
        marks.push(mark(
            &names[i],
            ink,
            Shape::Interval {
                at: [sample.mean, row],
                ends,
                along_x: true,
            },
        ));
    }
    Panel {
        title: None,
        x: column_axis(column, values.into_iter(), spec.log_y, (spec.y_min, spec.y_max)),
        y: Axis {
            label: factor.to_owned(),
            // The first group at the top.
            scale: Scale::exact(names.len() as f64 - 0.5, -0.5),
            values: Values::Categories(names.to_vec()),
        },
        marks,
        legend: Vec::new(),
    }
}

/// Doubts about cells, each once, with the cells that it is about.
fn cell_notes(cells: &[Cell<'_>], names: &[String]) -> Vec<String> {
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    for (cell, name) in cells.iter().zip(names) {
        for note in &cell.notes {
            let text = note.to_string();
            if text.starts_with("interval from") || text.starts_with("difference without") {
                continue;
            }
            match all.iter_mut().find(|(t, _)| *t == text) {
                Some((_, who)) => who.push(name),
                None => all.push((text, vec![name])),
            }
        }
    }
    let words = |(text, who): (String, Vec<&str>)| {
        if who.len() == cells.len() {
            capital(&text)
        } else {
            format!("{} in {}", capital(&text), listed(&who))
        }
    };
    const MOST: usize = 5;
    let more = all.len().saturating_sub(MOST);
    let mut notes: Vec<String> = all.into_iter().take(MOST).map(words).collect();
    if more > 0 {
        notes.push(format!(
            "{} more (`diptych compare` has all)",
            counted(more, "note")
        ));
    }
    notes
}
