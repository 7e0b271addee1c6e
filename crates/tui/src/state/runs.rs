//! The runs as they were last read.

use std::collections::{BTreeSet, HashMap, HashSet};

use diptych_domain::spec::keys::{self, KEYS};
use diptych_domain::{MetricKey, RunId, RunStatus, RunSummary};

use super::pace::Pace;

/// What is new of the runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// Runs that are new or have changed.
    pub changed: Vec<RunSummary>,
    /// Where some have been deleted: those that remain.
    pub remain: Option<Vec<RunId>>,
    /// Whether all runs have been read by now.
    pub complete: bool,
}

/// All runs of the home, newest first.
#[derive(Clone, Debug, Default)]
pub struct RunStore {
    all: Vec<RunSummary>,
    by_id: HashMap<RunId, usize>,
    metrics: BTreeSet<MetricKey>,
    membership: u64,
    paces: HashMap<RunId, Pace>,
    /// Whether some have been read.
    pub loaded: bool,
    /// Whether all have been read.
    pub complete: bool,
    /// Why they could not be read the last time.
    pub trouble: Option<String>,
    /// Since when an answer is awaited.
    pub asked: Option<f64>,
    /// When they were read last.
    pub read: f64,
}

impl RunStore {
    /// All of them.
    pub fn all(&self) -> &[RunSummary] {
        &self.all
    }

    /// Takes in what is new of them; says whether anything is.
    pub fn take(&mut self, news: News, now: f64) -> bool {
        let changed =
            !self.loaded || self.trouble.is_some() || !news.changed.is_empty() || news.remain.is_some();
        self.loaded = true;
        self.trouble = None;
        self.read = now;
        self.complete |= news.complete;
        for key in news.changed.iter().flat_map(|r| r.metrics.keys()) {
            if !self.metrics.contains(key) {
                self.metrics.insert(key.clone());
                self.membership += 1;
            }
        }
        let mut moved = false;
        for run in news.changed {
            if run.status == RunStatus::Running {
                self.paces.entry(run.id.clone()).or_default().take(&run, now);
            } else {
                self.paces.remove(&run.id);
            }
            match self.by_id.get(&run.id) {
                Some(at) => self.all[*at] = run,
                None => {
                    self.by_id.insert(run.id.clone(), self.all.len());
                    self.all.push(run);
                    moved = true;
                }
            }
        }
        if let Some(remain) = news.remain {
            let remain: HashSet<RunId> = remain.into_iter().collect();
            let before = self.all.len();
            self.all.retain(|r| remain.contains(&r.id));
            moved |= self.all.len() != before;
        }
        if moved {
            self.membership += 1;
            self.all.sort_by(|a, b| b.id.cmp(&a.id));
            self.by_id = self
                .all
                .iter()
                .enumerate()
                .map(|(at, run)| (run.id.clone(), at))
                .collect();
        }
        changed
    }

    /// A number that changes whenever runs or metrics come or go.
    pub fn membership(&self) -> u64 {
        self.membership
    }

    /// The run of that id, unless it has been deleted.
    pub fn get(&self, id: &RunId) -> Option<&RunSummary> {
        self.by_id.get(id).map(|at| &self.all[*at])
    }

    /// Its place.
    pub fn index(&self, id: &RunId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Seconds that a running run has still to go, by its speed of the last minutes.
    pub fn to_go(&self, run: &RunSummary) -> Option<f64> {
        if run.status != RunStatus::Running || run.total_steps == 0 {
            return None;
        }
        let left = run.total_steps.saturating_sub(run.step) as f64;
        Some(left * self.paces.get(&run.id)?.seconds_per_step()?)
    }

    /// How many are being trained.
    pub fn running(&self) -> usize {
        self.all.iter().filter(|r| r.status == RunStatus::Running).count()
    }

    /// Every metric that any run has.
    pub fn metrics(&self) -> &BTreeSet<MetricKey> {
        &self.metrics
    }

    /// Every dotted key that any run has a value for, in the order of experiment files.
    pub fn settings(&self) -> Vec<String> {
        settings(&self.all)
    }

    /// The factors of sweeps that any run has: `sweep.loss`.
    pub fn factors(&self) -> BTreeSet<String> {
        factors(&self.all)
    }

    /// The settings that are not the same in all of these runs.
    pub fn varying(&self, runs: &[usize]) -> Vec<String> {
        varying(|| runs.iter().map(|at| &self.all[*at]), self.settings())
    }
}

/// Every dotted key that any of these runs has a value for, in the order of experiment files.
pub fn settings(runs: &[RunSummary]) -> Vec<String> {
    let mut params: BTreeSet<&str> = BTreeSet::new();
    for name in runs.iter().flat_map(|r| r.spec.params.keys()) {
        params.insert(name);
    }
    let params: Vec<String> = params.into_iter().map(|k| format!("params.{k}")).collect();
    let mut keys: Vec<String> = KEYS.iter().map(|k| k.key.to_owned()).collect();
    let at = keys
        .iter()
        .position(|k| k.starts_with("optim."))
        .unwrap_or(keys.len());
    keys.splice(at..at, params);
    keys
}

/// The factors of sweeps that any of these runs has: `sweep.loss`.
pub fn factors(runs: &[RunSummary]) -> BTreeSet<String> {
    let cells = runs.iter().flat_map(|r| &r.cells);
    cells
        .flat_map(|c| c.factors.iter().map(|(name, _)| format!("sweep.{name}")))
        .collect()
}

/// Those of `settings` that are not the same in all of these runs.
pub fn varying<'r, I: Iterator<Item = &'r RunSummary>>(
    runs: impl Fn() -> I,
    settings: Vec<String>,
) -> Vec<String> {
    let Some(first) = runs().next() else {
        return Vec::new();
    };
    let differs = |key: &String| {
        let value = keys::value(&first.spec, key);
        runs().any(|run| keys::value(&run.spec, key) != value)
    };
    settings.into_iter().filter(differs).collect()
}
