//! What differs between two runs.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::varying;
use crate::metric::MetricKey;
use crate::params::ParamValue;
use crate::summary::{MetricSummary, RunSummary};

/// Of a run's environment, what can change its numbers...
const NUMBERS: [&str; 10] = [
    "threads",
    "arithmetic",
    "instructions",
    "device",
    "cpu",
    "os",
    "gpu",
    "cuda_driver",
    "cudnn",
    "nvrtc",
];
/// ... and what only says how it was started, which is told anyway.
const UNTOLD: [&str; 3] = ["command", "folder", "memory"];

/// A run with where it was made.
#[derive(Clone, Copy, Debug)]
pub struct Side<'r> {
    /// The run.
    pub run: &'r RunSummary,
    /// Its environment.
    pub environment: &'r BTreeMap<String, String>,
}

/// Something with its value in both runs; nothing where a run does not have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is: a dotted key, a key of the environment, ...
    pub key: String,
    /// The values of the two.
    pub values: [Option<ParamValue>; 2],
}

/// A metric of both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricEntry {
    /// The metric.
    pub key: MetricKey,
    /// Its summaries in the two.
    pub values: [Option<MetricSummary>; 2],
}

/// What differs between two runs, apart from names and times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contrast {
    /// Settings, without the seed.
    pub settings: Vec<Entry>,
    /// The seed, if it differs.
    pub seed: Option<Entry>,
    /// The code version.
    pub code: Option<Entry>,
    /// The data set's fingerprint.
    pub data: Option<Entry>,
    /// What each was forked from.
    pub parent: Option<Entry>,
    /// The environment: first what can change numbers, then the rest.
    pub environment: Vec<Entry>,
    /// Status, steps and epochs.
    pub progress: Vec<Entry>,
    /// Every metric of either, whether it differs or not.
    pub metrics: Vec<MetricEntry>,
}

impl Contrast {
    /// Compares two runs.
    pub fn of(a: Side<'_>, b: Side<'_>) -> Self {
        let runs = [a.run, b.run];
        let settings = varying(&runs)
            .into_iter()
            .filter(|s| !matches!(s.key.as_str(), "name" | "seed"));
        let text = |value: &str| Some(ParamValue::Text(value.to_owned())).filter(|_| !value.is_empty());
        let parent = |run: &RunSummary| run.parent.as_ref().map(|p| ParamValue::Text(p.to_string()));
        let data = |run: &RunSummary| text(run.data_fingerprint.as_deref().unwrap_or_default());
        let count = |n: u64| Some(ParamValue::Int(n.try_into().unwrap_or(i64::MAX)));
        Self {
            settings: settings
                .map(|s| {
                    let mut values = s.values.into_iter();
                    let mut next = || values.next().flatten();
                    Entry {
                        key: s.key,
                        values: [next(), next()],
                    }
                })
                .collect(),
            seed: entry("seed", runs.map(|r| count(r.spec.seed))),
            code: entry("code", runs.map(|r| text(&r.code_version))),
            data: entry("data", runs.map(data)),
            parent: entry("parent", runs.map(parent)),
            environment: environment(a.environment, b.environment),
            progress: [
                entry("status", runs.map(|r| text(r.status.as_str()))),
                entry("step", runs.map(|r| count(r.step))),
                entry("epoch", runs.map(|r| count(r.epoch))),
                entry("total steps", runs.map(|r| count(r.total_steps))),
            ]
            .into_iter()
            .flatten()
            .collect(),
            metrics: metrics(a.run, b.run),
        }
    }

    /// Whether anything differs that can change numbers, lengths aside.
    pub fn has_cause(&self) -> bool {
        let setting = |e: &Entry| {
            let harmless = e.key.starts_with("log.") && e.key != "log.evaluate_every";
            !harmless && !matches!(e.key.as_str(), "data.workers" | "data.root")
        };
        self.settings.iter().any(setting)
            || [&self.seed, &self.code, &self.data, &self.parent]
                .iter()
                .any(|e| e.is_some())
            || self.environment.iter().any(changes_numbers)
    }
}

/// Whether a difference of the environment can change numbers.
fn changes_numbers(entry: &Entry) -> bool {
    NUMBERS.contains(&entry.key.as_str())
}

impl MetricEntry {
    /// The second's last value minus the first's.
    pub fn last_difference(&self) -> Option<f64> {
        self.difference(|m| m.last)
    }

    /// The second's best value minus the first's.
    pub fn best_difference(&self) -> Option<f64> {
        self.difference(|m| m.best)
    }

    fn difference(&self, of: impl Fn(&MetricSummary) -> f64) -> Option<f64> {
        let [a, b] = &self.values;
        Some(of(b.as_ref()?) - of(a.as_ref()?)).filter(|d| d.is_finite())
    }
}

fn entry(key: &str, values: [Option<ParamValue>; 2]) -> Option<Entry> {
    (values[0] != values[1]).then(|| Entry {
        key: key.to_owned(),
        values,
    })
}

fn environment(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> Vec<Entry> {
    let keys: BTreeSet<&str> = a.keys().chain(b.keys()).map(String::as_str).collect();
    let rest = keys
        .iter()
        .filter(|k| !NUMBERS.contains(k) && !UNTOLD.contains(k));
    NUMBERS
        .iter()
        .chain(rest)
        .filter_map(|key| {
            let value = |side: &BTreeMap<String, String>| side.get(*key).cloned().map(ParamValue::Text);
            entry(key, [value(a), value(b)])
        })
        .collect()
}

fn metrics(a: &RunSummary, b: &RunSummary) -> Vec<MetricEntry> {
    let keys: BTreeSet<&MetricKey> = a.metrics.keys().chain(b.metrics.keys()).collect();
    keys.into_iter()
        .map(|key| MetricEntry {
            key: key.clone(),
            values: [a, b].map(|r| r.metrics.get(key).copied()),
        })
        .collect()
}
