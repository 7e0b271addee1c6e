//! Metrics along training: runs over each other, or means of groups with bands; a panel a metric, a panel a group, or one.

mod choice;
mod drawing;
mod looks;
mod words;

pub use choice::requests;
pub use drawing::Drawing;
pub use looks::{agree, grey, ink, legend};
pub use words::smoothing_words;

use diptych_domain::{MetricKey, RunSummary};

use super::common::{self, Group, counted, factors, groups, listed, sizes};
use super::{Loaded, Request};
use crate::error::FigureError;
use crate::figure::{Body, Figure, Numbers, Panel, Shape};
use crate::layout;
use crate::spec::{FigureSpec, Kind, Panels};
use crate::style::SLOTS;
use choice::{keys, shown};

pub fn plan(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Request>, FigureError> {
    let keys = keys(spec, runs)?;
    let (shown, _) = shown(spec, runs)?;
    Ok(requests(spec, runs, &shown, &keys))
}

pub fn build(spec: &FigureSpec, runs: &[RunSummary], loaded: &Loaded) -> Result<Figure, FigureError> {
    let keys = keys(spec, runs)?;
    let (mut shown, left_out) = shown(spec, runs)?;
    let mut notes: Vec<String> = left_out.into_iter().collect();
    let factors = factors(spec, runs)?;
    let mut groups: Vec<Group> = groups(&factors, runs);
    let mut drawing = Drawing::new(spec, runs, loaded);
    notes.extend(drawing.absent(&shown, &keys));
    if shown.len().max(groups.len()) > SLOTS {
        // What has no curve takes no colour. Where there are enough, each keeps its own from figure to figure.
        shown.retain(|run| drawing.has(*run, &keys));
        groups.retain(|g| g.runs.iter().any(|run| drawing.has(*run, &keys)));
        if shown.is_empty() {
            return Err(drawing.nothing(&keys));
        }
    }

    let alone = factors.is_empty();
    let curve_names: Vec<String> = if alone {
        shown.iter().map(|i| runs[*i].name.clone()).collect()
    } else {
        groups.iter().map(|g| g.label.clone()).collect()
    };
    let curves_each = curve_names.len();
    let (several_metrics, several_curves) = (keys.len() > 1, curves_each > 1);
    let members = |curve: usize| groups.get(curve).map_or(vec![shown[curve]], |g| g.runs.clone());
    // In one panel every curve needs a look of its own; where these are few, none for what has no curve.
    let mut together: Vec<(usize, usize)> = (0..keys.len())
        .flat_map(|metric| (0..curves_each).map(move |curve| (metric, curve)))
        .collect();
    if together.len() > SLOTS {
        together.retain(|(metric, curve)| {
            let key = std::slice::from_ref(&keys[*metric]);
            members(*curve).iter().any(|run| drawing.has(*run, key))
        });
    }
    // Which panel and which look each curve gets.
    let place = |metric: usize, curve: usize| match spec.panels {
        Panels::Metric => Some((metric, curve)),
        Panels::Group => Some((curve, metric)),
        Panels::None => Some((0, together.iter().position(|at| *at == (metric, curve))?)),
    };
    let (panel_count, look_count, what) = match spec.panels {
        Panels::Metric => (keys.len(), curves_each, if alone { "run" } else { "group" }),
        Panels::Group => (curves_each, keys.len(), "metric"),
        Panels::None => (1, together.len(), "curve"),
    };
    drawing.columns = layout::plot_columns(spec, panel_count);
    let mut panels: Vec<Vec<_>> = (0..panel_count).map(|_| Vec::new()).collect();
    let mut entries = vec![String::new(); look_count];
    for (metric, key) in keys.iter().enumerate() {
        for (curve, name) in curve_names.iter().enumerate() {
            let Some((panel, look)) = place(metric, curve) else {
                continue;
            };
            entries[look] = match (spec.panels, several_metrics, several_curves) {
                (Panels::Group, ..) | (Panels::None, true, false) => key.to_string(),
                (Panels::None, true, true) => format!("{name}, {key}"),
                _ => name.clone(),
            };
            let group = (!alone).then_some(name.as_str());
            panels[panel].extend(drawing.curve(&members(curve), key, ink(look), group));
        }
    }
    if panels.iter().all(Vec::is_empty) {
        return Err(drawing.nothing(&keys));
    }
    let x = drawing.x_axis();
    let mut out = Vec::new();
    for (i, curves) in panels.into_iter().enumerate() {
        let (title, label) = match spec.panels {
            Panels::Metric => (None, keys[i].to_string()),
            Panels::Group => (Some(curve_names[i].clone()), words::common_label(&keys)),
            Panels::None => (None, words::common_label(&keys)),
        };
        // One label for the whole figure is said by the axis.
        out.push(drawing.panel(title.filter(|_| several_curves), &x, label, &curves));
    }
    if spec.panels == Panels::Group {
        // Groups beside each other are compared by eye.
        share_y(&mut out);
    }
    agree(&mut out);
    drawing.within(&out)?;
    let legend = match entries.as_slice() {
        [_] => Vec::new(),
        many => legend(many, &out, what),
    };
    let hint = if alone {
        "name those first that matter, take fewer with a query, or average with --by"
    } else {
        "take fewer with a query"
    };
    notes.extend(grey(entries.len(), what, hint));
    notes.extend(drawing.notes());
    let metrics: Vec<&str> = keys.iter().map(MetricKey::as_str).collect();
    let banded = out
        .iter()
        .flat_map(|p| &p.marks)
        .any(|m| matches!(m.shape, Shape::Band { .. }));
    let who = if alone {
        match shown.as_slice() {
            [one] => format!("of {}", runs[*one].name),
            many => format!("of {}", counted(many.len(), "run")),
        }
    } else {
        let names: Vec<String> = factors
            .iter()
            .map(|f| common::short(&f.to_string()).to_owned())
            .collect();
        format!(
            "as means over runs by {} ({}){}",
            listed(&names),
            sizes(groups.iter().map(|g| g.runs.len())),
            if banded { words::band(spec.band) } else { "" }
        )
    };
    Ok(Figure {
        kind: Kind::Curves,
        title: spec.title.clone(),
        caption: spec
            .caption
            .clone()
            .unwrap_or_else(|| format!("{} {who}{}.", listed(&metrics), smoothing_words(spec))),
        body: Body::Panels(out),
        legend,
        notes,
        runs: if alone { shown.len() } else { runs.len() },
        numbers: Numbers::Curves(drawing.series),
    })
}

/// Lets panels have one y axis, with room for what is in any of them.
fn share_y(panels: &mut [Panel]) {
    let shown = || panels.iter().filter(|p| p.shows_a_line());
    let low = shown().map(|p| p.y.scale.low).fold(f64::INFINITY, f64::min);
    let high = shown().map(|p| p.y.scale.high).fold(f64::NEG_INFINITY, f64::max);
    if low < high {
        for panel in panels {
            (panel.y.scale.low, panel.y.scale.high) = (low, high);
        }
    }
}

#[cfg(test)]
mod tests;
