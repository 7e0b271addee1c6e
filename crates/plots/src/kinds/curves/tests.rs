//! What a reader of curves relies on.

use super::*;
use crate::figure::{Entry, Ink, Key, Line, Mark, Shape};
use crate::kinds::{Curve, Request};
use crate::series::{Along, Reduced};
use crate::testing::{loaded, raw, run, runs};

fn spec(metrics: &[&str]) -> FigureSpec {
    let mut spec = FigureSpec::new(Kind::Curves);
    spec.metrics = metrics.iter().map(|m| (*m).to_owned()).collect();
    spec
}

fn drawn(spec: &FigureSpec, runs: &[RunSummary], points: u64) -> Figure {
    build(
        spec,
        runs,
        &loaded(spec, runs, &plan(spec, runs).unwrap(), points),
    )
    .unwrap()
}

/// Loaded series whose values are `value(run, step)` at steps 1, 2, ... `until(run)`.
fn made(
    spec: &FigureSpec,
    runs: &[RunSummary],
    until: impl Fn(usize) -> u64,
    value: impl Fn(usize, u64) -> f64,
) -> Loaded {
    let curve = |r: Request| {
        let mut points = raw(r.run, &r.key, until(r.run));
        points.steps = (1..=until(r.run)).collect();
        points.values = points.steps.iter().map(|s| value(r.run, *s)).collect();
        let along = Along::of(spec.x, &runs[r.run]);
        Curve {
            run: r.run,
            key: r.key,
            plain: Reduced::of(&points, &along, 0.0),
            smooth: r.smooth.then(|| Reduced::of(&points, &along, spec.smoothing)),
        }
    };
    Loaded {
        curves: plan(spec, runs).unwrap().into_iter().map(curve).collect(),
        alarms: Vec::new(),
    }
}

fn lines(figure: &Figure) -> Vec<(&Mark, Line)> {
    let marks = figure.panels().iter().flat_map(|p| &p.marks);
    marks
        .filter_map(|m| match m.shape {
            Shape::Line { line, .. } => Some((m, line)),
            _ => None,
        })
        .collect()
}

#[test]
fn runs_beyond_the_palette_are_grey_and_the_legend_says_so() {
    let all: Vec<RunSummary> = (0..20).map(|i| run(i, &format!("r{i}"), i as u64, 1)).collect();
    let figure = drawn(&spec(&["eval/l1"]), &all, 10);
    let inks: Vec<Ink> = lines(&figure).iter().map(|(m, _)| m.ink).collect();
    // Grey ones behind; every colour once.
    assert!(inks[..12].iter().all(|i| *i == Ink::Rest));
    assert_eq!(inks[12..], (0..8).map(Ink::Slot).collect::<Vec<_>>());
    let last = figure.legend.last().unwrap();
    assert_eq!(
        (figure.legend.len(), last.label.as_str()),
        (9, "+12 runs in grey")
    );
    assert_eq!(
        figure.notes,
        [
            "Of 20 runs the first 8 have colours, the others are grey: name those first that matter, take fewer with a query, or average \
          with --by"
        ]
    );
    // Runs without the metric take no colour.
    let mut some = all.clone();
    some[..3].iter_mut().for_each(|r| r.metrics.clear());
    let figure = drawn(&spec(&["eval/l1"]), &some, 10);
    assert_eq!((figure.legend[0].label.as_str(), figure.legend.len()), ("r3", 9));
    assert_eq!(figure.legend[8].label, "+9 runs in grey");
    let figure = drawn(&spec(&["eval/l1"]), &all[..8], 10);
    assert!(
        figure.notes.is_empty() && figure.legend.len() == 8,
        "{:?}",
        figure.notes
    );
}

#[test]
fn in_one_panel_what_has_no_curve_takes_no_colour() {
    let mut all = runs();
    all[0].metrics.remove(&MetricKey::eval("l1"));
    let mut spec = spec(&["eval/l1", "eval/psnr"]);
    spec.panels = Panels::None;
    let figure = drawn(&spec, &all, 10);
    let labels: Vec<&str> = figure.legend.iter().map(|e| e.label.as_str()).collect();
    assert_eq!(
        (labels[0], labels[7], labels[8]),
        ("n1-seed2, eval/l1", "n5-seed3, eval/l1", "+9 curves in grey")
    );
}

#[test]
fn a_peak_of_what_was_smoothed_does_not_flatten_the_curve() {
    let one = &runs()[..1];
    let mut spec = spec(&["eval/l1"]);
    spec.smoothing = 0.9;
    let peak = |_: usize, step: u64| {
        if step == 200 {
            50.0
        } else {
            1.0 + step as f64 / 1e3
        }
    };
    let figure = build(&spec, one, &made(&spec, one, |_| 400, peak)).unwrap();
    // Smoothed, the peak is 5 high: the axis ends at most that much above it, and it is said how far the raw values reach.
    let scale = figure.panels()[0].y.scale;
    assert!((6.0..12.0).contains(&scale.high), "{scale:?}");
    assert_eq!(
        figure.notes,
        ["Faint values of eval/l1 go beyond the axis: they reach from 1 to 50"]
    );
    // Asked for, it is there; and what is not smoothed loses nothing.
    spec.y_max = Some(60.0);
    let figure = build(&spec, one, &made(&spec, one, |_| 400, peak)).unwrap();
    assert!(figure.notes.is_empty() && figure.panels()[0].y.scale.high == 60.0);
    (spec.y_max, spec.smoothing) = (None, 0.0);
    let figure = build(&spec, one, &made(&spec, one, |_| 400, peak)).unwrap();
    assert!(figure.notes.is_empty() && figure.panels()[0].y.scale.high >= 50.0);
}

#[test]
fn groups_in_panels_share_their_y_axis() {
    let all = runs();
    let mut spec = spec(&["eval/l1"]);
    spec.by = vec!["params.n_layers".into()];
    spec.panels = Panels::Group;
    let value = |run: usize, step: u64| (run + 1) as f64 + step as f64 / 100.0;
    let figure = build(&spec, &all, &made(&spec, &all, |_| 40, value)).unwrap();
    let scales: Vec<_> = figure.panels().iter().map(|p| p.y.scale).collect();
    assert_eq!(scales.len(), 3);
    assert!(scales.iter().all(|s| *s == scales[0]), "{scales:?}");
    assert!(scales[0].low <= 1.5 && scales[0].high >= 8.0, "{scales:?}");
}

#[test]
fn where_runs_end_the_mean_is_thin_and_it_is_said() {
    let three = &runs()[..3];
    let mut spec = spec(&["eval/l1"]);
    spec.by = vec!["params.n_layers".into()];
    let until = |run: usize| if run == 0 { 20 } else { 10 };
    let figure = build(
        &spec,
        three,
        &made(&spec, three, until, |run, s| (run as u64 + s) as f64),
    )
    .unwrap();
    let looks: Vec<Line> = lines(&figure).iter().map(|(_, l)| *l).collect();
    assert_eq!(looks, [Line::Thin, Line::Marked]);
    let Shape::Line { strands, .. } = &lines(&figure)[0].0.shape else {
        panic!("no line")
    };
    // The thin piece begins where the other ends.
    assert_eq!((strands[0][0][0], strands[0].len()), (10.0, 11));
    assert_eq!(
        figure.notes,
        ["n falls from 3 to 1 after step 10 (thin line): n_layers = 1 eval/l1"]
    );
    let csv = crate::export::csv::text(&figure).unwrap();
    let rows: Vec<&str> = csv.lines().filter(|l| l.contains(",mean,")).collect();
    assert_eq!(rows.len(), 20, "no place twice: {csv}");
    assert!(rows[9].ends_with(",3") && rows[10].ends_with(",1"), "{csv}");
}

#[test]
fn single_runs_promise_no_band() {
    let all = runs();
    let single = [all[0].clone(), all[3].clone()];
    let mut spec = spec(&["eval/l1"]);
    spec.by = vec!["params.n_layers".into()];
    assert_eq!(
        drawn(&spec, &single, 10).caption,
        "eval/l1 as means over runs by n_layers (n = 1)."
    );
    let many = drawn(&spec, &all, 10).caption;
    assert!(
        many.ends_with("(n = 3), bands: one standard deviation each way."),
        "{many}"
    );
}

#[test]
fn axes_that_show_nothing_are_refused() {
    let runs = runs();
    let mut spec = spec(&["eval/l1"]);
    spec.x_min = Some(1e9);
    let draw = |spec: &FigureSpec| build(spec, &runs, &loaded(spec, &runs, &plan(spec, &runs).unwrap(), 10));
    assert_eq!(
        draw(&spec).unwrap_err().to_string(),
        "there is nothing to draw: nothing of eval/l1 lies within x_min = 1000000000; the curves reach from step 80 to step 800"
    );
    (spec.x_min, spec.y_max) = (None, Some(-5.0));
    assert!(draw(&spec).is_err());
    // A line crosses although none of its points is inside.
    (spec.x_min, spec.x_max, spec.y_max) = (Some(90.0), Some(100.0), None);
    assert!(draw(&spec).is_ok());
}

#[test]
fn the_legend_shows_the_lines_that_are_drawn() {
    let two = &runs()[..2];
    let noise = |run: usize, step: u64| ((step * 7 + run as u64) % 11) as f64;
    let mut spec = spec(&["eval/l1", "eval/psnr"]);
    let mut loaded = made(&spec, two, |_| 400, noise);
    // One metric is calm: its curves would have dashes by themselves.
    let along = Along::of(spec.x, &two[0]);
    for curve in loaded.curves.iter_mut().filter(|c| c.key.as_str() == "eval/psnr") {
        let mut calm = raw(curve.run, &curve.key, 100);
        calm.values = (0..100).map(f64::from).collect();
        curve.plain = Reduced::of(&calm, &along, 0.0);
    }
    let figure = build(&spec, two, &loaded).unwrap();
    assert!(
        lines(&figure).iter().all(|(_, l)| *l == Line::Dense),
        "{:?}",
        lines(&figure)
    );
    let keys = |legend: &[Entry]| legend.iter().map(|e| e.key).collect::<Vec<_>>();
    assert_eq!(keys(&figure.legend), [Key::Unbroken, Key::Unbroken]);
    spec.metrics.truncate(1);
    let calm = build(
        &spec,
        two,
        &made(&spec, two, |_| 100, |run, s| (run as u64 + s) as f64),
    )
    .unwrap();
    assert_eq!(keys(&calm.legend), [Key::Line, Key::Line]);
}
