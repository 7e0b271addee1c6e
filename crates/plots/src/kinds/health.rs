//! A GAN's balance: adversarial losses, the discriminator's verdicts, gradient norms, what the outputs show, and alarms.

use diptych_domain::{MetricKey, RunSummary};

use super::common::{self, counted, listed, within_limit};
use super::curves::{Drawing, agree, grey, ink, legend, requests, smoothing_words};
use super::{Alarm, Loaded, Request};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Entry, Figure, Ink, Key, Mark, Numbers, Scale, Shape};
use crate::layout;
use crate::spec::{FigureSpec, Kind, MOST_RUNS};

/// Alarms drawn in a panel.
const MOST_ALARMS: usize = 40;

/// Runs drawn over each other at most, unless the spec says how many.
const MOST_RUNS_HERE: usize = 8;

fn shown(spec: &FigureSpec, runs: &[RunSummary]) -> (Vec<usize>, Option<String>) {
    let limit = if spec.limit == MOST_RUNS {
        MOST_RUNS_HERE
    } else {
        spec.limit
    };
    let (n, left_out) = within_limit(runs.len(), limit, "runs");
    ((0..n).collect(), left_out)
}

pub fn plan(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Request>, FigureError> {
    let families = families(spec, runs)?;
    let keys: Vec<MetricKey> = families.into_iter().flat_map(|(_, keys)| keys).collect();
    Ok(requests(spec, runs, &shown(spec, runs).0, &keys))
}

pub fn build(spec: &FigureSpec, runs: &[RunSummary], loaded: &Loaded) -> Result<Figure, FigureError> {
    let families = families(spec, runs)?;
    let (shown, left_out) = shown(spec, runs);
    let mut notes: Vec<String> = left_out.into_iter().collect();
    let mut drawing = Drawing::new(spec, runs, loaded);
    // One run: its values of a family over each other. Several: a panel a value, the runs over each other.
    let alone = shown.len() == 1;
    let panels: Vec<(String, Vec<MetricKey>)> = if alone {
        families
    } else {
        let each = families.into_iter().flat_map(|(_, keys)| keys);
        each.map(|key| (key.to_string(), vec![key])).collect()
    };
    drawing.columns = layout::plot_columns(spec, panels.len());
    let mut drawn = Vec::new();
    for (label, keys) in &panels {
        let mut curves = Vec::new();
        for (i, key) in keys.iter().enumerate() {
            for run in &shown {
                // Of one run every panel has looks of its own.
                let look = if alone { i } else { *run };
                curves.extend(drawing.curve(&[*run], key, ink(look), None));
            }
        }
        if !curves.is_empty() {
            drawn.push((label.clone(), curves, keys));
        }
    }
    if drawn.is_empty() {
        let keys: Vec<MetricKey> = panels.into_iter().flat_map(|(_, keys)| keys).collect();
        return Err(drawing.nothing(&keys));
    }
    let x = drawing.x_axis();
    let (mut out, mut own) = (Vec::new(), Vec::new());
    for (label, curves, keys) in drawn {
        let mut panel = drawing.panel(None, &x, label.clone(), &curves);
        if label.contains("accuracy") {
            panel.y.scale = Scale::exact(spec.y_min.unwrap_or(0.0), spec.y_max.unwrap_or(1.02));
        }
        let short = keys
            .iter()
            .map(|k| k.as_str().split_once('/').map_or(k.as_str(), |(_, name)| name));
        own.push(short.map(str::to_owned).collect::<Vec<String>>());
        out.push(panel);
    }
    if alone {
        for (panel, names) in out.iter_mut().zip(own).filter(|(_, names)| names.len() > 1) {
            panel.legend = legend(&names, std::slice::from_ref(panel), "value");
        }
    } else {
        agree(&mut out);
    }
    drawing.within(&out)?;
    let mut all: Vec<Entry> = Vec::new();
    if !alone {
        let names: Vec<String> = shown.iter().map(|i| runs[*i].name.clone()).collect();
        all = legend(&names, &out, "run");
        notes.extend(grey(
            names.len(),
            "run",
            "name those first that matter, or take fewer with a query",
        ));
    }
    let told: Vec<&Alarm> = loaded.alarms.iter().filter(|a| shown.contains(&a.run)).collect();
    if !told.is_empty() {
        for panel in &mut out {
            panel.marks.splice(0..0, alarms(&told, runs, &x, alone));
        }
        all.push(Entry {
            label: if alone {
                "alarm"
            } else {
                "alarm, in its run's colour"
            }
            .into(),
            ink: if alone { Ink::Alarm } else { Ink::Plain },
            key: Key::Thin,
        });
        let words: Vec<String> = told
            .iter()
            .map(|a| {
                // What it means and how it was measured would not find room below the figure.
                let what = alarm_words(&a.message);
                if alone {
                    what
                } else {
                    format!("{} ({what})", runs[a.run].name)
                }
            })
            .collect();
        notes.push(format!("{}: {}", counted(told.len(), "alarm"), listed(&words)));
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
        legend: all,
        notes,
        runs: shown.len(),
        numbers: Numbers::Curves(drawing.series),
    })
}

/// What an alarm says, and of which value: two networks may have the same alarm.
fn alarm_words(message: &str) -> String {
    let what = message.split(": ").next().unwrap_or_default();
    let value = message
        .split_once("(health/")
        .and_then(|(_, rest)| rest.split_once(' '));
    match value {
        Some((name, _)) => format!("{what} ({name})"),
        None => what.to_owned(),
    }
}

fn alarms(told: &[&Alarm], runs: &[RunSummary], x: &Axis, alone: bool) -> Vec<Mark> {
    let inside = told.iter().filter(|a| (0.0..=1.0).contains(&x.scale.place(a.x)));
    inside
        .take(MOST_ALARMS)
        .map(|alarm| Mark {
            name: format!("{}: {}", runs[alarm.run].name, alarm.message),
            ink: if alone { Ink::Alarm } else { ink(alarm.run) },
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
