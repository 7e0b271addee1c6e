//! The machine, the runs that train, and those that wait.

mod keys;
mod view;

use std::collections::HashMap;

use diptych_domain::{MetricKey, RunId, RunStatus, RunSummary};

pub use keys::{act, press};
pub use view::draw;

use crate::effect::Effect;
use crate::engine::machine::Machine;
use crate::state::State;
use crate::state::runs::RunStore;

/// Columns of a strip of health values.
pub const STRIP: usize = 24;

/// What is known of machine and queue.
#[derive(Clone, Debug, Default)]
pub struct SystemState {
    /// The machine, as seen last.
    pub machine: Option<Machine>,
    /// The order of the queue; queued runs that it lacks come behind it, oldest first.
    pub order: Vec<RunId>,
    /// Why the order cannot be read.
    pub trouble: Option<String>,
    /// The selected line: live runs first, then the queue.
    pub selected: usize,
    /// Experiment files for launching.
    pub experiments: Vec<String>,
    /// Health values of live runs, and the points there were when they were asked for.
    pub strips: HashMap<(RunId, MetricKey), (u64, Vec<f64>)>,
}

impl SystemState {
    /// The runs that are being trained, newest first.
    pub fn live<'r>(&self, runs: &'r RunStore) -> Vec<&'r RunSummary> {
        runs.all()
            .iter()
            .filter(|r| r.status == RunStatus::Running)
            .collect()
    }

    /// The runs that wait, in their order.
    pub fn queue<'r>(&self, runs: &'r RunStore) -> Vec<&'r RunSummary> {
        let mut queued: Vec<&RunSummary> = runs
            .all()
            .iter()
            .filter(|r| r.status == RunStatus::Queued)
            .collect();
        let place = |r: &RunSummary| self.order.iter().position(|id| *id == r.id).unwrap_or(usize::MAX);
        queued.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.id.cmp(&b.id)));
        queued
    }

    /// Every run that has a line.
    pub fn lines<'r>(&self, runs: &'r RunStore) -> Vec<&'r RunSummary> {
        let mut lines = self.live(runs);
        lines.extend(self.queue(runs));
        lines
    }

    /// The selected run.
    pub fn selected<'r>(&self, runs: &'r RunStore) -> Option<&'r RunSummary> {
        self.lines(runs).get(self.selected).copied()
    }
}

/// The health values that are shown of a run: those that say most, one from each part.
pub fn health_keys(run: &RunSummary) -> Vec<MetricKey> {
    const TELLING: [&str; 8] = [
        "health/D_accuracy",
        "health/D_accuracy_A",
        "health/D_accuracy_B",
        "health/diversity",
        "health/diversity_B",
        "health/grad_G",
        "health/checkerboard",
        "health/correlation",
    ];
    let keys = TELLING.map(MetricKey::new).into_iter();
    keys.filter(|k| run.metrics.contains_key(k)).take(3).collect()
}

/// Asks for the health values of live runs that have grown.
pub fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    if state.view != crate::state::View::System {
        return;
    }
    let mut wanted = Vec::new();
    for run in state.system.live(&state.runs) {
        for key in health_keys(run) {
            let points = run.metrics.get(&key).map_or(0, |m| m.count);
            wanted.push((run.id.clone(), key, points));
        }
    }
    for (run, key, points) in wanted {
        let held = state.system.strips.entry((run.clone(), key.clone())).or_default();
        if held.0 != points {
            held.0 = points;
            effects.push(Effect::LoadStrip { run, key });
        }
    }
    let last = state.system.lines(&state.runs).len().saturating_sub(1);
    state.system.selected = state.system.selected.min(last);
}

/// Takes the order of the queue in.
pub fn took_queue(state: &mut State, queue: Result<Vec<RunId>, String>) {
    match queue {
        Ok(order) => (state.system.order, state.system.trouble) = (order, None),
        Err(problem) => state.system.trouble = Some(problem),
    }
}

/// Takes the machine in.
pub fn took_machine(state: &mut State, machine: Machine) {
    state.system.machine = Some(machine);
}
