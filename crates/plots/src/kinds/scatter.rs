//! A setting against a metric, a point a run.

use diptych_domain::RunSummary;

use super::common::{
    self, Numbered, column_axis, columns, factors, groups, listed, metric_label, settings, spans_magnitudes,
    spearman,
};
use crate::error::FigureError;
use crate::figure::{Body, Figure, Ink, Key, Mark, Panel, Shape, number};
use crate::spec::{FigureSpec, Kind};

pub fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let columns = columns(spec, runs)?;
    let all = settings(spec, runs)?;
    let Some(setting) = all.first() else {
        return Err(FigureError::Missing {
            kind: Kind::Scatter,
            what: "a setting that varies between the runs: params = [\"optim.lr\"], or --param optim.lr"
                .into(),
        });
    };
    let along = Numbered::of(setting, runs);
    let log_x = spec.log_x || along.names.is_none() && spans_magnitudes(&along.places);
    let factors = factors(spec, runs)?;
    let groups = groups(&factors, runs);
    let mut notes = Vec::new();
    if spec.params.is_empty() && all.len() > 1 {
        let others: Vec<String> = all[1..].iter().map(ToString::to_string).collect();
        notes.push(format!("These vary too: {}", listed(&others)));
    }
    let mut panels = Vec::new();
    let mut drawn = 0;
    for column in &columns {
        let point = |run: usize| Some([along.places[run]?, column.value(&runs[run])?]);
        let fits = |p: &[f64; 2]| (!log_x || p[0] > 0.0) && (!spec.log_y || p[1] > 0.0);
        let points =
            |of: &[usize]| -> Vec<[f64; 2]> { of.iter().filter_map(|r| point(*r)).filter(fits).collect() };
        let everyone: Vec<usize> = (0..runs.len()).collect();
        let parts: Vec<(String, Vec<[f64; 2]>)> = if groups.is_empty() {
            vec![(column.to_string(), points(&everyone))]
        } else {
            groups
                .iter()
                .map(|g| (g.label.clone(), points(&g.runs)))
                .collect()
        };
        let shown: Vec<[f64; 2]> = parts.iter().flat_map(|(_, p)| p.iter().copied()).collect();
        if shown.is_empty() {
            notes.push(format!("No run has both {} and a finite {column}", along.key));
            continue;
        }
        if shown.len() < runs.len() {
            notes.push(format!(
                "{} of {} runs have no place for {column}",
                runs.len() - shown.len(),
                runs.len()
            ));
        }
        drawn = drawn.max(shown.len());
        if along.names.is_none()
            && let Some(rho) = spearman(&shown.iter().map(|p| (p[0], p[1])).collect::<Vec<_>>())
        {
            notes.push(format!(
                "Spearman's rank correlation with {} is {} (n = {})",
                metric_label(column),
                number((rho * 100.0).round() / 100.0),
                shown.len()
            ));
        }
        let marks = parts
            .into_iter()
            .enumerate()
            .filter(|(_, (_, at))| !at.is_empty())
            .map(|(i, (name, at))| Mark {
                name,
                ink: Ink::Slot(i),
                shape: Shape::Points { at, small: false },
            })
            .collect();
        panels.push(Panel {
            title: None,
            x: along.axis(log_x, (spec.x_min, spec.x_max)),
            y: column_axis(
                column,
                shown.iter().map(|p| p[1]),
                spec.log_y,
                (spec.y_min, spec.y_max),
            ),
            marks,
            legend: Vec::new(),
        });
    }
    if panels.is_empty() {
        return Err(FigureError::Empty {
            why: notes.join("; "),
        });
    }
    let metrics: Vec<String> = columns.iter().map(metric_label).collect();
    Ok(Figure {
        kind: Kind::Scatter,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or_else(|| {
            format!(
                "{} against {}, a point a run (n = {drawn}).",
                listed(&metrics),
                along.key
            )
        }),
        body: Body::Panels(panels),
        legend: if groups.len() > 1 {
            common::legend(groups.iter().map(|g| g.label.as_str()), Key::Point)
        } else {
            Vec::new()
        },
        notes,
        runs: drawn,
    })
}
