//! Names for readers: what a figure calls `eval/l1` may be "L1 error" in a paper.

use std::collections::{BTreeMap, BTreeSet};

use diptych_domain::suggest;

use super::common::{listed, short};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Entry, Figure, Panel, Shape, Values};

/// What may stand before a name.
const BEFORE: [&str; 2] = ["baseline: ", "correlation with "];

/// Calls metrics, settings and groups what `labels` says, wherever the figure shows them. The plotted numbers keep their names.
///
/// # Errors
/// A name that nothing in the figure has.
pub fn relabel(figure: &mut Figure, labels: &BTreeMap<String, String>) -> Result<(), FigureError> {
    if labels.is_empty() {
        return Ok(());
    }
    let mut used = BTreeSet::new();
    let mut known = BTreeSet::new();
    for text in texts(figure) {
        let new = named(text, labels, &mut used);
        known.insert(std::mem::replace(text, new));
    }
    known.remove("");
    match labels.keys().find(|k| !used.contains(k.as_str())) {
        None => Ok(()),
        Some(unused) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Err(FigureError::Unknown {
                key: "label",
                text: unused.clone(),
                problem: format!(
                    "nothing in the figure is called that: there are {}{}",
                    listed(&known),
                    suggest::hint(unused, known.iter().copied())
                ),
            })
        }
    }
}

/// A text with the names that it is made of replaced.
fn named<'l>(text: &str, labels: &'l BTreeMap<String, String>, used: &mut BTreeSet<&'l str>) -> String {
    let found = labels.iter().find(|(key, _)| *key == text || short(key) == text);
    if let Some((key, label)) = found {
        used.insert(key);
        return label.clone();
    }
    if let Some((start, rest)) = BEFORE.iter().find_map(|b| Some((*b, text.strip_prefix(b)?))) {
        return format!("{start}{}", named(rest, labels, used));
    }
    if let Some((name, rest)) = text.split_once(" (") {
        return format!("{} ({rest}", named(name, labels, used));
    }
    if text.contains(", ") {
        let parts = text.split(", ").map(|part| named(part, labels, used));
        return parts.collect::<Vec<_>>().join(", ");
    }
    text.to_owned()
}

/// Every text of a figure that names something.
fn texts(figure: &mut Figure) -> Vec<&mut String> {
    let mut all: Vec<&mut String> = figure.legend.iter_mut().map(|e| &mut e.label).collect();
    match &mut figure.body {
        Body::Panels(panels) => panels.iter_mut().for_each(|p| of_panel(p, &mut all)),
        Body::Images(grid) => {
            all.extend(grid.columns.iter_mut().chain(&mut grid.rows));
            all.extend(grid.headings.iter_mut().map(|(_, heading)| heading));
        }
    }
    all
}

fn of_panel<'f>(panel: &'f mut Panel, all: &mut Vec<&'f mut String>) {
    let Panel {
        title,
        x,
        y,
        marks,
        legend,
    } = panel;
    all.extend(title.as_mut());
    all.extend(legend.iter_mut().map(|e: &mut Entry| &mut e.label));
    let upright = marks.iter_mut().filter_map(|m| match &mut m.shape {
        Shape::Vertical { axis, .. } => Some(axis),
        _ => None,
    });
    for Axis { label, values, .. } in [x, y].into_iter().chain(upright) {
        all.push(label);
        if let Values::Categories(names) = values {
            all.extend(names);
        }
    }
}
