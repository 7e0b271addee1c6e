//! What an update asks for, and what comes back.

use std::path::PathBuf;

use diptych_domain::{MetricKey, RunId, RunSummary};
use diptych_store::{CheckpointRecord, EventRecord, ImageRecord, LogLine, RunDetails};

use crate::engine::curves::{Curve, CurveRequest};
use crate::engine::machine::Machine;
use crate::engine::pictures::{Picture, Request};
use crate::export::Export;
use crate::host::Job;
use crate::state::runs::News;
use crate::views::ablation::{Grid, Request as GridRequest};

/// Something to be done outside: the state itself touches nothing.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Read the runs.
    LoadRuns,
    /// Read everything about a run.
    LoadDetails(RunId),
    /// Read a metric of a run as a curve.
    LoadCurve(Box<CurveRequest>),
    /// Make an ablation table; the number says of what.
    MakeGrid(u64, Box<GridRequest>),
    /// Read the latest health values of a run.
    LoadStrip {
        /// The run.
        run: RunId,
        /// The metric.
        key: MetricKey,
    },
    /// Read which images a run has.
    LoadImages(RunId),
    /// Decode, combine and encode images.
    LoadPicture(Box<Request>),
    /// Put text into the clipboard of the person at the terminal.
    Copy(String),
    /// Find the command that makes a run again.
    FindCommand(Box<RunSummary>),
    /// Write a file.
    Export(Box<Export>),
    /// Train something.
    Start(Box<Job>),
    /// Do what a form was filled in for, and answer to that form.
    Submit(u64, Box<Effect>),
    /// Check an experiment file.
    Check(Checked),
    /// See what a path may go on to: anything, or experiments alone.
    FindPaths(String, bool),
    /// Ask a run to stop.
    Stop(RunId),
    /// Replace a run's note.
    SetNote(RunId, String),
    /// Add and remove tags.
    SetTags {
        /// The runs.
        runs: Vec<RunId>,
        /// To add.
        add: Vec<String>,
        /// To remove.
        remove: Vec<String>,
    },
    /// Put runs aside, or bring them back.
    SetArchived(Vec<RunId>, bool),
    /// See how many bytes runs take.
    Weigh(Vec<RunId>),
    /// Delete runs and their files.
    Delete(Vec<RunId>),
    /// Read the order of the queue.
    LoadQueue,
    /// Change the order of the queue.
    SetQueue(Vec<RunId>),
    /// Look at the machine, and at the processes that train these runs.
    LookAtMachine(Vec<RunId>),
    /// Look for experiment files.
    FindExperiments,
    /// Find the hyperparameters' defaults of a model.
    FindDefaults(String),
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Quit,
}

/// What a launch form says: an experiment file and assignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The file.
    pub file: String,
    /// Assignments.
    pub sets: Vec<String>,
}

/// Everything about a run that its summary does not say.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPage {
    /// Beyond the summary.
    pub details: RunDetails,
    /// Its checkpoints.
    pub checkpoints: Vec<CheckpointRecord>,
    /// Its history.
    pub events: Vec<EventRecord>,
    /// Its machine and toolchain.
    pub environment: Vec<(String, String)>,
    /// Its log.
    pub log: Vec<LogLine>,
    /// Its folder.
    pub folder: PathBuf,
}

/// What came of an effect. Errors are texts for people.
#[derive(Clone, Debug)]
pub enum Reply {
    /// What is new of the runs.
    Runs(Result<News, String>),
    /// Everything about a run.
    Details(RunId, Result<Box<RunPage>, String>),
    /// A curve.
    Curve(Box<CurveRequest>, Result<Curve, String>),
    /// An ablation table; the number says of what.
    Grid(u64, Result<Box<Grid>, String>),
    /// Health values of a run, oldest first.
    Strip(RunId, MetricKey, Vec<f64>),
    /// A run's images.
    Images(RunId, Result<Vec<ImageRecord>, String>),
    /// A picture.
    Picture(Box<Request>, Result<Picture, String>),
    /// The command that makes a run again.
    Command(String),
    /// Whether an experiment can be launched.
    Checked(Checked, Result<String, String>),
    /// What came of what a form was filled in for.
    Submitted(u64, Box<Reply>),
    /// What a path may go on to.
    Paths(String, Vec<String>),
    /// A file was not written, for there is one of that name.
    Exists(PathBuf),
    /// Experiment files.
    Experiments(Vec<String>),
    /// The defaults of a model's hyperparameters.
    Defaults(String, diptych_domain::Params),
    /// How many bytes runs take.
    Weighed(Vec<RunId>, u64),
    /// The order of the queue.
    Queue(Result<Vec<RunId>, String>),
    /// The machine.
    Machine(Box<Machine>),
    /// Something was done.
    Done(String),
    /// Something could not be done.
    Failed(String),
}
