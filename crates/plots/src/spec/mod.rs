//! What a figure shows, as it is written in a file, built from command-line arguments or exported from a screen.

mod applies;
mod choices;
mod read;

pub use applies::{kinds_of, misplaced};
pub use choices::{Arrange, Band, Kind, Panels, Preset, Theme, Unknown, XAxis};
pub use read::{SpecIssue, from_json, from_toml, issue};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Runs that a figure draws one by one; of more it says how many it leaves out.
pub const MOST_RUNS: usize = 40;

/// A figure. Only `kind` has to be given; a key that is set and that the kind does not have is refused ([`kinds_of`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// What kind of figure.
    pub kind: Kind,
    /// The runs: names, ids, or the start of either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
    /// Instead of or beside `runs`: those that match a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Metrics, such as `eval/l1`; where one value a run is shown, with `.last`, `.best`, `.min` or `.max`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// Group runs by these factors, as `compare --by` does; images are called by their levels, and each group shows one run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// The baseline cell: `first`, or FACTOR=LEVEL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Settings for scatter, parallel and correlation; empty: those that vary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// What curves run along.
    #[serde(default, skip_serializing_if = "is_default")]
    pub x: XAxis,
    /// The weight of the past in the moving average, from 0 (none) up to, but not including, 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub smoothing: f64,
    /// A logarithmic x axis.
    #[serde(default, skip_serializing_if = "is_default")]
    pub log_x: bool,
    /// A logarithmic y axis; in ablation, scatter, histogram and parallel: the metric's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub log_y: bool,
    /// What is drawn around a mean.
    #[serde(default, skip_serializing_if = "is_default")]
    pub band: Band,
    /// What curves get panels of their own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub panels: Panels,
    /// Bins of a histogram (0: as many as the numbers warrant).
    #[serde(default, skip_serializing_if = "is_default")]
    pub bins: u32,
    /// The x axis begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_min: Option<f64>,
    /// The x axis ends here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_max: Option<f64>,
    /// The y axis begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_min: Option<f64>,
    /// The y axis ends here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_max: Option<f64>,
    /// Images: what is in the rows of a run, such as input, output, target; empty: what the runs have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Images: which probes, from 0; empty: the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<u32>,
    /// Images: which steps (the nearest at or before each); empty: the last, or in a filmstrip up to eight evenly spaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<u64>,
    /// Images: what is in the columns.
    #[serde(default, skip_serializing_if = "is_default")]
    pub arrange: Arrange,
    /// Written above the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Said of the figure by a report or a LaTeX file; empty: what it shows, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Whether what was left out, and doubts, are said below the figure.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub notes: bool,
    /// Runs drawn one by one at most; of more it says how many are left out.
    #[serde(default = "most_runs", skip_serializing_if = "is_most_runs")]
    pub limit: usize,
    /// How large.
    #[serde(default, skip_serializing_if = "is_default")]
    pub preset: Preset,
    /// The width in mm, if not the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// The height in mm, if not what suits the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<f64>,
    /// The colours.
    #[serde(default, skip_serializing_if = "is_default")]
    pub theme: Theme,
    /// Dots per inch of a PNG.
    #[serde(default = "dpi", skip_serializing_if = "is_dpi")]
    pub dpi: u32,
    /// What metrics, settings and groups are called in the figure, by the names that they have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Every key of a figure file, in the order of the type.
pub const KEYS: &[&str] = &[
    "kind",
    "runs",
    "query",
    "metrics",
    "by",
    "against",
    "params",
    "x",
    "smoothing",
    "log_x",
    "log_y",
    "band",
    "panels",
    "bins",
    "x_min",
    "x_max",
    "y_min",
    "y_max",
    "roles",
    "probes",
    "steps",
    "arrange",
    "title",
    "caption",
    "notes",
    "limit",
    "preset",
    "width",
    "height",
    "theme",
    "dpi",
    "labels",
];

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn most_runs() -> usize {
    MOST_RUNS
}

fn is_most_runs(n: &usize) -> bool {
    *n == MOST_RUNS
}

fn dpi() -> u32 {
    300
}

fn is_dpi(n: &u32) -> bool {
    *n == dpi()
}

impl FigureSpec {
    /// A figure of that kind, everything else at its default.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            runs: Vec::new(),
            query: None,
            metrics: Vec::new(),
            by: Vec::new(),
            against: None,
            params: Vec::new(),
            x: XAxis::default(),
            smoothing: 0.0,
            log_x: false,
            log_y: false,
            band: Band::default(),
            panels: Panels::default(),
            bins: 0,
            x_min: None,
            x_max: None,
            y_min: None,
            y_max: None,
            roles: Vec::new(),
            probes: Vec::new(),
            steps: Vec::new(),
            arrange: Arrange::default(),
            title: None,
            caption: None,
            notes: true,
            limit: MOST_RUNS,
            preset: Preset::default(),
            width: None,
            height: None,
            theme: Theme::default(),
            dpi: dpi(),
            labels: BTreeMap::new(),
        }
    }

    /// Whether every value makes sense together with the others.
    ///
    /// # Errors
    /// The first key that does not, and what would be valid.
    pub fn check(&self) -> Result<(), SpecIssue> {
        let wrong = |key: &str, value: String, expected: &str| Err(issue(key, &value, expected));
        // What is at its default is not written, and so not refused.
        if let Ok(serde_json::Value::Object(set)) = serde_json::to_value(self) {
            for (key, value) in &set {
                if let Some(problem) = misplaced(key, self.kind) {
                    return wrong(key, value.to_string(), &problem);
                }
            }
        }
        if self.kind == Kind::Curves && self.by.is_empty() && self.band != Band::default() {
            return wrong(
                "band",
                format!("\"{}\"", self.band),
                "a band is drawn around means: expected `by` as well",
            );
        }
        if !(0.0..1.0).contains(&self.smoothing) {
            return wrong(
                "smoothing",
                self.smoothing.to_string(),
                "expected a number from 0 up to, but not including, 1",
            );
        }
        for (key, side) in [("width", self.width), ("height", self.height)] {
            if let Some(mm) = side.filter(|mm| !(20.0..=2000.0).contains(mm)) {
                return wrong(key, mm.to_string(), "expected millimetres from 20 to 2000");
            }
        }
        if !(20..=2400).contains(&self.dpi) {
            return wrong(
                "dpi",
                self.dpi.to_string(),
                "expected dots per inch from 20 to 2400",
            );
        }
        if self.bins > 1000 {
            return wrong(
                "bins",
                self.bins.to_string(),
                "expected a whole number from 0 to 1000",
            );
        }
        if self.arrange == Arrange::Table && self.steps.len() > 1 {
            return wrong(
                "steps",
                format!("{:?}", self.steps),
                "a table shows one step: expected one, or arrange = \"runs\" or \"steps\"",
            );
        }
        if self.limit == 0 {
            return wrong("limit", "0".into(), "expected a whole number, 1 or more");
        }
        for (axis, log, low, high) in [
            ("x", self.log_x, self.x_min, self.x_max),
            ("y", self.log_y, self.y_min, self.y_max),
        ] {
            for (end, value) in [("min", low), ("max", high)] {
                if let Some(v) = value.filter(|v| !v.is_finite() || log && *v <= 0.0) {
                    let positive = if log {
                        " above 0, since the axis is logarithmic"
                    } else {
                        ""
                    };
                    return wrong(
                        &format!("{axis}_{end}"),
                        v.to_string(),
                        &format!("expected a number{positive}"),
                    );
                }
            }
            if let (Some(low), Some(high)) = (low, high)
                && low >= high
            {
                return wrong(
                    &format!("{axis}_max"),
                    high.to_string(),
                    &format!("expected more than {axis}_min, which is {low}"),
                );
            }
        }
        Ok(())
    }

    /// As a TOML file, defaults left out.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// As JSON in one line, defaults left out.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
