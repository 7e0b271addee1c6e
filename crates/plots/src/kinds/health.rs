//! A GAN's balance: adversarial losses, the discriminator's verdicts, gradient norms, what the outputs show, and alarms.

use diptych_domain::{MetricKey, RunSummary};

use super::common::{self, counted, listed, within_limit};
use super::curves::{Drawing, requests, smoothing_words};
use super::{Loaded, Request};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Entry, Figure, Ink, Key, Mark, Scale, Shape};
use crate::layout;
use crate::spec::{FigureSpec, Kind};

/// Alarms drawn in a panel.
const MOST_ALARMS: usize = 40;

pub fn plan(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Request>, FigureError> {
    let families = families(spec, runs)?;
    let keys: Vec<MetricKey> = families.into_iter().flat_map(|(_, keys)| keys).collect();
    let (n, _) = within_limit(runs.len(), spec.limit.min(8), "runs");
    Ok(requests(spec, runs, &(0..n).collect::<Vec<_>>(), &keys))
}

pub fn build(spec: &FigureSpec, runs: &[RunSummary], loaded: &Loaded) -> Result<Figure, FigureError> {
    let families = families(spec, runs)?;
    let (n, left_out) = within_limit(runs.len(), spec.limit.min(8), "runs");
    let shown: Vec<usize> = (0..n).collect();
    let mut notes: Vec<String> = left_out.into_iter().collect();
    let mut drawing = Drawing::new(spec, loaded);
    // One run: its values of a family over each other. Several: a panel a value, the runs over each other.
    let alone = n == 1;
    let panels: Vec<(String, Vec<MetricKey>)> = if alone {
        families
    } else {
        let each = families.into_iter().flat_map(|(_, keys)| keys);
        each.map(|key| (key.to_string(), vec![key])).collect()
    };
    drawing.columns = layout::plot_columns(spec, panels.len());
    let mut drawn = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (label, keys) in &panels {
        let mut curves = Vec::new();
        if alone {
            // Every panel has looks of its own.
            names.clear();
        }
        for key in keys {
            for run in &shown {
                let name = if alone {
                    key.to_string()
                } else {
                    runs[*run].name.clone()
                };
                let look = names.iter().position(|n| *n == name).unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() - 1
                });
                curves.extend(drawing.curve(
                    &[*run],
                    key,
                    look,
                    &format!("{} {key}", runs[*run].name),
                    false,
                ));
            }
        }
        if !curves.is_empty() {
            drawn.push((label.clone(), curves, names.clone()));
        }
    }
    if drawn.is_empty() {
        let keys: Vec<MetricKey> = panels.into_iter().flat_map(|(_, keys)| keys).collect();
        return Err(drawing.nothing(runs, &keys));
    }
    let x = drawing.x_axis();
    let mut out = Vec::new();
    for (label, curves, names) in drawn {
        let mut panel = drawing.panel(None, &x, label.clone(), &curves);
        if label.contains("accuracy") {
            panel.y.scale = Scale::exact(spec.y_min.unwrap_or(0.0), spec.y_max.unwrap_or(1.02));
        }
        if alone && names.len() > 1 {
            let short = names
                .iter()
                .map(|n| n.split_once('/').map_or(n.as_str(), |(_, name)| name));
            panel.legend = common::legend(short, drawing.key(std::slice::from_ref(&panel)));
        }
        panel.marks.splice(0..0, alarms(loaded, &x, alone));
        out.push(panel);
    }
    let all: &[String] = if alone { &[] } else { &names };
    let mut legend: Vec<Entry> = common::legend(all.iter().map(String::as_str), Key::Line);
    let count = loaded.alarms.len();
    if count > 0 {
        let what = if alone { Ink::Alarm } else { Ink::Muted };
        legend.push(Entry {
            label: "alarm".into(),
            ink: what,
            key: Key::Line,
        });
        let first: Vec<String> = loaded.alarms.iter().map(|a| a.message.clone()).collect();
        notes.push(format!("{}: {}", counted(count, "alarm"), listed(&first)));
    }
    notes.extend(drawing.notes());
    let who: Vec<&str> = shown.iter().map(|i| runs[*i].name.as_str()).collect();
    Ok(Figure {
        kind: Kind::Health,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or_else(|| {
            format!(
                "Adversarial losses and health values of {}{}.",
                listed(&who),
                smoothing_words(spec)
            )
        }),
        body: Body::Panels(out),
        legend,
        notes,
        runs: n,
    })
}

fn alarms(loaded: &Loaded, x: &Axis, alone: bool) -> Vec<Mark> {
    let inside = loaded
        .alarms
        .iter()
        .filter(|a| (0.0..=1.0).contains(&x.scale.place(a.x)));
    inside
        .take(MOST_ALARMS)
        .map(|alarm| Mark {
            name: format!("alarm: {}", alarm.message),
            ink: if alone { Ink::Alarm } else { Ink::Muted },
            shape: Shape::RuleX { x: alarm.x },
        })
        .collect()
}

/// The metrics in panels: what each is called, and what is in it. Those that the spec names, or all that tell of a GAN's balance.
fn families(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<(String, Vec<MetricKey>)>, FigureError> {
    let named = common::metric_keys(spec, runs)?;
    let mut keys: Vec<&MetricKey> = if named.is_empty() {
        runs.iter().flat_map(|r| r.metrics.keys()).collect()
    } else {
        named.iter().collect()
    };
    keys.sort();
    keys.dedup();
    let mut families: Vec<(String, Vec<MetricKey>)> = Vec::new();
    for key in keys {
        let Some(name) = family(key, !named.is_empty()) else {
            continue;
        };
        match families.iter_mut().find(|(n, _)| *n == name) {
            Some((_, keys)) => keys.push(key.clone()),
            None => families.push((name, vec![key.clone()])),
        }
    }
    const ORDER: [&str; 5] = [
        "adversarial loss",
        "verdict",
        "accuracy",
        "gradient norm",
        "outputs",
    ];
    families.sort_by_key(|(name, _)| ORDER.iter().position(|o| o == name).unwrap_or(ORDER.len()));
    if families.is_empty() {
        return Err(FigureError::Empty {
            why: "the runs have no adversarial losses and no health values".into(),
        });
    }
    Ok(families)
}

/// What a metric tells of: by its name, as every GAN's losses are called.
fn family(key: &MetricKey, all: bool) -> Option<String> {
    let (group, name) = key.as_str().split_once('/')?;
    let starts = |words: &[&str]| words.iter().any(|w| name.starts_with(w));
    let word = match group {
        "loss" if starts(&["G_GAN", "G_A", "G_B", "D_", "D"]) => "adversarial loss",
        "health" if name.starts_with("grad") => "gradient norm",
        "health" if name.contains("accuracy") => "accuracy",
        "health" if name.starts_with('D') => "verdict",
        "health" if starts(&["diversity", "checkerboard", "correlation"]) => "outputs",
        "health" => name,
        _ if all => key.as_str(),
        _ => return None,
    };
    Some(word.to_owned())
}
