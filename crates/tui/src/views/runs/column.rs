//! Columns of the table of runs.

use std::collections::BTreeSet;
use std::fmt;

use diptych_domain::compare::rounding::{decimals, fixed, plain_decimals};
use diptych_domain::compare::stats::Sample;
use diptych_domain::query::{Aggregate, Field, FieldValue};
use diptych_domain::{MetricKey, RunStatus, RunSummary, human};

use crate::state::runs::RunStore;
use crate::theme::glyph;
use crate::widgets::text;

/// Cells of a progress bar.
const BAR: usize = 5;

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// How far it is, as a bar.
    Progress,
    /// How long it will take yet.
    Eta,
    /// A field of the query language.
    Field(Field),
}

impl Column {
    /// Reads `progress`, `eta`, or a field such as `eval/psnr.best`.
    ///
    /// # Errors
    /// The problem, with the nearest field.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "progress" => Ok(Self::Progress),
            "eta" => Ok(Self::Eta),
            field => Field::parse(field).map(Self::Field),
        }
    }

    /// The columns where none have been chosen: a metric of evaluation, its last and best value, if there is one.
    pub fn default_set(runs: &RunStore, shown: &[usize]) -> Vec<Self> {
        let metrics = runs.metrics();
        let wanted = [
            "eval/psnr",
            "eval/l1",
            "eval/swd_B",
            "loss/G_L1",
            "loss/cycle_A",
            "loss/G_A",
        ];
        let metric = wanted
            .iter()
            .map(|name| MetricKey::new(*name))
            .find(|key| metrics.contains(key))
            .or_else(|| metrics.iter().find(|k| k.as_str().starts_with("loss/")).cloned());
        let mut columns = vec![Self::Field(Field::Status), Self::Progress, Self::Eta];
        columns.extend(metric.into_iter().flat_map(|key| {
            [Aggregate::Last, Aggregate::Best].map(|of| Self::Field(Field::Metric(key.clone(), of)))
        }));
        let models: BTreeSet<&str> = shown.iter().map(|at| runs.all()[*at].model.as_str()).collect();
        if models.len() > 1 {
            columns.push(Self::Field(Field::Model));
        }
        // Settings that differ say what the runs are; where everything differs, nothing does.
        let varying = runs.varying(shown);
        let telling: Vec<String> = varying
            .into_iter()
            .filter(|k| {
                !matches!(k.as_str(), "name" | "model" | "data.root" | "data.workers")
                    && !k.starts_with("log.")
            })
            .collect();
        columns.extend(telling.into_iter().take(4).map(|k| Self::Field(Field::Spec(k))));
        columns.push(Self::Field(Field::Tag));
        columns.push(Self::Field(Field::Updated));
        columns
    }

    /// Every column that there can be.
    pub fn all(runs: &RunStore) -> Vec<String> {
        let mut out: Vec<String> = [
            "status", "progress", "eta", "model", "tag", "updated", "created", "epoch", "step", "device",
            "sweep", "note", "id",
        ]
        .map(str::to_owned)
        .into();
        for key in runs.metrics() {
            for of in ["last", "best", "min", "max"] {
                out.push(format!("{key}.{of}"));
            }
        }
        let all: Vec<usize> = (0..runs.all().len()).collect();
        let varying = runs.varying(&all);
        out.extend(runs.factors());
        out.extend(varying.iter().cloned());
        out.extend(runs.settings().into_iter().filter(|k| !varying.contains(k)));
        let mut seen = BTreeSet::new();
        out.retain(|c| c != "name" && seen.insert(c.clone()));
        out
    }

    /// Its heading.
    pub fn title(&self) -> String {
        match self {
            Self::Progress => "PROGRESS".into(),
            Self::Eta => "ETA".into(),
            Self::Field(Field::Tag) => "TAGS".into(),
            Self::Field(Field::Metric(key, of)) => {
                let name = key.as_str().rsplit('/').next().unwrap_or_default();
                let of = match of {
                    Aggregate::Last => "last",
                    Aggregate::Best => "best",
                    Aggregate::Min => "min",
                    Aggregate::Max => "max",
                    Aggregate::Step => "step",
                };
                format!("{name} {of}")
            }
            Self::Field(Field::Spec(key)) => key.rsplit('.').next().unwrap_or(key).to_owned(),
            Self::Field(field) => field.to_string().to_uppercase(),
        }
    }

    /// Whether its values are numbers, which lean right.
    pub fn leans_right(&self) -> bool {
        !matches!(
            self,
            Self::Progress
                | Self::Field(
                    Field::Status
                        | Field::Model
                        | Field::Tag
                        | Field::Note
                        | Field::Device
                        | Field::Sweep
                        | Field::Id
                )
        )
    }

    /// Columns that it may take at most.
    pub fn widest(&self) -> usize {
        match self {
            Self::Progress => BAR + 6,
            Self::Field(Field::Tag | Field::Note) => 24,
            _ => 18,
        }
    }

    /// What sorts by it, if anything does.
    pub fn sort_key(&self) -> Option<String> {
        match self {
            Self::Progress => Some("step".into()),
            Self::Eta => None,
            Self::Field(field) => Some(field.to_string()),
        }
    }

    /// Its text for a run.
    pub fn cell(&self, run: &RunSummary, all: &RunStore, now: f64) -> String {
        match self {
            Self::Progress => progress(run),
            Self::Eta => all.to_go(run).map_or_else(String::new, human::duration),
            Self::Field(Field::Status) => format!("{} {}", glyph(run.status), run.status),
            Self::Field(Field::Created) => human::ago(run.created, now),
            Self::Field(Field::Updated) => human::ago(run.updated, now),
            Self::Field(Field::Id) => run.id.as_str().chars().take(12).collect(),
            Self::Field(field) => field.value(run).map_or_else(String::new, value),
        }
    }

    /// Its text for several runs: what they share, or the mean and the standard deviation.
    pub fn of_group(&self, runs: &[&RunSummary], all: &RunStore, now: f64) -> String {
        match self {
            Self::Progress => {
                let part = runs.iter().map(|r| part(r)).sum::<f64>() / runs.len().max(1) as f64;
                bar(part)
            }
            Self::Eta => {
                let left = runs.iter().filter_map(|r| all.to_go(r)).fold(f64::NAN, f64::max);
                if left.is_nan() {
                    String::new()
                } else {
                    human::duration(left)
                }
            }
            Self::Field(Field::Status) => statuses(runs),
            Self::Field(Field::Created | Field::Updated | Field::Id | Field::Name | Field::Note) => {
                let newest = runs.iter().map(|r| r.updated).fold(0.0, f64::max);
                match self {
                    Self::Field(Field::Updated) => human::ago(newest, now),
                    _ => String::new(),
                }
            }
            Self::Field(field @ Field::Metric(..)) => {
                let values: Vec<f64> = runs
                    .iter()
                    .filter_map(|r| match field.value(r) {
                        Some(FieldValue::Number(v)) if v.is_finite() => Some(v),
                        _ => None,
                    })
                    .collect();
                Sample::of(&values).map_or_else(String::new, |s| mean_std(&s))
            }
            Self::Field(field) => {
                let mut values = runs
                    .iter()
                    .map(|r| field.value(r).map_or_else(String::new, value));
                let first = values.next().unwrap_or_default();
                if values.all(|v| v == first) {
                    first
                } else {
                    "…".into()
                }
            }
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Progress => f.write_str("progress"),
            Self::Eta => f.write_str("eta"),
            Self::Field(field) => field.fmt(f),
        }
    }
}

/// `21.51±0.51`, with as many digits as the spread allows; a single value alone.
pub fn mean_std(sample: &Sample) -> String {
    match sample.std.and_then(|std| Some((std, decimals(std)?))) {
        Some((std, digits)) => format!("{}±{}", fixed(sample.mean, digits), fixed(std, digits)),
        None if sample.n > 1 => format!("{}±0", fixed(sample.mean, plain_decimals(sample.mean))),
        None => human::number(sample.mean),
    }
}

/// `▶2 ✓3`: how many of each status.
fn statuses(runs: &[&RunSummary]) -> String {
    let of = |status: &RunStatus| runs.iter().filter(|r| r.status == *status).count();
    let counts = RunStatus::ALL.iter().map(|s| (s, of(s))).filter(|(_, n)| *n > 0);
    counts
        .map(|(s, n)| format!("{}{n}", glyph(*s)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The part of a run that is done.
pub fn part(run: &RunSummary) -> f64 {
    match (run.status, run.total_steps) {
        (RunStatus::Finished, _) => 1.0,
        (_, 0) => 0.0,
        (_, total) => (run.step as f64 / total as f64).min(1.0),
    }
}

fn progress(run: &RunSummary) -> String {
    bar(part(run))
}

fn bar(part: f64) -> String {
    format!("{} {:>3.0}%", text::bar(part, BAR), (part * 100.0).floor())
}

fn value(value: FieldValue) -> String {
    match value {
        FieldValue::Number(v) if v.fract() == 0.0 && v.abs() < 1e15 => v.to_string(),
        FieldValue::Number(v) => human::number(v),
        FieldValue::Text(v) => v,
        FieldValue::Bool(v) => v.to_string(),
        FieldValue::List(v) => v.join(" "),
    }
}
