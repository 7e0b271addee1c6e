//! Settings and a metric as parallel axes, a line a run, coloured by the metric.

use diptych_domain::RunSummary;
use diptych_domain::compare::{Factor, Level};

use super::common::{
    Numbered, between, column_axis, columns, listed, metric_label, settings, spans_magnitudes, within_limit,
};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Cell, Figure, Ink, Line, Mark, Numbers, Panel, Rows, Scale, Shape, Values};
use crate::spec::{FigureSpec, Kind, MOST_RUNS};

/// Lines drawn at most: more than the eye can follow.
const MOST: usize = 500;
/// Axes drawn at most, the metric's aside.
const MOST_AXES: usize = 10;

pub fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let columns = columns(spec, runs)?;
    let column = &columns[0];
    let mut settings = settings(spec, runs)?;
    let mut notes = Vec::new();
    if spec.params.is_empty() {
        notes.extend(without_rare(&mut settings, runs));
    }
    if settings.is_empty() {
        return Err(FigureError::Missing {
            kind: Kind::Parallel,
            what: "settings that vary between the runs: params = [\"optim.lr\", \"params.ngf\"]".into(),
        });
    }
    if spec.params.is_empty() {
        // What is learnt with matters more than where the data come from.
        let rank = |f: &Factor| {
            let key = f.to_string();
            u8::from(!(key == "model" || key.starts_with("params.") || key.starts_with("optim.")))
        };
        settings.sort_by_key(rank);
    }
    if settings.len() > MOST_AXES {
        let more: Vec<String> = settings
            .split_off(MOST_AXES)
            .iter()
            .map(ToString::to_string)
            .collect();
        notes.push(format!("Left out: {}", listed(&more)));
    }
    if let [_, more @ ..] = spec.metrics.as_slice()
        && !more.is_empty()
    {
        notes.push(format!("Only the first metric is shown, not {}", listed(more)));
    }
    let measured: Vec<Option<f64>> = runs
        .iter()
        .map(|r| {
            column
                .value(r)
                .filter(|v| (!spec.log_y || *v > 0.0) && between(*v, spec.y_min, spec.y_max))
        })
        .collect();
    let along: Vec<Numbered> = settings.iter().map(|f| Numbered::of(f, runs)).collect();
    let mut axes: Vec<Axis> = along
        .iter()
        .map(|n| n.axis(n.names.is_none() && spans_magnitudes(&n.places), (None, None)))
        .collect();
    axes.push(column_axis(
        column,
        measured.iter().flatten().copied(),
        spec.log_y,
        (spec.y_min, spec.y_max),
    ));
    let place = |run: usize, axis: usize| {
        let value = along.get(axis).map_or(measured[run], |n| n.places[run])?;
        Some(axes[axis].scale.place(value)).filter(|p| (-1e-6..=1.0 + 1e-6).contains(p))
    };
    let last = axes.len() - 1;
    // A run needs the metric and a setting; where it lacks one its line has a gap.
    let fits = |run: &usize| place(*run, last).is_some() && (0..last).any(|axis| place(*run, axis).is_some());
    let mut drawn: Vec<usize> = (0..runs.len()).filter(fits).collect();
    if drawn.is_empty() {
        return Err(FigureError::Empty {
            why: format!(
                "no run has {column} and one of {}",
                listed(&along.iter().map(|n| &n.key).collect::<Vec<_>>())
            ),
        });
    }
    if drawn.len() < runs.len() {
        notes.push(format!(
            "{} of {} runs lack {column} or all of the settings and are left out",
            runs.len() - drawn.len(),
            runs.len()
        ));
    }
    let gaps = drawn
        .iter()
        .filter(|run| (0..last).any(|axis| place(**run, axis).is_none()))
        .count();
    if gaps > 0 {
        notes.push(format!(
            "{} of {} runs lack a setting: their lines have gaps",
            gaps,
            drawn.len()
        ));
    }
    let limit = if spec.limit == MOST_RUNS { MOST } else { spec.limit };
    let (n, left_out) = within_limit(drawn.len(), limit, "runs");
    drawn.truncate(n);
    notes.extend(left_out);
    // The best runs on top.
    let lower = column.lower_is_better();
    let goodness = |run: usize| {
        let p = place(run, last).unwrap_or(0.0);
        if lower == Some(true) { -p } else { p }
    };
    drawn.sort_by(|a, b| goodness(*a).total_cmp(&goodness(*b)));
    let mut rows = Rows::new(
        ["run".to_owned()]
            .into_iter()
            .chain(along.iter().map(|n| n.key.clone()))
            .chain([column.to_string()]),
    );
    for run in &drawn {
        let mut row = vec![Cell::from(runs[*run].name.clone())];
        row.extend(along.iter().map(|n| n.cell(*run)));
        row.push(measured[*run].into());
        rows.rows.push(row);
    }
    let mut marks: Vec<Mark> = drawn
        .iter()
        .map(|run| {
            let at: Vec<Option<[f64; 2]>> = (0..axes.len())
                .map(|axis| Some([axis as f64, place(*run, axis)?]))
                .collect();
            let pieces = at.split(Option::is_none).filter(|p| !p.is_empty());
            let strands = pieces.map(|p| p.iter().flatten().copied().collect()).collect();
            Mark {
                name: runs[*run].name.clone(),
                ink: Ink::Ramp(place(*run, last).unwrap_or(0.0)),
                shape: Shape::Line {
                    strands,
                    line: Line::Main,
                },
            }
        })
        .collect();
    let names: Vec<String> = axes.iter().map(|a| a.label.clone()).collect();
    marks.extend(axes.into_iter().enumerate().map(|(x, axis)| Mark {
        name: axis.label.clone(),
        ink: Ink::Plain,
        shape: Shape::Vertical { x: x as f64, axis },
    }));
    let panel = Panel {
        title: None,
        x: Axis {
            label: String::new(),
            scale: Scale::exact(0.0, last as f64),
            values: Values::Categories(names.clone()),
        },
        y: Axis {
            label: String::new(),
            scale: Scale::exact(0.0, 1.0),
            values: Values::Numbers,
        },
        marks,
        legend: Vec::new(),
    };
    Ok(Figure {
        kind: Kind::Parallel,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or_else(|| {
            format!(
                "{} and {} as parallel axes: a line a run (n = {n}), coloured by {}.",
                listed(&names[..last]),
                metric_label(column),
                metric_label(column)
            )
        }),
        body: Body::Panels(vec![panel]),
        legend: Vec::new(),
        notes,
        runs: n,
        numbers: Numbers::Table(rows),
    })
}

/// Takes out settings that only some of the runs have, as runs of other models do, and says so; if there were no others they stay.
fn without_rare(settings: &mut Vec<Factor>, runs: &[RunSummary]) -> Option<String> {
    let common = |f: &Factor| runs.iter().all(|r| f.level(r) != Level::Missing);
    let (shared, rare): (Vec<Factor>, Vec<Factor>) = settings.iter().cloned().partition(common);
    if shared.is_empty() || rare.is_empty() {
        return None;
    }
    *settings = shared;
    let names: Vec<String> = rare.iter().map(ToString::to_string).collect();
    Some(format!(
        "Only some of the runs have, so left out: {}",
        listed(&names)
    ))
}
