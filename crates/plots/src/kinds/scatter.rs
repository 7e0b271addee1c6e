//! A setting against a metric, a point a run.

use diptych_domain::RunSummary;
use diptych_domain::compare::{Column, Factor};

use super::common::{
    self, Group, Numbered, between, column_axis, columns, factors, groups, listed, metric_label, settings,
    spans_magnitudes, spearman, varying_settings,
};
use super::curves::{grey, ink};
use crate::error::FigureError;
use crate::figure::{Body, Figure, Mark, Numbers, Panel, Rows, Shape, number};
use crate::spec::{FigureSpec, Kind};
use crate::style::SLOTS;

pub fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let columns = columns(spec, runs)?;
    let mut settings = settings(spec, runs)?;
    if settings.is_empty() {
        return Err(FigureError::Missing {
            kind: Kind::Scatter,
            what: "a setting that varies between the runs: params = [\"optim.lr\"], or --param optim.lr"
                .into(),
        });
    }
    if spec.params.is_empty() {
        // What is learnt with, if any of it varies.
        settings.sort_by_key(|f| {
            !["params.", "optim."]
                .iter()
                .any(|table| f.to_string().starts_with(table))
        });
        settings.truncate(1);
    }
    let factors = factors(spec, runs)?;
    let mut groups = groups(&factors, runs);
    if groups.len() > SLOTS {
        // What has no point takes no colour. Where there are enough, each keeps its own from figure to figure.
        let along: Vec<Numbered> = settings.iter().map(|s| Numbered::of(s, runs)).collect();
        let some = |run: &usize| {
            let shows =
                |(setting, column): (&Numbered, &Column)| point(spec, runs, setting, column, *run).is_some();
            along.iter().any(|s| columns.iter().any(|c| shows((s, c))))
        };
        groups.retain(|g| g.runs.iter().any(some));
    }
    let mut drawing = Scatter {
        spec,
        runs,
        groups: &groups,
        drawn: 0,
        notes: Vec::new(),
        rows: Rows::new(["metric", "setting", "run", "seed", "group", "x", "y"]),
    };
    let mut panels = Vec::new();
    for column in &columns {
        for setting in &settings {
            panels.extend(drawing.panel(column, &Numbered::of(setting, runs)));
        }
    }
    let Scatter {
        drawn,
        mut notes,
        rows,
        ..
    } = drawing;
    if panels.is_empty() {
        return Err(FigureError::Empty {
            why: notes.join("; "),
        });
    }
    notes.splice(0..0, others(runs, &settings, &factors)?);
    notes.extend(grey(groups.len(), "group", "take fewer with a query"));
    let metrics: Vec<String> = columns.iter().map(metric_label).collect();
    let keys: Vec<String> = settings.iter().map(ToString::to_string).collect();
    Ok(Figure {
        kind: Kind::Scatter,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or_else(|| {
            format!(
                "{} against {}, a point a run (n = {drawn}).",
                listed(&metrics),
                listed(&keys)
            )
        }),
        body: Body::Panels(panels),
        legend: if groups.len() > 1 {
            common::legend(&groups)
        } else {
            Vec::new()
        },
        notes,
        runs: drawn,
        numbers: Numbers::Table(rows),
    })
}

/// Settings that vary and are neither an axis nor what the runs are grouped by.
fn others(
    runs: &[RunSummary],
    settings: &[Factor],
    factors: &[Factor],
) -> Result<Option<String>, FigureError> {
    let mut others = varying_settings(runs)?;
    others.retain(|f| !settings.contains(f) && !factors.contains(f));
    let names: Vec<String> = others.iter().map(ToString::to_string).collect();
    Ok((!names.is_empty()).then(|| format!("These vary too: {}", listed(&names))))
}

/// A run, by its place, and where its point is.
type Point = (usize, [f64; 2]);

/// Whether the setting's axis is logarithmic: where that is asked for, or its values span magnitudes.
fn log_x(spec: &FigureSpec, along: &Numbered) -> bool {
    spec.log_x || along.names.is_none() && spans_magnitudes(&along.places)
}

/// Where a run's point is, if it has one on these axes.
fn point(
    spec: &FigureSpec,
    runs: &[RunSummary],
    along: &Numbered,
    column: &Column,
    run: usize,
) -> Option<Point> {
    let [x, y] = [along.places[run]?, column.value(&runs[run])?];
    let fits = (!log_x(spec, along) || x > 0.0)
        && (!spec.log_y || y > 0.0)
        && between(x, spec.x_min, spec.x_max)
        && between(y, spec.y_min, spec.y_max);
    fits.then_some((run, [x, y]))
}

struct Scatter<'a> {
    spec: &'a FigureSpec,
    runs: &'a [RunSummary],
    groups: &'a [Group],
    drawn: usize,
    notes: Vec<String>,
    rows: Rows,
}

impl Scatter<'_> {
    fn panel(&mut self, column: &Column, along: &Numbered) -> Option<Panel> {
        let (spec, runs) = (self.spec, self.runs);
        let log_x = log_x(spec, along);
        let points = |of: &[usize]| -> Vec<Point> {
            of.iter()
                .filter_map(|r| point(spec, runs, along, column, *r))
                .collect()
        };
        let everyone: Vec<usize> = (0..runs.len()).collect();
        let parts: Vec<(Option<&str>, Vec<Point>)> = if self.groups.is_empty() {
            vec![(None, points(&everyone))]
        } else {
            let part = |g: &'_ Group| points(&g.runs);
            self.groups
                .iter()
                .map(|g| (Some(g.label.as_str()), part(g)))
                .collect()
        };
        let shown: Vec<[f64; 2]> = parts
            .iter()
            .flat_map(|(_, p)| p.iter().map(|(_, at)| *at))
            .collect();
        let ends = common::ends(spec);
        if shown.is_empty() {
            let within = if ends.is_empty() {
                String::new()
            } else {
                format!(" within {}", listed(&ends))
            };
            self.notes.push(format!(
                "No run has both {} and a finite {column}{within}",
                along.key
            ));
            return None;
        }
        if shown.len() < runs.len() {
            self.notes.push(format!(
                "{} of {} runs have no place for {} and {column}{}",
                runs.len() - shown.len(),
                runs.len(),
                along.key,
                if ends.is_empty() { "" } else { " within these axes" }
            ));
        }
        self.drawn = self.drawn.max(shown.len());
        if along.names.is_none()
            && let Some(rho) = spearman(&shown.iter().map(|p| (p[0], p[1])).collect::<Vec<_>>())
        {
            self.notes.push(format!(
                "Spearman's rank correlation of {} with {} is {} (n = {})",
                along.key,
                metric_label(column),
                number((rho * 100.0).round() / 100.0),
                shown.len()
            ));
        }
        let mut marks = Vec::new();
        for (i, (group, points)) in parts.into_iter().enumerate() {
            for (run, at) in &points {
                self.rows.rows.push(vec![
                    column.to_string().into(),
                    along.key.clone().into(),
                    runs[*run].name.clone().into(),
                    (runs[*run].spec.seed as f64).into(),
                    group.into(),
                    along.cell(*run),
                    at[1].into(),
                ]);
            }
            if !points.is_empty() {
                marks.push(Mark {
                    name: group.map_or_else(|| column.to_string(), str::to_owned),
                    ink: ink(i),
                    shape: Shape::Points {
                        at: points.into_iter().map(|(_, at)| at).collect(),
                        small: false,
                    },
                });
            }
        }
        // Grey ones lie behind.
        marks.reverse();
        Some(Panel {
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
        })
    }
}
