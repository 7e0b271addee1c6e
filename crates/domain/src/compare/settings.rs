//! Which settings differ between runs.

use std::collections::BTreeSet;

use crate::params::ParamValue;
use crate::spec::ExperimentSpec;
use crate::spec::keys::{self, KEYS};
use crate::summary::RunSummary;

/// A key with its value in each of some runs; nothing where the run's model has no such parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// The values, in the order of the runs.
    pub values: Vec<Option<ParamValue>>,
}

/// Every setting that differs between the runs, `name`, `seed` and `[log]` included, in the order of experiment files.
pub fn varying(runs: &[&RunSummary]) -> Vec<Setting> {
    let specs: Vec<&ExperimentSpec> = runs.iter().map(|r| &r.spec).collect();
    let params: BTreeSet<String> = specs
        .iter()
        .flat_map(|s| s.params.keys().map(|name| format!("params.{name}")))
        .collect();
    let (before, after): (Vec<&str>, Vec<&str>) = KEYS
        .iter()
        .map(|k| k.key)
        .partition(|k| !k.starts_with("optim.") && !k.starts_with("log."));
    before
        .into_iter()
        .map(str::to_owned)
        .chain(params)
        .chain(after.into_iter().map(str::to_owned))
        .filter_map(|key| {
            let values: Vec<_> = specs.iter().map(|s| keys::value(s, &key)).collect();
            let differ = values.windows(2).any(|w| w[0] != w[1]);
            differ.then_some(Setting { key, values })
        })
        .collect()
}

/// Whether a setting can change what is learnt or measured. The seed is what cells are averaged over; where the data lies is not
/// what it holds (its fingerprint says that); how often something is written changes nothing, but how often is evaluated
/// decides about the best of the evaluations.
pub(super) fn matters(key: &str) -> bool {
    !matches!(key, "name" | "seed" | "data.root" | "data.workers")
        && (!key.starts_with("log.") || key == "log.evaluate_every")
}

/// The settings that matter and differ, except those that only some of the runs' models have.
pub(super) fn confounding(runs: &[&RunSummary]) -> Vec<Setting> {
    varying(runs)
        .into_iter()
        .filter(|s| matters(&s.key) && s.values.iter().all(Option::is_some))
        .collect()
}

/// The distinct values of a setting as text, numbers in their order.
pub(super) fn distinct(setting: &Setting) -> Vec<String> {
    let mut values: Vec<&ParamValue> = setting.values.iter().flatten().collect();
    values.sort_by(|a, b| match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.to_string().cmp(&b.to_string()),
    });
    let mut texts: Vec<String> = values.into_iter().map(ToString::to_string).collect();
    texts.dedup();
    texts
}

fn number(value: &ParamValue) -> Option<f64> {
    match value {
        ParamValue::Int(v) => Some(*v as f64),
        ParamValue::Float(v) => Some(*v),
        _ => None,
    }
}

/// What the run trained on: the fingerprint, or the folder where none was taken.
pub(super) fn data_of(run: &RunSummary) -> &str {
    run.data_fingerprint.as_deref().unwrap_or(&run.spec.data.root)
}

/// Equal for runs of the same seed, data and settings that matter.
pub(super) fn identity(run: &RunSummary) -> String {
    let mut text = format!("{}\n{}", run.spec.seed, data_of(run));
    let params = run
        .spec
        .params
        .iter()
        .map(|(name, value)| format!("\nparams.{name}={value}"));
    let others = KEYS
        .iter()
        .filter(|k| matters(k.key))
        .map(|k| format!("\n{}={}", k.key, k.get(&run.spec)));
    text.extend(params.chain(others));
    text
}

/// Whether two runs of one identity are the same experiment again: they are forks of one checkpoint, or of none, or one is a
/// fork of the other, which has changed nothing.
pub(super) fn repeats(a: &RunSummary, b: &RunSummary) -> bool {
    let forked = |child: &RunSummary, of: &RunSummary| {
        child
            .parent
            .as_ref()
            .is_some_and(|p| p.id.as_ref() == Some(&of.id))
    };
    a.parent == b.parent || forked(a, b) || forked(b, a)
}
