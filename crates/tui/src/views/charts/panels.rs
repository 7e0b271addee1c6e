//! From curves to panels, in the vocabulary that figures are drawn in everywhere.

use std::collections::BTreeMap;

use diptych_domain::{MetricKey, RunSummary};
use diptych_plots::figure::{Axis, Ink, Line, Mark, Panel, Scale, Shape, Values};
use diptych_plots::series::{Mean, Reduced, decimate};
use diptych_plots::spec::{Band, XAxis};

use super::{CurveId, Loaded, metrics, runs};
use crate::engine::curves::Curve;
use crate::state::State;

/// A curve, or the mean of several, as the legend lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Its look.
    pub slot: usize,
    /// Its value at the cursor, or its last.
    pub value: Option<f64>,
    /// What is said beside the value.
    pub note: String,
    /// Why it cannot be shown.
    pub problem: Option<String>,
}

/// A panel with its legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Charted {
    /// What is drawn.
    pub panel: Panel,
    /// What is listed.
    pub entries: Vec<Entry>,
}

/// Runs that are drawn as one.
struct Group<'s> {
    name: String,
    runs: Vec<&'s RunSummary>,
}

impl<'s> Group<'s> {
    fn alone(run: &'s RunSummary) -> Self {
        Self {
            name: run.name.clone(),
            runs: vec![run],
        }
    }
}

/// A whole curve along the present axis.
pub fn whole<'s>(state: &'s State, id: &CurveId) -> Option<&'s Loaded> {
    let loaded = state.charts.whole.get(id)?;
    (loaded.request.along.axis == state.charts.options.axis).then_some(loaded)
}

/// The best that is known of a curve: the section in sight, else the whole.
pub fn curve<'s>(state: &'s State, id: &CurveId) -> Option<Result<&'s Curve, &'s str>> {
    let whole = whole(state, id)?;
    let section = state.charts.sections.get(id).filter(|s| {
        let same = s.request.along == whole.request.along && s.request.smoothing == whole.request.smoothing;
        let (Some((from, to)), Ok(curve)) = (state.charts.zoom, &s.curve) else {
            return false;
        };
        same && curve.raw.range().is_some_and(|(a, b)| {
            let (w, x) = whole
                .curve
                .as_ref()
                .ok()
                .and_then(|c| c.raw.range())
                .unwrap_or((from, to));
            a <= from.max(w) && b >= to.min(x)
        })
    });
    let found = section.unwrap_or(whole);
    Some(found.curve.as_deref().map_err(String::as_str))
}

fn shown(curve: &Curve) -> &Reduced {
    curve.smooth.as_ref().unwrap_or(&curve.raw)
}

/// The x range of everything, or the section that is shown.
pub fn x_range(state: &State) -> (f64, f64) {
    state.charts.zoom.unwrap_or_else(|| full_range(state))
}

/// The x range of everything.
pub fn full_range(state: &State) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for run in runs(state) {
        for key in metrics(state) {
            let id = (run.id.clone(), key);
            if let Some(Ok(curve)) = whole(state, &id).map(|l| l.curve.as_ref())
                && let Some((a, b)) = curve.raw.range()
            {
                (low, high) = (low.min(a), high.max(b));
            }
        }
    }
    if low < high {
        (low, high)
    } else if low == high {
        (low - 0.5, high + 0.5)
    } else {
        (0.0, 1.0)
    }
}

/// The panels, for plots of so many columns of dots.
pub fn panels(state: &State, columns: usize) -> Vec<Charted> {
    let keys = metrics(state);
    if state.charts.options.multiples || keys.len() < 2 {
        keys.iter()
            .map(|key| panel(state, std::slice::from_ref(key), columns))
            .collect()
    } else {
        vec![panel(state, &keys, columns)]
    }
}

/// How many entries the legend of a panel with one metric has.
pub fn entries(state: &State) -> usize {
    if state.charts.options.bands {
        groups(state).len()
    } else {
        runs(state).len()
    }
}

fn groups(state: &State) -> Vec<Group<'_>> {
    let runs = runs(state);
    if !state.charts.options.bands {
        return runs.into_iter().map(Group::alone).collect();
    }
    let mut order: Vec<String> = Vec::new();
    let mut found: BTreeMap<String, Vec<&RunSummary>> = BTreeMap::new();
    for run in runs {
        let mut spec = run.spec.clone();
        spec.seed = 0;
        let key = spec.nameless_json().unwrap_or_else(|_| run.id.to_string());
        let members = found.entry(key.clone()).or_default();
        if members.is_empty() {
            order.push(key);
        }
        members.push(run);
    }
    let of = |key: String| {
        let runs = found.remove(&key).unwrap_or_default();
        let name = match runs.as_slice() {
            [one] => one.name.clone(),
            several => format!("{} (n={})", several[0].name, several.len()),
        };
        Group { name, runs }
    };
    order.into_iter().map(of).collect()
}

fn panel(state: &State, keys: &[MetricKey], columns: usize) -> Charted {
    let options = &state.charts.options;
    let (from, to) = x_range(state);
    let mut marks = Vec::new();
    let mut entries = Vec::new();
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut seen = |value: f64| {
        if value.is_finite() && (!options.log_y || value > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
    };
    let mut slot = 0;
    for key in keys {
        for group in groups(state) {
            let ink = Ink::Slot(slot);
            let name = if keys.len() > 1 {
                format!("{} {key}", group.name)
            } else {
                group.name.clone()
            };
            let mut curves: Vec<&Curve> = Vec::new();
            let mut problem = None;
            for run in &group.runs {
                match curve(state, &(run.id.clone(), key.clone())) {
                    Some(Ok(curve)) => curves.push(curve),
                    Some(Err(text)) => problem = Some(text.to_owned()),
                    None => {}
                }
            }
            let mut entry = Entry {
                name: name.clone(),
                slot,
                value: None,
                note: String::new(),
                problem,
            };
            slot += 1;
            let mark = |shape| Mark {
                name: name.clone(),
                ink,
                shape,
            };
            match curves.as_slice() {
                [] if entry.problem.is_none() && group.runs.iter().all(|r| !r.metrics.contains_key(key)) => {
                    entry.note = "no such metric".into();
                }
                [] => {}
                [one] => {
                    for reduced in std::iter::once(&one.raw).chain(&one.smooth) {
                        if let Some((a, b)) = reduced.extremes(from, to) {
                            seen(a);
                            seen(b);
                        }
                    }
                    let strands = |reduced: &Reduced| decimate(reduced, from, to, columns);
                    if let Some(smooth) = &one.smooth {
                        marks.push(mark(Shape::Line {
                            strands: strands(&one.raw),
                            line: Line::Faint,
                        }));
                        marks.push(mark(Shape::Line {
                            strands: strands(smooth),
                            line: Line::Main,
                        }));
                    } else {
                        marks.push(mark(Shape::Line {
                            strands: strands(&one.raw),
                            line: Line::Main,
                        }));
                    }
                    read_value(state, one, &mut entry);
                    if one.raw.not_finite > 0 {
                        entry.note += &format!(" {} not finite", one.raw.not_finite);
                    }
                }
                several => {
                    let reduced: Vec<&Reduced> = several.iter().map(|c| shown(c)).collect();
                    let shared = matches!(options.axis, XAxis::Step | XAxis::Epoch);
                    let mean = Mean::of(&reduced, Band::Std, shared);
                    mean_marks(&mean, (from, to), &mark, &mut marks, &mut seen);
                    let at = state.charts.cursor.unwrap_or(f64::INFINITY);
                    let end = mean.points.partition_point(|p| p.x <= at);
                    let places: Vec<f64> = mean.points.iter().map(|p| p.x).collect();
                    if let Some(outside) = outside(state, &places) {
                        entry.note = outside;
                    } else if let Some(point) = mean.points.get(end.saturating_sub(1)) {
                        entry.value = Some(point.mean);
                        entry.note = match (point.low, point.high) {
                            (Some(low), Some(high)) => format!(
                                "±{} n={}",
                                diptych_domain::human::number((high - low) / 2.0),
                                point.n
                            ),
                            _ => format!("n={}", point.n),
                        };
                    }
                }
            }
            entries.push(entry);
        }
    }
    // What is faint lies behind everything.
    marks.sort_by_key(|m| match &m.shape {
        Shape::Band { .. } => 0,
        Shape::Line {
            line: Line::Faint, ..
        } => 1,
        _ => 2,
    });
    let title = match keys {
        [one] => one.to_string(),
        several => several
            .iter()
            .map(MetricKey::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let (label, values) = match options.axis {
        XAxis::Step => ("step", Values::Whole),
        XAxis::Epoch => ("epoch", Values::Numbers),
        XAxis::Relative => ("time since the start", Values::Duration),
        XAxis::Wall => ("time", Values::Date),
    };
    Charted {
        panel: Panel {
            title: Some(title),
            x: Axis {
                label: label.into(),
                scale: Scale::exact(from, to),
                values,
            },
            y: Axis {
                label: String::new(),
                scale: Scale::around(low, high, options.log_y, (None, None)),
                values: Values::Numbers,
            },
            marks,
            legend: Vec::new(),
        },
        entries,
    }
}

fn mean_marks(
    mean: &Mean,
    (from, to): (f64, f64),
    mark: &impl Fn(Shape) -> Mark,
    marks: &mut Vec<Mark>,
    seen: &mut impl FnMut(f64),
) {
    let inside = || mean.points.iter().filter(|p| p.x >= from && p.x <= to);
    for point in inside() {
        seen(point.mean);
        point.low.into_iter().chain(point.high).for_each(&mut *seen);
    }
    let band: Vec<[f64; 3]> = inside().filter_map(|p| Some([p.x, p.low?, p.high?])).collect();
    if !band.is_empty() {
        marks.push(mark(Shape::Band { points: band }));
    }
    let strand: Vec<[f64; 2]> = inside().map(|p| [p.x, p.mean]).collect();
    marks.push(mark(Shape::Line {
        strands: vec![strand],
        line: Line::Main,
    }));
}

/// What is said of a curve that has no value at the cursor: between two points it has, beyond its ends it has none.
fn outside(state: &State, places: &[f64]) -> Option<String> {
    let at = state.charts.cursor?;
    let (first, last) = (*places.first()?, *places.last()?);
    // The next point could still be due.
    let apart = (last - first) / places.len().saturating_sub(1).max(1) as f64;
    if at > last + apart {
        Some(format!("ended at {}", short_place(state, last)))
    } else if at < first - apart {
        Some(format!("begins at {}", short_place(state, first)))
    } else {
        None
    }
}

/// A place on the x axis, without the axis' name.
fn short_place(state: &State, x: f64) -> String {
    match state.charts.options.axis {
        XAxis::Step => format!("{x:.0}"),
        XAxis::Epoch => format!("{x:.2}"),
        XAxis::Relative => diptych_domain::human::duration(x),
        XAxis::Wall => jiff::Timestamp::from_second(x as i64)
            .map_or_else(|_| String::new(), |t| t.strftime("%H:%M:%S").to_string()),
    }
}

/// The value at the cursor, or the last one.
fn read_value(state: &State, curve: &Curve, entry: &mut Entry) {
    let points = curve.raw.buckets.iter().filter(|b| b.n > 0);
    let places: Vec<f64> = points.map(|b| b.x).collect();
    if let Some(outside) = outside(state, &places) {
        entry.note = outside;
        return;
    }
    let at = state.charts.cursor;
    let value = |reduced: &Reduced| match at {
        None => reduced
            .buckets
            .iter()
            .rev()
            .find(|b| b.n > 0)
            .map(|b| (b.mean(), b.min, b.max, b.n)),
        Some(x) => nearest(reduced, x).map(|b| (b.mean(), b.min, b.max, b.n)),
    };
    let Some((mean, _, _, _)) = value(shown(curve)) else {
        return;
    };
    entry.value = Some(mean);
    if let Some((raw, min, max, n)) = value(&curve.raw) {
        let number = diptych_domain::human::number;
        if n > 1 {
            entry.note = format!("{} to {}", number(min), number(max));
        } else if curve.smooth.is_some() {
            entry.note = format!("raw {}", number(raw));
        }
    }
}

/// The bucket that is nearest to a place.
pub fn nearest(reduced: &Reduced, x: f64) -> Option<&diptych_plots::series::Bucket> {
    let end = reduced.buckets.partition_point(|b| b.x <= x);
    let before = reduced.buckets[..end].iter().rev().find(|b| b.n > 0);
    let after = reduced.buckets[end..].iter().find(|b| b.n > 0);
    match (before, after) {
        (Some(a), Some(b)) => Some(if x - a.x <= b.x - x { a } else { b }),
        (a, b) => a.or(b),
    }
}
