//! One run as lists show it: what stores return and what queries and screens look at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cell::SweepCell;
use crate::id::RunId;
use crate::metric::MetricKey;
use crate::spec::ExperimentSpec;
use crate::status::RunStatus;

/// A metric over a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// The newest value.
    pub last: f64,
    /// The smallest finite value.
    pub min: f64,
    /// The largest finite value.
    pub max: f64,
    /// `min` or `max`, whichever end is better for this metric ([`MetricKey::lower_is_better`]).
    pub best: f64,
    /// The step of the newest value.
    pub step: u64,
    /// How many values there are.
    pub count: u64,
}

/// What a run was forked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The run's id; nothing where it has been deleted.
    pub id: Option<RunId>,
    /// The run's name, likewise.
    pub name: Option<String>,
    /// The step of the checkpoint that the fork began with.
    pub step: u64,
}

impl std::fmt::Display for Parent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name.as_deref().unwrap_or("a deleted run");
        write!(f, "{name} at step {}", self.step)
    }
}

/// A run with its newest state. Times are seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The sortable id.
    pub id: RunId,
    /// The memorable name, unique in a home.
    pub name: String,
    /// Where it stands.
    pub status: RunStatus,
    /// The error of a failed or diverged run.
    pub message: Option<String>,
    /// The plugin.
    pub model: String,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Free text.
    pub note: String,
    /// When it was created.
    pub created: f64,
    /// When its newest event happened.
    pub updated: f64,
    /// Completed epochs.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run (0: not known yet).
    pub total_steps: u64,
    /// The device it computes on.
    pub device: String,
    /// The version or commit of the code that made it.
    pub code_version: String,
    /// A hash over the data set, where one was taken.
    pub data_fingerprint: Option<String>,
    /// Whether it has been put aside: lists and queries leave it out.
    #[serde(default)]
    pub archived: bool,
    /// What it was forked from, if it was.
    pub parent: Option<Parent>,
    /// The resolved experiment.
    pub spec: ExperimentSpec,
    /// The sweeps that it is a cell of, by name.
    #[serde(default)]
    pub cells: Vec<SweepCell>,
    /// Every metric logged so far.
    pub metrics: BTreeMap<MetricKey, MetricSummary>,
}
