//! From series to the curves, axes and panels of a figure.

use std::collections::BTreeMap;

use diptych_domain::{MetricKey, RunSummary};

use super::super::common::{ends, listed, span};
use super::super::{Curve, Loaded};
use super::looks;
use super::words::{self, Doubts};
use crate::error::FigureError;
use crate::figure::{Axis, Ink, Line, Mark, Panel, Scale, Series, Shape, Values};
use crate::series::{Mean, Reduced, Strand, decimate};
use crate::spec::{FigureSpec, XAxis};

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
    runs: &'s [RunSummary],
    loaded: &'s Loaded,
    /// Columns of pixels that a panel has.
    pub columns: usize,
    /// What the marks are of, by their names.
    pub series: BTreeMap<String, Series>,
    range: (f64, f64),
    doubts: Doubts,
}

impl<'s> Drawing<'s> {
    pub fn new(spec: &'s FigureSpec, runs: &'s [RunSummary], loaded: &'s Loaded) -> Self {
        Self {
            spec,
            runs,
            loaded,
            columns: 400,
            series: BTreeMap::new(),
            range: (f64::INFINITY, f64::NEG_INFINITY),
            doubts: Doubts::default(),
        }
    }

    fn find(&self, run: usize, key: &MetricKey) -> Option<&'s Curve> {
        self.loaded.curves.iter().find(|c| c.run == run && c.key == *key)
    }

    /// Whether a run has a finite value of one of some metrics.
    pub fn has(&self, run: usize, keys: &[MetricKey]) -> bool {
        let some = |key: &MetricKey| self.find(run, key).is_some_and(|c| c.plain.range().is_some());
        keys.iter().any(some)
    }

    /// The curve of one run, the mean of several, or, where these have no place in common, the curve of each. `group` is what these
    /// share, where they are a group.
    pub fn curve(
        &mut self,
        members: &[usize],
        key: &MetricKey,
        ink: Ink,
        group: Option<&str>,
    ) -> Vec<Drawn<'s>> {
        let found: Vec<&'s Curve> = members.iter().filter_map(|run| self.find(*run, key)).collect();
        let found: Vec<&'s Curve> = found.into_iter().filter(|c| c.plain.range().is_some()).collect();
        for curve in &found {
            self.doubts.not_finite += curve.plain.not_finite;
            if let Some((a, b)) = curve.plain.range() {
                self.range = (self.range.0.min(a), self.range.1.max(b));
            }
        }
        let main = |c: &'s Curve| c.smooth.as_ref().unwrap_or(&c.plain);
        if let Some(group) = group
            && found.len() > 1
        {
            let name = format!("{group} {key}");
            let all: Vec<&Reduced> = found.iter().map(|c| main(c)).collect();
            let shared = matches!(self.spec.x, XAxis::Step | XAxis::Epoch);
            let mean = Mean::of(&all, self.spec.band, shared);
            if mean.points.iter().any(|p| p.n > 1) {
                self.remember(&name, key, group, &mean);
                return vec![Drawn {
                    name,
                    ink,
                    what: What::Mean(mean),
                }];
            }
            self.doubts.apart.insert(name);
        }
        let mut curves = Vec::new();
        for curve in found {
            let run = &self.runs[curve.run].name;
            let name = format!("{run} {key}");
            let series = Series {
                metric: key.to_string(),
                name: run.clone(),
                n: Vec::new(),
            };
            self.series.insert(name.clone(), series);
            curves.push(Drawn {
                name,
                ink,
                what: What::One {
                    main: main(curve),
                    behind: curve.smooth.is_some().then_some(&curve.plain),
                },
            });
        }
        curves
    }

    fn remember(&mut self, name: &str, key: &MetricKey, group: &str, mean: &Mean) {
        let doubts = &mut self.doubts;
        if mean.uneven > 0 {
            doubts.uneven.insert(name.to_owned());
        }
        if let Some(width) = mean.width {
            doubts.averaged = Some(doubts.averaged.map_or(width, |w| w.max(width)));
        }
        if let Some(change) = words::fewer(mean, self.spec.x) {
            doubts.fewer.entry(change).or_default().insert(name.to_owned());
        }
        let mut n: Vec<(f64, usize)> = mean.points.iter().map(|p| (p.x, p.n)).collect();
        n.dedup_by_key(|(_, n)| *n);
        let series = Series {
            metric: key.to_string(),
            name: group.to_owned(),
            n,
        };
        self.series.insert(name.to_owned(), series);
    }

    /// Runs that lack a metric that others have.
    pub fn absent(&self, shown: &[usize], keys: &[MetricKey]) -> Vec<String> {
        let lacking = |key: &MetricKey| {
            let without: Vec<&str> = shown
                .iter()
                .filter(|run| self.find(**run, key).is_none_or(|c| c.plain.range().is_none()))
                .map(|run| self.runs[*run].name.as_str())
                .collect();
            (!without.is_empty() && without.len() < shown.len())
                .then(|| format!("No values of {key} in {}", listed(&without)))
        };
        keys.iter().filter_map(lacking).collect()
    }

    /// Why nothing can be drawn.
    pub fn nothing(&self, keys: &[MetricKey]) -> FigureError {
        let metrics: Vec<&str> = keys.iter().map(MetricKey::as_str).collect();
        let names: Vec<&str> = self.runs.iter().map(|r| r.name.as_str()).collect();
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
        let fits = |v: &f64| v.is_finite() && (!spec.log_y || *v > 0.0);
        let main = span(curves.iter().flat_map(|c| c.values(x)).filter(fits));
        let raw = span(curves.iter().flat_map(|c| c.faint(x)).filter(fits));
        let (low, high) = with_faint(main, raw, spec.log_y);
        let cut = (raw.0 < low && spec.y_min.is_none()) || (raw.1 > high && spec.y_max.is_none());
        if cut {
            self.doubts.beyond.push((label.clone(), raw));
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
            let single = |strands, line| mark(Shape::Line { strands, line });
            match &curve.what {
                What::One { main, behind } => {
                    // Behind grey curves there would be nothing but more grey.
                    if let Some(behind) = behind.filter(|_| curve.ink != Ink::Rest) {
                        behind_all.push(single(self.strands(behind, x), Line::Faint));
                    }
                    let strands = self.strands(main, x);
                    let line = looks::line(curve.ink, &strands, x, &y);
                    lines.push(single(strands, line));
                }
                What::Mean(mean) => {
                    // On a logarithmic axis a band that reaches 0 goes on below the axis.
                    let band = mean.points.iter().filter_map(|p| Some([p.x, p.low?, p.high?]));
                    let band: Vec<[f64; 3]> = band.filter(|p| !spec.log_y || p[2] > 0.0).collect();
                    if band.len() > 1 && curve.ink != Ink::Rest {
                        bands.push(mark(Shape::Band { points: band }));
                    }
                    let (full, fewer) = parted(mean, |v| !spec.log_y || v > 0.0);
                    if !fewer.is_empty() {
                        lines.push(single(fewer, Line::Thin));
                    }
                    let line = looks::line(curve.ink, &full, x, &y);
                    lines.push(single(full, line));
                }
            }
        }
        let all = behind_all.into_iter().chain(bands).chain(lines);
        // What has no colour lies behind what has one.
        let (rest, coloured): (Vec<Mark>, Vec<Mark>) = all.partition(|m| m.ink == Ink::Rest);
        Panel {
            title,
            x: x.clone(),
            y,
            marks: rest.into_iter().chain(coloured).collect(),
            legend: Vec::new(),
        }
    }

    /// Refuses panels in which nothing lies because the axes end elsewhere; where some are empty it is said.
    pub fn within(&mut self, panels: &[Panel]) -> Result<(), FigureError> {
        let empty: Vec<&Panel> = panels.iter().filter(|p| !p.shows_a_line()).collect();
        let names: Vec<String> = empty
            .iter()
            .map(|p| p.title.clone().unwrap_or_else(|| p.y.label.clone()))
            .collect();
        if empty.len() < panels.len() {
            self.doubts.empty = names;
            return Ok(());
        }
        let (spec, (from, to)) = (self.spec, self.range);
        let ends = ends(spec);
        let why = if ends.is_empty() {
            format!("no value of {} has a place on these axes", listed(&names))
        } else {
            let values = panels.iter().map(|p| p.y.label.clone()).collect::<Vec<_>>();
            format!(
                "nothing of {} lies within {}; the curves reach from {} to {}",
                listed(&values),
                listed(&ends),
                words::place(spec.x, from),
                words::place(spec.x, to)
            )
        };
        Err(FigureError::Empty { why })
    }

    fn strands(&mut self, series: &Reduced, x: &Axis) -> Vec<Strand> {
        let mut strands = if x.scale.log {
            on_log(series, x, self.columns)
        } else {
            decimate(series, x.scale.low, x.scale.high, self.columns)
        };
        if self.spec.log_y || x.scale.log {
            let log_y = self.spec.log_y;
            let fits = |p: &[f64; 2]| (!log_y || p[1] > 0.0) && (!x.scale.log || p[0] > 0.0);
            self.doubts.not_positive |= !strands.iter().flatten().all(fits);
            strands = strands
                .iter()
                .flat_map(|s| s.split(|p| !fits(p)))
                .filter(|s| !s.is_empty())
                .map(<[_]>::to_vec)
                .collect();
        }
        strands
    }

    /// What has to be said of the curves.
    pub fn notes(&self) -> Vec<String> {
        self.doubts.notes(self.spec.x)
    }
}

impl Drawn<'_> {
    /// The values of what was smoothed, which stays faint behind.
    fn faint(&self, x: &Axis) -> Vec<f64> {
        match &self.what {
            What::One {
                behind: Some(behind), ..
            } if self.ink != Ink::Rest => extremes(behind, x.scale.low, x.scale.high),
            _ => Vec::new(),
        }
    }

    /// The values that its panel has to have room for.
    fn values(&self, x: &Axis) -> Vec<f64> {
        let (from, to) = (x.scale.low, x.scale.high);
        match &self.what {
            What::One { main, .. } => extremes(main, from, to),
            What::Mean(mean) => {
                let inside = mean.points.iter().filter(|p| p.x >= from && p.x <= to);
                inside
                    .flat_map(|p| [p.low.unwrap_or(p.mean), p.high.unwrap_or(p.mean), p.mean])
                    .collect()
            }
        }
    }
}

/// Room for curves and for what is faint behind them: this gets at most as much above and below the curves as they take themselves, so
/// that one spike does not flatten them.
fn with_faint(main: (f64, f64), raw: (f64, f64), log: bool) -> (f64, f64) {
    if main.0 > main.1 || raw.0 > raw.1 {
        return (main.0.min(raw.0), main.1.max(raw.1));
    }
    let to = |v: f64| if log { v.ln() } else { v };
    let from = |v: f64| if log { v.exp() } else { v };
    let room = to(main.1) - to(main.0);
    if room <= 0.0 {
        // A curve that stays where it is cannot say how much room there should be.
        return (main.0.min(raw.0), main.1.max(raw.1));
    }
    let low = if raw.0 < main.0 {
        raw.0.max(from(to(main.0) - room))
    } else {
        main.0
    };
    let high = if raw.1 > main.1 {
        raw.1.min(from(to(main.1) + room))
    } else {
        main.1
    };
    (low, high)
}

/// The smallest and the largest value between two places; where no point lies there but the line does, its ends.
fn extremes(series: &Reduced, from: f64, to: f64) -> Vec<f64> {
    if let Some((low, high)) = series.extremes(from, to) {
        return vec![low, high];
    }
    let finite = || series.buckets.iter().filter(|b| b.n > 0);
    let before = finite().rfind(|b| b.x < from);
    match (before, finite().find(|b| b.x > to)) {
        (Some(a), Some(b)) => vec![a.mean(), b.mean()],
        _ => Vec::new(),
    }
}

/// A mean in pieces: where all of its runs are in it, and where some are not. The latter begin and end at the former.
fn parted(mean: &Mean, visible: impl Fn(f64) -> bool) -> (Vec<Strand>, Vec<Strand>) {
    let points: Vec<_> = mean.points.iter().filter(|p| visible(p.mean)).collect();
    let most = points.iter().map(|p| p.n).max().unwrap_or(0);
    let (mut full, mut fewer) = (Vec::new(), Vec::new());
    for (i, piece) in points.chunk_by(|a, b| (a.n == most) == (b.n == most)).enumerate() {
        let mut strand: Strand = piece.iter().map(|p| [p.x, p.mean]).collect();
        if piece[0].n == most {
            full.push(strand);
            continue;
        }
        let start: usize = points
            .iter()
            .position(|p| std::ptr::eq(*p, piece[0]))
            .unwrap_or(0);
        if i > 0 {
            strand.insert(0, [points[start - 1].x, points[start - 1].mean]);
        }
        if let Some(next) = points.get(start + piece.len()) {
            strand.push([next.x, next.mean]);
        }
        fewer.push(strand);
    }
    (full, fewer)
}

/// Columns are equally wide on paper, not in steps: thins out piece by piece.
fn on_log(series: &Reduced, x: &Axis, columns: usize) -> Vec<Strand> {
    let pieces = (x.scale.high / x.scale.low).log2().ceil().max(1.0) as i32;
    let edge = |i: i32| x.scale.value(f64::from(i) / f64::from(pieces));
    let columns = columns / pieces as usize + 1;
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
}
