//! How the cells of a sweep stand, by the runs in the store.

use std::collections::HashMap;

use diptych_domain::RunSummary;
use diptych_runner::sweep::{Action, action};

use super::plan::Plan;
use crate::failure::Failure;

/// A cell's runs, and what is to be done about it.
#[derive(Debug)]
pub struct Standing {
    /// What to do.
    pub action: Action,
    /// The run that stands for the cell, if there is one.
    pub run: Option<RunSummary>,
}

impl Standing {
    /// The status in a word: that of the run, or `new`.
    pub fn status(&self) -> &'static str {
        self.run.as_ref().map_or("new", |run| run.status.as_str())
    }

    /// What the sweep will do, in words.
    pub fn todo(&self) -> String {
        match (self.action, &self.run) {
            (Action::Skip { .. }, _) => "nothing".into(),
            (Action::Wait { .. }, _) => "wait for it".into(),
            (Action::Leave { .. }, _) => "leave (--retry)".into(),
            (Action::Continue { .. }, Some(run)) if run.step > 0 => format!("continue at step {}", run.step),
            (Action::Train { failed: Some(_) }, _) => "train anew".into(),
            _ => "train".into(),
        }
    }

    /// Steps that this process or its children still have to do, of a run of `steps`.
    pub fn steps_left(&self, steps: u64) -> u64 {
        match (self.action, &self.run) {
            (Action::Skip { .. } | Action::Wait { .. } | Action::Leave { .. }, _) => 0,
            (Action::Continue { .. }, Some(run)) => steps.saturating_sub(run.step),
            _ => steps,
        }
    }
}

/// The runs that are recorded under this sweep's name with the values of one of its cells, but with other settings: of an
/// earlier version of the file, or another size. Tables by factor would mix them with this sweep's.
pub fn namesakes<'r>(plan: &Plan, runs: &'r [RunSummary]) -> Result<Vec<&'r str>, Failure> {
    let mut found = Vec::new();
    for run in runs {
        let Some(recorded) = run.cells.iter().find(|cell| cell.sweep == plan.name) else {
            continue;
        };
        let same = plan.cells.iter().find(|cell| cell.factors == recorded.factors);
        if let Some(cell) = same
            && run.spec.nameless_json()? != cell.spec.nameless_json()?
        {
            found.push(run.name.as_str());
        }
    }
    Ok(found)
}

/// How each cell of `plan` stands, given every run of the home, newest first. With `retry` cells that diverged are trained anew.
pub fn survey(plan: &Plan, runs: Vec<RunSummary>, retry: bool) -> Result<Vec<Standing>, Failure> {
    let mut by_experiment: HashMap<String, Vec<RunSummary>> = HashMap::new();
    for run in runs {
        by_experiment
            .entry(run.spec.nameless_json()?)
            .or_default()
            .push(run);
    }
    plan.cells
        .iter()
        .map(|cell| {
            let runs = by_experiment
                .get(&cell.spec.nameless_json()?)
                .map_or(&[] as &[_], Vec::as_slice);
            let ranked: Vec<_> = runs.iter().map(|r| (r.status, r.step)).collect();
            let action = action(&ranked, retry);
            let run = match action {
                Action::Skip { run }
                | Action::Wait { run }
                | Action::Continue { run }
                | Action::Leave { run } => Some(run),
                Action::Train { failed } => failed,
            };
            Ok(Standing {
                action,
                run: run.map(|at| runs[at].clone()),
            })
        })
        .collect()
}
