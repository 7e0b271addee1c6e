//! Which runs and metrics are drawn.

use std::collections::BTreeSet;

use diptych_domain::{MetricKey, RunSummary};

use super::super::Request;
use super::super::common::{self, within_limit};
use crate::error::FigureError;
use crate::spec::FigureSpec;

/// A request for every metric that a shown run has.
pub fn requests(spec: &FigureSpec, runs: &[RunSummary], shown: &[usize], keys: &[MetricKey]) -> Vec<Request> {
    let of_run = |run: usize| {
        let has = move |key: &&MetricKey| runs[run].metrics.contains_key(*key);
        keys.iter().filter(has).map(move |key| Request {
            run,
            key: key.clone(),
            smooth: spec.smoothing > 0.0,
        })
    };
    shown.iter().copied().flat_map(of_run).collect()
}

/// The metrics to draw; without any: the evaluations, or else the losses.
pub(super) fn keys(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<MetricKey>, FigureError> {
    let keys = common::metric_keys(spec, runs)?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    let all: BTreeSet<&MetricKey> = runs.iter().flat_map(|r| r.metrics.keys()).collect();
    for group in ["eval/", "loss/", ""] {
        let found: Vec<MetricKey> = all
            .iter()
            .filter(|k| k.as_str().starts_with(group))
            .map(|k| (*k).clone())
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(FigureError::Empty {
        why: "the runs have no metrics yet".into(),
    })
}

/// The runs to draw one by one, or all where they are grouped; and what is left out.
pub(super) fn shown(
    spec: &FigureSpec,
    runs: &[RunSummary],
) -> Result<(Vec<usize>, Option<String>), FigureError> {
    if !spec.by.is_empty() {
        return Ok(((0..runs.len()).collect(), None));
    }
    let (n, note) = within_limit(runs.len(), spec.limit, "runs");
    Ok(((0..n).collect(), note))
}
