//! What the dashboard asks of the program that it is part of: everything that trains.

use std::collections::BTreeMap;
use std::path::PathBuf;

use diptych_domain::{ExperimentSpec, Params, RunSummary, SweepCell};

/// Something to train.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// An experiment file, a sweep or a single run, with `KEY=VALUE` assignments on top of it.
    Launch {
        /// The file.
        file: PathBuf,
        /// The assignments.
        sets: Vec<String>,
        /// What it is to be called, instead of what the file says.
        name: Option<String>,
    },
    /// Continue a run.
    Resume(Box<RunSummary>),
    /// Train a run's experiment anew.
    Retry(Box<RunSummary>),
    /// Go on from a checkpoint with other settings.
    Fork {
        /// The parent.
        run: Box<RunSummary>,
        /// The checkpoint: a step, `latest` or `best`.
        at: String,
        /// The assignments.
        sets: Vec<String>,
        /// What it is to be called, instead of after its parent.
        name: Option<String>,
    },
    /// Queue experiments; whoever works the queue off trains them.
    Queue(Vec<Wanted>),
    /// Work off what is queued.
    Work,
}

/// An experiment to be queued.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What to train.
    pub spec: ExperimentSpec,
    /// Tags of the new run.
    pub tags: Vec<String>,
    /// Its place in a sweep, if it has one.
    pub cell: Option<SweepCell>,
    /// What the question says of it.
    pub label: String,
}

/// The program around the dashboard. Its methods may take their time: they are called on threads of their own.
pub trait Host: Send + Sync {
    /// The default of each hyperparameter of a model; nothing for a model that it does not know.
    fn defaults(&self, model: &str) -> Params;

    /// A command line that makes a run again, from nothing but the data.
    fn again(&self, run: &RunSummary, environment: &BTreeMap<String, String>) -> String;

    /// Whether an experiment file can be launched, and in a line what that would train.
    ///
    /// # Errors
    /// What is wrong with it, as `train` would say.
    fn check(&self, file: &str, sets: &[String]) -> Result<String, String>;

    /// The ablation table of runs, as `compare` writes it into a file with the ending `form`.
    ///
    /// # Errors
    /// What does not fit the runs.
    fn table(
        &self,
        runs: &[RunSummary],
        by: &[String],
        metric: &str,
        against: Option<&str>,
        form: &str,
    ) -> Result<String, String>;

    /// Starts a job that goes on without the dashboard, and says in a line what it did.
    ///
    /// # Errors
    /// Why it cannot begin.
    fn start(&self, job: &Job) -> Result<String, String>;
}
