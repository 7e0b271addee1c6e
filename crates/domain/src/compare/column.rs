//! What is averaged.

use std::collections::BTreeSet;
use std::fmt;

use crate::metric::MetricKey;
use crate::query::{Aggregate, Field};
use crate::suggest;
use crate::summary::RunSummary;

/// A metric over a run, such as `eval/l1.best`.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The metric.
    pub key: MetricKey,
    /// Which of its values.
    pub of: Aggregate,
}

impl Column {
    /// Reads `KEY[.last|.best|.min|.max|.step]`, a metric of at least one of `runs`; without an ending it is the last value.
    ///
    /// # Errors
    /// The problem, with the nearest metric.
    pub fn parse(text: &str, runs: &[RunSummary]) -> Result<Self, String> {
        let known: BTreeSet<&str> = runs
            .iter()
            .flat_map(|r| r.metrics.keys())
            .map(MetricKey::as_str)
            .collect();
        let found = match Field::parse(text) {
            Ok(Field::Metric(key, of)) => Self { key, of },
            Err(problem) if text.contains('/') => return Err(problem),
            _ => return Err(unknown(text, &known)),
        };
        if known.contains(found.key.as_str()) {
            Ok(found)
        } else {
            Err(unknown(found.key.as_str(), &known))
        }
    }

    /// Its value in a run; nothing where the run has no such metric or the value is not finite.
    pub fn value(&self, run: &RunSummary) -> Option<f64> {
        run.metrics
            .get(&self.key)
            .map(|m| self.of.of(m))
            .filter(|v| v.is_finite())
    }

    /// Which end is better, where one is.
    pub fn lower_is_better(&self) -> Option<bool> {
        (self.of != Aggregate::Step && self.key.has_better_end()).then(|| self.key.lower_is_better())
    }
}

fn unknown(text: &str, known: &BTreeSet<&str>) -> String {
    if known.is_empty() {
        return "the runs have no metrics yet".into();
    }
    let (bare, ending) = match text.rsplit_once('.') {
        Some((bare, ending)) => (bare, format!(".{ending}")),
        None => (text, String::new()),
    };
    let in_group = known
        .iter()
        .find(|k| k.split_once('/').is_some_and(|(_, name)| name == bare));
    let hint = match in_group {
        Some(full) => format!(" (did you mean `{full}{ending}`?)"),
        None => suggest::hint(text, known.iter().copied()),
    };
    let list = known.iter().copied().collect::<Vec<_>>().join(", ");
    format!("no run has a metric `{text}`{hint}; recorded: {list}")
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Field::Metric(self.key.clone(), self.of).fmt(f)
    }
}
