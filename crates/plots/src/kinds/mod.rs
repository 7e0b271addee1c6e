//! The kinds of figures, one file each: from runs and their numbers to a [`Figure`].
//!
//! Three steps, so that whoever has the store can be asked for as little as possible: [`plan`] says which series a figure needs,
//! the caller reads them (each once through [`Reduced::of`](crate::series::Reduced::of)), and [`build`] makes the figure. Images are
//! asked for by [`images::grid`].

pub mod ablation;
mod common;
mod correlation;
mod curves;
mod health;
mod histogram;
pub mod images;
mod parallel;
mod relabel;
mod scatter;

use diptych_domain::{MetricKey, RunSummary};

use crate::error::FigureError;
use crate::figure::Figure;
use crate::series::Reduced;
use crate::spec::{FigureSpec, Kind};

/// A series that a figure needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The run, by its place in the list of runs.
    pub run: usize,
    /// The metric.
    pub key: MetricKey,
    /// Whether the series is needed smoothed as well ([`FigureSpec::smoothing`]).
    pub smooth: bool,
}

/// A series that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The run, by its place in the list of runs.
    pub run: usize,
    /// The metric.
    pub key: MetricKey,
    /// As logged.
    pub plain: Reduced,
    /// Smoothed, where that was asked for.
    pub smooth: Option<Reduced>,
}

/// Something that became wrong with a run, or right again.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The run, by its place in the list of runs.
    pub run: usize,
    /// Where on the figure's x axis.
    pub x: f64,
    /// What.
    pub message: String,
}

/// What was read for a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The series that [`plan`] asked for.
    pub curves: Vec<Curve>,
    /// For `health`: the runs' alarms.
    pub alarms: Vec<Alarm>,
}

/// The series that a figure needs; empty where the summaries of the runs are enough.
///
/// # Errors
/// A spec that does not fit the runs.
pub fn plan(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Request>, FigureError> {
    spec.check()?;
    if runs.is_empty() {
        return Err(FigureError::NoRuns);
    }
    match spec.kind {
        Kind::Curves => curves::plan(spec, runs),
        Kind::Health => health::plan(spec, runs),
        _ => Ok(Vec::new()),
    }
}

/// The figure. Grids of images are made by [`images::grid`] instead.
///
/// # Errors
/// A spec that does not fit the runs, or nothing to draw.
pub fn build(spec: &FigureSpec, runs: &[RunSummary], loaded: &Loaded) -> Result<Figure, FigureError> {
    spec.check()?;
    if runs.is_empty() {
        return Err(FigureError::NoRuns);
    }
    let mut figure = match spec.kind {
        Kind::Curves => curves::build(spec, runs, loaded),
        Kind::Ablation => ablation::build(spec, runs),
        Kind::Scatter => scatter::build(spec, runs),
        Kind::Parallel => parallel::build(spec, runs),
        Kind::Correlation => correlation::build(spec, runs),
        Kind::Histogram => histogram::build(spec, runs),
        Kind::Health => health::build(spec, runs, loaded),
        Kind::Images => Err(FigureError::Missing {
            kind: spec.kind,
            what: "its pictures".into(),
        }),
    }?;
    relabel::relabel(&mut figure, &spec.labels)?;
    Ok(figure)
}

#[cfg(test)]
mod tests;
