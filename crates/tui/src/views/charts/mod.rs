//! Curves of the marked runs.

mod ask;
mod cursor;
mod keys;
mod paint;
mod panels;
mod view;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use diptych_domain::{MetricKey, RunId, RunSummary};
use diptych_plots::spec::XAxis;

pub use ask::{ask, took_curve};
pub use cursor::{Seek, cursor_to_step};
pub use keys::{act, choose_metrics, point_at};
pub use view::draw;

use crate::engine::curves::{Curve, CurveRequest};
use crate::state::State;

/// Weights of the past, from none to much.
pub const SMOOTHINGS: [f64; 8] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995];

/// Curves that are drawn at most: more cannot be told apart.
pub const MOST_RUNS: usize = 24;

/// What is kept between sessions.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ChartOptions {
    /// The chosen metrics; none: the most telling one.
    pub metrics: Vec<String>,
    /// The x axis.
    pub axis: XAxis,
    /// Whether y is logarithmic.
    pub log_y: bool,
    /// The weight of the past in the moving average.
    pub smoothing: f64,
    /// Whether each metric has a panel of its own.
    pub multiples: bool,
    /// Whether runs that differ in their seed alone are shown as their mean.
    pub bands: bool,
}

impl ChartOptions {
    /// With values that a file may hold and nothing can be done with put right.
    pub fn sound(mut self) -> Self {
        if !SMOOTHINGS.contains(&self.smoothing) {
            self.smoothing = 0.0;
        }
        self
    }
}

/// Which curve.
pub type CurveId = (RunId, MetricKey);

/// A curve that has been read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// As it was asked for.
    pub request: CurveRequest,
    /// What came.
    pub curve: Result<Arc<Curve>, String>,
}

/// What is known of the charts.
#[derive(Clone, Debug, Default)]
pub struct ChartsState {
    /// What is kept between sessions.
    pub options: ChartOptions,
    /// Whole curves.
    pub whole: HashMap<CurveId, Loaded>,
    /// Sections of curves with too many points to be kept whole.
    pub sections: HashMap<CurveId, Loaded>,
    /// Curves that are being read: the whole, or a section.
    pub awaited: BTreeSet<(CurveId, bool)>,
    /// Where the cursor is on the x axis.
    pub cursor: Option<f64>,
    /// Where cursor and section are to be once the curves of this axis have been read.
    pub seek: Option<Seek>,
    /// The section that is shown.
    pub zoom: Option<(f64, f64)>,
    /// The curve that is emphasised.
    pub focus: Option<usize>,
    /// Whether the plot has the whole screen.
    pub alone: bool,
    /// The first panel that is shown, where not all have room.
    pub first: usize,
}

impl ChartsState {
    /// Reads everything anew.
    pub fn forget(&mut self) {
        self.whole.clear();
        self.sections.clear();
        self.awaited.clear();
    }
}

/// The runs whose curves are shown.
pub fn runs(state: &State) -> Vec<&RunSummary> {
    let mut runs = state.shown();
    runs.truncate(MOST_RUNS);
    runs
}

/// The metrics that are shown: the chosen ones that a shown run has, else a telling one.
pub fn metrics(state: &State) -> Vec<MetricKey> {
    let runs = runs(state);
    let has = |key: &MetricKey| runs.iter().any(|r| r.metrics.contains_key(key));
    let chosen: Vec<MetricKey> = state
        .charts
        .options
        .metrics
        .iter()
        .map(|m| MetricKey::new(m.as_str()))
        .filter(has)
        .collect();
    if !chosen.is_empty() {
        return chosen;
    }
    ["loss/G_L1", "loss/G_A", "eval/l1", "eval/psnr"]
        .into_iter()
        .map(MetricKey::new)
        .find(has)
        .or_else(|| runs.first().and_then(|r| r.metrics.keys().next().cloned()))
        .into_iter()
        .collect()
}
