//! What several kinds share: columns, groups, settings as numbers, sentences.

use std::collections::BTreeMap;

use diptych_domain::compare::{self, Column, Factor, Level, varying};
use diptych_domain::{MetricKey, RunSummary};

use crate::error::FigureError;
use crate::figure::{Axis, Cell, Entry, Ink, Key, Scale, Values};
use crate::spec::FigureSpec;
use crate::style::SLOTS;

/// The columns that the spec's metrics name; without any: the last evaluation that most runs have.
pub fn columns(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Column>, FigureError> {
    let mut columns = Vec::new();
    for text in &spec.metrics {
        columns.push(Column::parse(text, runs).map_err(|problem| FigureError::Unknown {
            key: "metric",
            text: text.clone(),
            problem,
        })?);
    }
    if columns.is_empty() {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for key in runs.iter().flat_map(|r| r.metrics.keys()) {
            *counts.entry(key.as_str()).or_default() += 1;
        }
        let best = ["eval/", "loss/", ""].iter().find_map(|group| {
            let those = counts.iter().filter(|(key, _)| key.starts_with(group));
            those.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))
        });
        let Some((key, _)) = best else {
            return Err(FigureError::Empty {
                why: "the runs have no metrics yet".into(),
            });
        };
        columns.push(Column::parse(key, runs).map_err(|problem| FigureError::Unknown {
            key: "metric",
            text: (*key).to_owned(),
            problem,
        })?);
    }
    Ok(columns)
}

/// The factors that the spec groups by.
pub fn factors(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Factor>, FigureError> {
    let parse = |text: &String| {
        Factor::parse(text, runs).map_err(|problem| FigureError::Unknown {
            key: "by",
            text: text.clone(),
            problem,
        })
    };
    spec.by.iter().map(parse).collect()
}

/// Runs with equal levels of some factors.
pub struct Group {
    /// What its members share, in words.
    pub label: String,
    /// The runs, by their places.
    pub runs: Vec<usize>,
}

/// Groups in the order of their levels, variants in that of their sweep; without factors there are none.
pub fn groups(factors: &[Factor], runs: &[RunSummary]) -> Vec<Group> {
    if factors.is_empty() {
        return Vec::new();
    }
    compare::groups(runs, factors)
        .into_iter()
        .map(|(levels, runs)| Group {
            label: label(factors, &levels),
            runs,
        })
        .collect()
}

/// Levels in words: words speak for themselves, numbers need their factor.
pub fn label(factors: &[Factor], levels: &[Level]) -> String {
    let words = factors.iter().zip(levels).map(|(factor, level)| match level {
        Level::Text(text) => text.clone(),
        Level::Missing => format!("no {}", short(&factor.to_string())),
        level => format!("{} = {level}", short(&factor.to_string())),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A dotted key without its table.
pub fn short(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// `a`, `a and b`, `a, b and c`; of many, the first and how many more.
pub fn listed<S: AsRef<str>>(items: &[S]) -> String {
    const SPELT_OUT: usize = 4;
    let text = |items: &[S]| items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match items {
        [] => "none".into(),
        [one] => one.as_ref().to_owned(),
        _ if items.len() > SPELT_OUT + 1 => {
            format!(
                "{} and {} more",
                text(&items[..SPELT_OUT]),
                items.len() - SPELT_OUT
            )
        }
        [most @ .., last] => format!("{} and {}", text(most), last.as_ref()),
    }
}

/// The text with its first letter as a capital, unless it begins with a key, which is written as it is.
pub fn capital(text: &str) -> String {
    let first = text.split([' ', ',']).next().unwrap_or_default();
    if first.trim_end_matches('.').contains(['.', '_', '/', '=']) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| {
        c.to_uppercase().collect::<String>() + chars.as_str()
    })
}

/// `1 run`, `3 runs`.
pub fn counted(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

/// How many a group has: `n = 3`, or `n = 2 to 3`.
pub fn sizes(counts: impl IntoIterator<Item = usize>) -> String {
    let counts: Vec<usize> = counts.into_iter().collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(low), Some(high)) if low != high => format!("n = {low} to {high}"),
        (Some(n), _) => format!("n = {n}"),
        _ => "n = 0".into(),
    }
}

/// The newest `limit` runs (all are sorted newest first by whoever lists them), and what to say of the others.
pub fn within_limit(count: usize, limit: usize, what: &str) -> (usize, Option<String>) {
    if count <= limit {
        return (count, None);
    }
    let note = format!(
        "The first {limit} of {count} {what} are shown; {} left out (limit = N shows more)",
        count - limit
    );
    (limit, Some(note))
}

/// A setting's or another factor's value as a place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    /// What it is called.
    pub key: String,
    /// Each run's place; nothing where it has none.
    pub places: Vec<Option<f64>>,
    /// The names of the places, where they are no numbers.
    pub names: Option<Vec<String>>,
}

impl Numbered {
    /// A factor's values over runs. Words, and truth values, become categories in their order.
    pub fn of(factor: &Factor, runs: &[RunSummary]) -> Self {
        let levels: Vec<Level> = runs.iter().map(|r| factor.level(r)).collect();
        let key = factor.to_string();
        let numeric = levels
            .iter()
            .all(|l| matches!(l, Level::Number(_) | Level::Missing));
        if numeric {
            let place = |l: &Level| match l {
                Level::Number(v) => Some(*v),
                _ => None,
            };
            return Self {
                key,
                places: levels.iter().map(place).collect(),
                names: None,
            };
        }
        let groups = compare::groups(runs, std::slice::from_ref(factor));
        let distinct = groups.into_iter().filter_map(|(mut level, _)| level.pop());
        let distinct: Vec<Level> = distinct.filter(|l| *l != Level::Missing).collect();
        let place = |l: &Level| distinct.iter().position(|d| d == l).map(|i| i as f64);
        Self {
            key,
            places: levels.iter().map(place).collect(),
            names: Some(distinct.iter().map(ToString::to_string).collect()),
        }
    }

    /// An axis over its values.
    pub fn axis(&self, log: bool, fixed: (Option<f64>, Option<f64>)) -> Axis {
        let label = short(&self.key).to_owned();
        if let Some(names) = &self.names {
            return Axis {
                label,
                scale: Scale::exact(-0.5, names.len() as f64 - 0.5),
                values: Values::Categories(names.clone()),
            };
        }
        let (low, high) = span(self.places.iter().flatten().copied().filter(|v| !log || *v > 0.0));
        const FEW: usize = 7;
        let mut distinct: Vec<f64> = self
            .places
            .iter()
            .flatten()
            .copied()
            .filter(|v| !log || *v > 0.0)
            .collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let scale = Scale::around(low, high, log, fixed);
        // Ticks that would touch say nothing.
        let apart = distinct
            .windows(2)
            .all(|w| scale.place(w[1]) - scale.place(w[0]) > 0.05);
        if (1..=FEW).contains(&distinct.len()) && apart {
            return Axis {
                label,
                scale,
                values: Values::Few(distinct),
            };
        }
        let whole = !log && self.places.iter().flatten().all(|v| v.fract() == 0.0);
        Axis {
            label,
            scale,
            values: if whole { Values::Whole } else { Values::Numbers },
        }
    }

    /// A run's value as a cell of a table.
    pub fn cell(&self, run: usize) -> Cell {
        match (&self.names, self.places[run]) {
            (_, None) => Cell::Empty,
            (None, Some(value)) => value.into(),
            (Some(names), Some(place)) => names
                .get(place as usize)
                .map_or(Cell::Empty, |n| n.as_str().into()),
        }
    }

    /// Whether all runs that have it have the same.
    pub fn is_constant(&self) -> bool {
        let mut values = self.places.iter().flatten();
        let first = values.next();
        values.all(|v| Some(v) == first)
    }
}

/// The smallest and the largest.
pub fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

/// The settings that vary between runs and may matter, as factors; those that the spec names where it names some.
pub fn settings(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Factor>, FigureError> {
    if !spec.params.is_empty() {
        return spec.params.iter().map(|p| setting(p, runs)).collect();
    }
    varying_settings(runs)
}

/// The settings that vary between runs and may matter.
pub fn varying_settings(runs: &[RunSummary]) -> Result<Vec<Factor>, FigureError> {
    let all: Vec<&RunSummary> = runs.iter().collect();
    let beside =
        |key: &str| matches!(key, "name" | "seed" | "data.root" | "data.workers") || key.starts_with("log.");
    varying(&all)
        .into_iter()
        .filter(|s| !beside(&s.key))
        .map(|s| setting(&s.key, runs))
        .collect()
}

fn setting(text: &str, runs: &[RunSummary]) -> Result<Factor, FigureError> {
    Factor::parse(text, runs).map_err(|problem| FigureError::Unknown {
        key: "param",
        text: text.to_owned(),
        problem,
    })
}

/// Whether values that span orders of magnitude ask for a logarithmic scale.
pub fn spans_magnitudes(values: &[Option<f64>]) -> bool {
    let (low, high) = span(values.iter().flatten().copied());
    low > 0.0 && high / low >= 50.0
}

/// An axis for a column's values.
pub fn column_axis(
    column: &Column,
    values: impl Iterator<Item = f64>,
    log: bool,
    fixed: (Option<f64>, Option<f64>),
) -> Axis {
    let (low, high) = span(values.filter(|v| v.is_finite() && (!log || *v > 0.0)));
    Axis {
        label: metric_label(column),
        scale: Scale::around(low, high, log, fixed),
        values: Values::Numbers,
    }
}

/// A column's name on an axis: `eval/l1 (best)`.
pub fn metric_label(column: &Column) -> String {
    let text = column.to_string();
    match text.rsplit_once('.') {
        Some((key, "last")) => key.to_owned(),
        Some((key, of)) => format!("{key} ({of})"),
        None => text,
    }
}

/// Legend entries for groups shown as points; of more than there are looks the others are grey.
pub fn legend(groups: &[Group]) -> Vec<Entry> {
    let mut legend: Vec<Entry> = groups
        .iter()
        .take(SLOTS)
        .enumerate()
        .map(|(i, group)| Entry {
            label: group.label.clone(),
            ink: Ink::Slot(i),
            key: Key::Point,
        })
        .collect();
    let rest = groups.len().saturating_sub(SLOTS);
    if rest > 0 {
        legend.push(Entry {
            label: format!("+{} in grey", counted(rest, "group")),
            ink: Ink::Rest,
            key: Key::Point,
        });
    }
    legend
}

/// A setting's name on an axis or in a note: without its table.
pub fn names(factors: &[Factor]) -> Vec<String> {
    factors.iter().map(|f| short(&f.to_string()).to_owned()).collect()
}

/// Whether a value lies between two ends, where these are given.
pub fn between(value: f64, low: Option<f64>, high: Option<f64>) -> bool {
    low.is_none_or(|low| value >= low) && high.is_none_or(|high| value <= high)
}

/// The ends of axes that were asked for, in words: `x_min = 3`.
pub fn ends(spec: &FigureSpec) -> Vec<String> {
    let all = [
        ("x_min", spec.x_min),
        ("x_max", spec.x_max),
        ("y_min", spec.y_min),
        ("y_max", spec.y_max),
    ];
    all.iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", (*value)?)))
        .collect()
}

/// Metrics by their keys: `loss/*` is every one that starts so.
pub fn metric_keys(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<MetricKey>, FigureError> {
    let mut known: Vec<&MetricKey> = runs.iter().flat_map(|r| r.metrics.keys()).collect();
    known.sort();
    known.dedup();
    let mut keys: Vec<MetricKey> = Vec::new();
    for text in &spec.metrics {
        if let Some(start) = text.strip_suffix('*') {
            let before = keys.len();
            keys.extend(
                known
                    .iter()
                    .filter(|k| k.as_str().starts_with(start))
                    .map(|k| (*k).clone()),
            );
            if keys.len() > before {
                continue;
            }
        }
        let column = Column::parse(text, runs).map_err(|problem| FigureError::Unknown {
            key: "metric",
            text: text.clone(),
            problem,
        })?;
        keys.push(column.key);
    }
    let mut seen = std::collections::BTreeSet::new();
    keys.retain(|k| seen.insert(k.clone()));
    Ok(keys)
}

/// Spearman's rank correlation (ties share the mean of their ranks); nothing where one side does not vary.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let ranks = |pick: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by(|a, b| pick(&pairs[*a]).total_cmp(&pick(&pairs[*b])));
        let mut ranks = vec![0.0; pairs.len()];
        let mut i = 0;
        while i < order.len() {
            let value = pick(&pairs[order[i]]);
            let end = (i..order.len())
                .take_while(|k| pick(&pairs[order[*k]]) == value)
                .count()
                + i;
            let mean = (i + end - 1) as f64 / 2.0;
            order[i..end].iter().for_each(|k| ranks[*k] = mean);
            i = end;
        }
        ranks
    };
    let (a, b) = (ranks(|p| p.0), ranks(|p| p.1));
    let n = pairs.len() as f64;
    let mean = (n - 1.0) / 2.0;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(&b) {
        let (x, y) = (x - mean, y - mean);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}
