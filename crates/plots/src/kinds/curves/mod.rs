//! Metrics along training: runs over each other, or means of groups with bands; a panel a metric, a panel a group, or one.

use std::collections::BTreeSet;

use diptych_domain::{MetricKey, RunSummary};

use super::common::{self, Group, counted, factors, groups, listed, sizes, within_limit};
use super::{Curve, Loaded, Request};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Entry, Figure, Ink, Key, Line, Mark, Panel, Scale, Shape, Values};
use crate::layout;
use crate::series::{Mean, Reduced, Strand, decimate};
use crate::spec::{Band, FigureSpec, Kind, Panels, XAxis};

/// Curves of fewer points have markers at them.
const FEW: usize = 25;

pub fn plan(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<Request>, FigureError> {
    let keys = keys(spec, runs)?;
    let (shown, _) = shown(spec, runs)?;
    Ok(requests(spec, runs, &shown, &keys))
}

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

pub fn build(spec: &FigureSpec, runs: &[RunSummary], loaded: &Loaded) -> Result<Figure, FigureError> {
    let keys = keys(spec, runs)?;
    let (shown, left_out) = shown(spec, runs)?;
    let mut notes: Vec<String> = left_out.into_iter().collect();
    let factors = factors(spec, runs)?;
    let groups: Vec<Group> = groups(&factors, runs);
    let mut drawing = Drawing::new(spec, loaded);
    notes.extend(drawing.absent(runs, &shown, &keys));

    let curves_each = if groups.is_empty() {
        shown.len()
    } else {
        groups.len()
    };
    let several_metrics = keys.len() > 1;
    let several_curves = curves_each > 1;
    let mut panels = Vec::new();
    let mut entries: Vec<String> = Vec::new();
    let curve_names: Vec<String> = if groups.is_empty() {
        shown.iter().map(|i| runs[*i].name.clone()).collect()
    } else {
        groups.iter().map(|g| g.label.clone()).collect()
    };
    // Which panel and which look each curve gets.
    let place = |metric: usize, curve: usize| match spec.panels {
        Panels::Metric => (metric, curve),
        Panels::Group => (curve, metric),
        Panels::None => (0, metric * curves_each + curve),
    };
    let panel_count = match spec.panels {
        Panels::Metric => keys.len(),
        Panels::Group => curves_each,
        Panels::None => 1,
    };
    drawing.columns = layout::plot_columns(spec, panel_count);
    for (metric, key) in keys.iter().enumerate() {
        for curve in 0..curves_each {
            let (panel, look) = place(metric, curve);
            while panels.len() <= panel {
                panels.push(Vec::new());
            }
            while entries.len() <= look {
                entries.push(String::new());
            }
            let name = &curve_names[curve];
            entries[look] = match spec.panels {
                Panels::Metric => name.clone(),
                Panels::Group => key.to_string(),
                Panels::None => match (several_metrics, several_curves) {
                    (true, true) => format!("{name}, {key}"),
                    (true, false) => key.to_string(),
                    _ => name.clone(),
                },
            };
            let label = format!("{name} {key}");
            let members: Vec<usize> = if groups.is_empty() {
                vec![shown[curve]]
            } else {
                groups[curve].runs.clone()
            };
            let drawn = drawing.curve(&members, key, look, &label, !groups.is_empty());
            panels[panel].extend(drawn);
        }
    }
    if panels.iter().all(Vec::is_empty) {
        return Err(drawing.nothing(runs, &keys));
    }
    let x = drawing.x_axis();
    let mut out = Vec::new();
    for (i, curves) in panels.into_iter().enumerate() {
        let (title, label) = match spec.panels {
            Panels::Metric => (None, keys[i].to_string()),
            Panels::Group => (Some(curve_names[i].clone()), common_label(&keys)),
            Panels::None => (None, common_label(&keys)),
        };
        // One label for the whole figure is said by the axis.
        out.push(drawing.panel(title.filter(|_| several_curves), &x, label, &curves));
    }
    let legend: Vec<Entry> = if entries.len() > 1 {
        let key = drawing.key(&out);
        let mut all = common::legend(entries.iter().map(String::as_str), key);
        // What has no curve needs no explanation.
        all.retain(|e| out.iter().flat_map(|p| &p.marks).any(|m| m.ink == e.ink));
        all
    } else {
        Vec::new()
    };
    notes.extend(drawing.notes());
    let who = if groups.is_empty() {
        match shown.as_slice() {
            [one] => format!("of {}", runs[*one].name),
            many => format!("of {}", counted(many.len(), "run")),
        }
    } else {
        let names: Vec<String> = factors
            .iter()
            .map(|f| common::short(&f.to_string()).to_owned())
            .collect();
        format!(
            "as means over runs by {} ({}){}",
            listed(&names),
            sizes(groups.iter().map(|g| g.runs.len())),
            band_words(spec.band)
        )
    };
    let metrics: Vec<&str> = keys.iter().map(MetricKey::as_str).collect();
    Ok(Figure {
        kind: Kind::Curves,
        title: spec.title.clone(),
        caption: spec
            .caption
            .clone()
            .unwrap_or_else(|| format!("{} {who}{}.", listed(&metrics), smoothing_words(spec))),
        body: Body::Panels(out),
        legend,
        notes,
        runs: if groups.is_empty() {
            shown.len()
        } else {
            runs.len()
        },
    })
}

/// What the band shows, after a comma.
fn band_words(band: Band) -> &'static str {
    match band {
        Band::Std => ", bands: one standard deviation each way",
        Band::Ci => ", bands: 95 % bootstrap intervals of the mean",
        Band::None => "",
    }
}

pub fn smoothing_words(spec: &FigureSpec) -> String {
    if spec.smoothing > 0.0 {
        format!(", smoothed (moving average, weight {})", spec.smoothing)
    } else {
        String::new()
    }
}

/// One label for several metrics: what they begin with, or "value".
fn common_label(keys: &[MetricKey]) -> String {
    if let [one] = keys {
        return one.to_string();
    }
    let group = |k: &MetricKey| k.as_str().split_once('/').map(|(g, _)| g.to_owned());
    let all: BTreeSet<Option<String>> = keys.iter().map(group).collect();
    match all.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(one)] => one.clone(),
        _ => "value".into(),
    }
}

/// The metrics to draw; without any: the evaluations, or else the losses.
fn keys(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Vec<MetricKey>, FigureError> {
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
fn shown(spec: &FigureSpec, runs: &[RunSummary]) -> Result<(Vec<usize>, Option<String>), FigureError> {
    if !spec.by.is_empty() {
        return Ok(((0..runs.len()).collect(), None));
    }
    let (n, note) = within_limit(runs.len(), spec.limit, "runs");
    Ok(((0..n).collect(), note))
}

/// A curve ready for its panel: where the scale is not known yet, points are not thinned yet.
pub struct Drawn<'l> {
    name: String,
    ink: Ink,
    what: What<'l>,
}

enum What<'l> {
    /// A run's own curve, and behind it what was smoothed.
    One {
        main: &'l Reduced,
        behind: Option<&'l Reduced>,
    },
    /// A mean.
    Mean(Mean),
}

/// What the panels of a figure share.
pub struct Drawing<'s> {
    spec: &'s FigureSpec,
    loaded: &'s Loaded,
    /// Columns of pixels that a panel has.
    pub columns: usize,
    /// Whether a curve has markers.
    pub any_marked: bool,
    range: (f64, f64),
    not_finite: u64,
    not_positive: u64,
    apart: BTreeSet<String>,
    uneven: BTreeSet<String>,
    averaged: Option<f64>,
}

impl<'s> Drawing<'s> {
    pub fn new(spec: &'s FigureSpec, loaded: &'s Loaded) -> Self {
        Self {
            spec,
            loaded,
            columns: 400,
            any_marked: false,
            range: (f64::INFINITY, f64::NEG_INFINITY),
            not_finite: 0,
            not_positive: 0,
            apart: BTreeSet::new(),
            uneven: BTreeSet::new(),
            averaged: None,
        }
    }

    fn find(&self, run: usize, key: &MetricKey) -> Option<&'s Curve> {
        self.loaded.curves.iter().find(|c| c.run == run && c.key == *key)
    }

    /// The curve of one run, the mean of several, or, where these have no place in common, the curve of each.
    pub fn curve(
        &mut self,
        members: &[usize],
        key: &MetricKey,
        look: usize,
        label: &str,
        mean: bool,
    ) -> Vec<Drawn<'s>> {
        let found: Vec<&'s Curve> = members.iter().filter_map(|run| self.find(*run, key)).collect();
        let found: Vec<&'s Curve> = found.into_iter().filter(|c| c.plain.range().is_some()).collect();
        for curve in &found {
            self.not_finite += curve.plain.not_finite;
            if let Some((a, b)) = curve.plain.range() {
                self.range = (self.range.0.min(a), self.range.1.max(b));
            }
        }
        let main = |c: &'s Curve| c.smooth.as_ref().unwrap_or(&c.plain);
        if mean && found.len() > 1 {
            let all: Vec<&Reduced> = found.iter().map(|c| main(c)).collect();
            let shared = matches!(self.spec.x, XAxis::Step | XAxis::Epoch);
            let mean = Mean::of(&all, self.spec.band, shared);
            if mean.points.iter().any(|p| p.n > 1) {
                if mean.uneven > 0 {
                    self.uneven.insert(label.to_owned());
                }
                if let Some(width) = mean.width {
                    self.averaged = Some(self.averaged.map_or(width, |w| w.max(width)));
                }
                return vec![Drawn {
                    name: label.to_owned(),
                    ink: Ink::Slot(look),
                    what: What::Mean(mean),
                }];
            }
            self.apart.insert(label.to_owned());
        }
        let one = |curve: &'s Curve| Drawn {
            name: label.to_owned(),
            ink: Ink::Slot(look),
            what: What::One {
                main: main(curve),
                behind: curve.smooth.is_some().then_some(&curve.plain),
            },
        };
        found.into_iter().map(one).collect()
    }

    /// Runs that lack a metric that others have.
    pub fn absent(&self, runs: &[RunSummary], shown: &[usize], keys: &[MetricKey]) -> Vec<String> {
        let lacking = |key: &MetricKey| {
            let without: Vec<&str> = shown
                .iter()
                .filter(|run| self.find(**run, key).is_none_or(|c| c.plain.range().is_none()))
                .map(|run| runs[*run].name.as_str())
                .collect();
            (!without.is_empty() && without.len() < shown.len())
                .then(|| format!("No values of {key} in {}", listed(&without)))
        };
        keys.iter().filter_map(lacking).collect()
    }

    /// Why nothing can be drawn.
    pub fn nothing(&self, runs: &[RunSummary], keys: &[MetricKey]) -> FigureError {
        let metrics: Vec<&str> = keys.iter().map(MetricKey::as_str).collect();
        let names: Vec<&str> = runs.iter().map(|r| r.name.as_str()).collect();
        FigureError::Empty {
            why: format!("no finite value of {} in {}", listed(&metrics), listed(&names)),
        }
    }

    /// The x axis that all panels share.
    pub fn x_axis(&self) -> Axis {
        let spec = self.spec;
        let (label, values) = match spec.x {
            XAxis::Step => ("step", Values::Whole),
            XAxis::Epoch => ("epoch", Values::Numbers),
            XAxis::Relative => ("time", Values::Duration),
            XAxis::Wall => ("time", Values::Date),
        };
        let (mut low, mut high) = self.range;
        if spec.log_x {
            low = if low > 0.0 { low } else { 1.0 };
            high = high.max(low);
        } else if spec.x != XAxis::Wall && low > 0.0 && low < high * 0.2 {
            // Training begins at 0.
            low = 0.0;
        }
        let mut scale = Scale::around(low, high, spec.log_x, (spec.x_min, spec.x_max));
        if low < high {
            // Curves reach from edge to edge.
            scale.low = spec.x_min.unwrap_or(low);
            scale.high = spec.x_max.unwrap_or(high);
        }
        if scale.low >= scale.high {
            scale = Scale::around(low, high, spec.log_x, (spec.x_min, spec.x_max));
        }
        Axis {
            label: label.into(),
            scale,
            values: if spec.log_x { Values::Numbers } else { values },
        }
    }

    /// A panel over curves.
    pub fn panel(&mut self, title: Option<String>, x: &Axis, label: String, curves: &[Drawn<'_>]) -> Panel {
        let spec = self.spec;
        let (from, to) = (x.scale.low, x.scale.high);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut cover = |value: f64| {
            if value.is_finite() && (!spec.log_y || value > 0.0) {
                (low, high) = (low.min(value), high.max(value));
            }
        };
        for curve in curves {
            match &curve.what {
                What::One { main, behind } => {
                    let inside = main
                        .buckets
                        .iter()
                        .filter(|b| b.n > 0 && b.x >= from && b.x <= to);
                    inside.for_each(|b| [b.min, b.max].into_iter().for_each(&mut cover));
                    // Of what is faint behind the curve the axis covers all but the outermost percent.
                    if let Some((a, b)) = behind.and_then(|r| middle(r, from, to)) {
                        [a, b].into_iter().for_each(&mut cover);
                    }
                }
                What::Mean(mean) => {
                    for p in mean.points.iter().filter(|p| p.x >= from && p.x <= to) {
                        [p.low.unwrap_or(p.mean), p.high.unwrap_or(p.mean), p.mean]
                            .into_iter()
                            .for_each(&mut cover);
                    }
                }
            }
        }
        let y = Axis {
            label,
            scale: Scale::around(low, high, spec.log_y, (spec.y_min, spec.y_max)),
            values: Values::Numbers,
        };
        let (mut behind_all, mut bands, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for curve in curves {
            let mark = |shape: Shape| Mark {
                name: curve.name.clone(),
                ink: curve.ink,
                shape,
            };
            match &curve.what {
                What::One { main, behind } => {
                    if let Some(behind) = behind {
                        let strands = self.strands(behind, x);
                        behind_all.push(mark(Shape::Line {
                            strands,
                            line: Line::Faint,
                        }));
                    }
                    let strands = self.strands(main, x);
                    let line = self.looks(&strands, x, &y);
                    lines.push(mark(Shape::Line { strands, line }));
                }
                What::Mean(mean) => {
                    let visible = |v: f64| !spec.log_y || v > 0.0;
                    let band: Vec<[f64; 3]> = mean
                        .points
                        .iter()
                        .filter_map(|p| {
                            let (low, high) = (p.low?, p.high?);
                            // On a logarithmic axis a band that reaches 0 goes on below the axis.
                            visible(high)
                                .then(|| [p.x, if visible(low) { low } else { y.scale.low * 1e-3 }, high])
                        })
                        .collect();
                    if band.len() > 1 {
                        bands.push(mark(Shape::Band { points: band }));
                    }
                    let strand: Strand = mean
                        .points
                        .iter()
                        .filter(|p| visible(p.mean))
                        .map(|p| [p.x, p.mean])
                        .collect();
                    let strands = if strand.is_empty() {
                        Vec::new()
                    } else {
                        vec![strand]
                    };
                    let line = self.looks(&strands, x, &y);
                    lines.push(mark(Shape::Line { strands, line }));
                }
            }
        }
        let marks = behind_all.into_iter().chain(bands).chain(lines).collect();
        Panel {
            title,
            x: x.clone(),
            y,
            marks,
            legend: Vec::new(),
        }
    }

    fn strands(&mut self, series: &Reduced, x: &Axis) -> Vec<Strand> {
        let mut strands = if x.scale.log {
            // Columns are equally wide on paper, not in steps: thin out piece by piece.
            let pieces = (x.scale.high / x.scale.low).log2().ceil().max(1.0) as i32;
            let edge = |i: i32| x.scale.value(f64::from(i) / f64::from(pieces));
            let columns = self.columns / pieces as usize + 1;
            let mut all: Vec<Strand> = Vec::new();
            for i in 0..pieces {
                for mut strand in decimate(series, edge(i), edge(i + 1), columns) {
                    match all.last_mut() {
                        Some(last) if last.last().is_some_and(|l| strand.iter().any(|p| p == l)) => {
                            let end = last[last.len() - 1];
                            strand.retain(|p| p[0] > end[0]);
                            last.extend(strand);
                        }
                        _ => all.push(strand),
                    }
                }
            }
            all
        } else {
            decimate(series, x.scale.low, x.scale.high, self.columns)
        };
        if self.spec.log_y || x.scale.log {
            let log_y = self.spec.log_y;
            let fits = |p: &[f64; 2]| (!log_y || p[1] > 0.0) && (!x.scale.log || p[0] > 0.0);
            let parted: Vec<Strand> = strands
                .iter()
                .flat_map(|s| s.split(|p| !fits(p)))
                .filter(|s| !s.is_empty())
                .map(<[_]>::to_vec)
                .collect();
            let count = |all: &[Strand]| all.iter().map(Vec::len).sum::<usize>() as u64;
            self.not_positive += count(&strands) - count(&parted);
            strands = parted;
        }
        strands
    }

    /// How a curve is drawn, by how many points it has and how far it travels up and down.
    fn looks(&mut self, strands: &[Strand], x: &Axis, y: &Axis) -> Line {
        let inside = |p: &&[f64; 2]| (0.0..=1.0).contains(&x.scale.place(p[0]));
        let points = strands.iter().flatten().filter(inside).count();
        if points <= FEW {
            self.any_marked = true;
            return Line::Marked;
        }
        let rise = |w: &[[f64; 2]]| (y.scale.place(w[1][1]) - y.scale.place(w[0][1])).abs().min(1.0);
        let travel: f64 = strands.iter().flat_map(|s| s.windows(2)).map(rise).sum();
        if travel > 5.0 { Line::Dense } else { Line::Main }
    }

    /// How a legend shows curves.
    pub fn key(&self, panels: &[Panel]) -> Key {
        let looks = |line: Line| {
            let marks = panels.iter().flat_map(|p| &p.marks);
            marks
                .filter(|m| matches!(m.shape, Shape::Line { line: own, .. } if own == line))
                .count()
        };
        match (self.any_marked, looks(Line::Main), looks(Line::Dense)) {
            (true, ..) => Key::LineAndPoint,
            (_, 0, dense) if dense > 0 => Key::Unbroken,
            _ => Key::Line,
        }
    }

    /// What has to be said of the curves.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.not_finite > 0 {
            let are = if self.not_finite == 1 {
                "is not finite and leaves a gap"
            } else {
                "are not finite and leave gaps"
            };
            notes.push(format!("{} {are}", counted(self.not_finite as usize, "value")));
        }
        if self.not_positive > 0 {
            notes.push("Values of 0 or less have no place on a logarithmic axis and are left out".into());
        }
        if !self.apart.is_empty() {
            let all: Vec<&String> = self.apart.iter().collect();
            let what = match self.spec.x {
                XAxis::Step | XAxis::Epoch => "steps",
                XAxis::Relative | XAxis::Wall => "times",
            };
            notes.push(format!(
                "No {what} in common, so drawn one by one: {}",
                listed(&all)
            ));
        }
        if !self.uneven.is_empty() {
            let all: Vec<&String> = self.uneven.iter().collect();
            notes.push(format!(
                "Steps that only some of the runs have are left out of the mean: {}",
                listed(&all)
            ));
        }
        if let Some(width) = self.averaged {
            let unit = match self.spec.x {
                XAxis::Step => counted(width as usize, "step"),
                XAxis::Epoch => format!("{width} epochs"),
                _ => format!("{width} s"),
            };
            if !(self.spec.x == XAxis::Step && width <= 1.0) {
                notes.push(format!("Means are taken over intervals of {unit}"));
            }
        }
        notes
    }
}

/// The values between the first and the last percent of what a series spans between two places.
fn middle(series: &Reduced, from: f64, to: f64) -> Option<(f64, f64)> {
    let inside = || {
        series
            .buckets
            .iter()
            .filter(|b| b.n > 0 && b.x >= from && b.x <= to)
    };
    let mut lows: Vec<f64> = inside().map(|b| b.min).collect();
    let mut highs: Vec<f64> = inside().map(|b| b.max).collect();
    lows.sort_by(f64::total_cmp);
    highs.sort_by(f64::total_cmp);
    let cut = lows.len() / 100;
    Some((*lows.get(cut)?, *highs.get(highs.len() - 1 - cut)?))
}
