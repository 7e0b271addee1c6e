//! Settings and a metric as parallel axes, a line a run, coloured by the metric.

use diptych_domain::RunSummary;

use super::common::{
    Numbered, column_axis, columns, listed, metric_label, settings, spans_magnitudes, within_limit,
};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Figure, Ink, Line, Mark, Panel, Scale, Shape, Values};
use crate::spec::{FigureSpec, Kind};

/// Lines drawn at most: more than the eye can follow.
const MOST: usize = 500;
/// Axes drawn at most, the metric's aside.
const MOST_AXES: usize = 10;

pub fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let columns = columns(spec, runs)?;
    let column = &columns[0];
    let mut settings = settings(spec, runs)?;
    let mut notes = Vec::new();
    if settings.is_empty() {
        return Err(FigureError::Missing {
            kind: Kind::Parallel,
            what: "settings that vary between the runs: params = [\"optim.lr\", \"params.ngf\"]".into(),
        });
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
        .map(|r| column.value(r).filter(|v| !spec.log_y || *v > 0.0))
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
        Some(axes[axis].scale.place(value)).filter(|p| p.is_finite())
    };
    let whole = |run: &usize| (0..axes.len()).all(|axis| place(*run, axis).is_some());
    let mut drawn: Vec<usize> = (0..runs.len()).filter(whole).collect();
    if drawn.is_empty() {
        return Err(FigureError::Empty {
            why: format!(
                "no run has all of {} and {column}",
                listed(&along.iter().map(|n| &n.key).collect::<Vec<_>>())
            ),
        });
    }
    if drawn.len() < runs.len() {
        notes.push(format!(
            "{} of {} runs lack a value and are left out",
            runs.len() - drawn.len(),
            runs.len()
        ));
    }
    let (n, left_out) = within_limit(drawn.len(), MOST.max(spec.limit), "runs");
    drawn.truncate(n);
    notes.extend(left_out);
    // The best runs on top.
    let last = axes.len() - 1;
    let lower = column.lower_is_better();
    let goodness = |run: usize| {
        let p = place(run, last).unwrap_or(0.0);
        if lower == Some(true) { -p } else { p }
    };
    drawn.sort_by(|a, b| goodness(*a).total_cmp(&goodness(*b)));
    let mut marks: Vec<Mark> = drawn
        .iter()
        .map(|run| {
            let strand = (0..axes.len())
                .filter_map(|axis| Some([axis as f64, place(*run, axis)?]))
                .collect();
            Mark {
                name: runs[*run].name.clone(),
                ink: Ink::Ramp(place(*run, last).unwrap_or(0.0)),
                shape: Shape::Line {
                    strands: vec![strand],
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
    })
}
