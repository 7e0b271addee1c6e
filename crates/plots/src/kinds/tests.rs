//! Figures of made runs: what is in them, and what is said of what is not.

use diptych_domain::MetricKey;

use super::*;
use crate::figure::{Ink, Line, Shape, Values};
use crate::series::Raw;
use crate::spec::{Band, Panels, XAxis};
use crate::testing::{loaded, raw, run, runs};

fn drawn(spec: &FigureSpec, runs: &[RunSummary], points: u64) -> Figure {
    let requests = plan(spec, runs).unwrap();
    build(spec, runs, &loaded(spec, runs, &requests, points)).unwrap()
}

fn curves(metrics: &[&str]) -> FigureSpec {
    let mut spec = FigureSpec::new(Kind::Curves);
    spec.metrics = metrics.iter().map(|m| (*m).to_owned()).collect();
    spec
}

fn lines(figure: &Figure) -> Vec<usize> {
    let is_line = |m: &&crate::figure::Mark| matches!(m.shape, Shape::Line { .. });
    figure
        .panels()
        .iter()
        .map(|p| p.marks.iter().filter(is_line).count())
        .collect()
}

#[test]
fn curves_in_panels_by_metric_by_group_and_together() {
    let runs = runs();
    let mut spec = curves(&["eval/l1", "eval/psnr"]);
    assert_eq!(plan(&spec, &runs).unwrap().len(), 18);
    let figure = drawn(&spec, &runs, 10);
    assert_eq!((lines(&figure), figure.legend.len()), (vec![9, 9], 9));
    assert_eq!(figure.caption, "eval/l1 and eval/psnr of 9 runs.");

    spec.by = vec!["params.n_layers".into()];
    let figure = drawn(&spec, &runs, 10);
    assert_eq!(lines(&figure), [3, 3]);
    let labels: Vec<&str> = figure.legend.iter().map(|e| e.label.as_str()).collect();
    assert_eq!(labels, ["n_layers = 1", "n_layers = 3", "n_layers = 5"]);
    assert!(
        figure
            .caption
            .contains("(n = 3), bands: one standard deviation each way"),
        "{}",
        figure.caption
    );
    let bands = figure.panels()[0]
        .marks
        .iter()
        .filter(|m| matches!(m.shape, Shape::Band { .. }))
        .count();
    assert_eq!(bands, 3);

    spec.panels = Panels::Group;
    assert_eq!(lines(&drawn(&spec, &runs, 10)), [2, 2, 2]);
    spec.panels = Panels::None;
    let figure = drawn(&spec, &runs, 10);
    assert_eq!(
        (lines(&figure), figure.legend[3].label.as_str()),
        (vec![6], "n_layers = 1, eval/psnr")
    );
}

#[test]
fn means_are_those_of_the_runs() {
    let runs = runs();
    let mut spec = curves(&["eval/l1"]);
    spec.by = vec!["params.n_layers".into()];
    let figure = drawn(&spec, &runs, 4);
    let key = MetricKey::eval("l1");
    let first = (0..3).map(|r| raw(r, &key, 4).values[0]).sum::<f64>() / 3.0;
    let Some(Shape::Line { strands, line }) = figure.panels()[0]
        .marks
        .iter()
        .map(|m| &m.shape)
        .find(|s| matches!(s, Shape::Line { .. }))
    else {
        panic!("no line");
    };
    assert!((strands[0][0][1] - first).abs() < 1e-12);
    assert_eq!((strands[0].len(), *line), (4, Line::Marked));
}

#[test]
fn smoothing_leaves_what_was_smoothed_faint_behind() {
    let runs = &runs()[..1];
    let mut spec = curves(&["loss/G_GAN"]);
    spec.smoothing = 0.8;
    let figure = drawn(&spec, runs, 400);
    let looks: Vec<Line> = figure.panels()[0]
        .marks
        .iter()
        .filter_map(|m| match &m.shape {
            Shape::Line { line, .. } => Some(*line),
            _ => None,
        })
        .collect();
    assert_eq!(looks, [Line::Faint, Line::Main]);
    assert!(
        figure.caption.ends_with("smoothed (moving average, weight 0.8)."),
        "{}",
        figure.caption
    );
    assert!(figure.legend.is_empty());
}

#[test]
fn axes_follow_what_curves_run_along() {
    let runs = runs();
    for (axis, values, title) in [
        (XAxis::Step, Values::Whole, "step"),
        (XAxis::Epoch, Values::Numbers, "epoch"),
        (XAxis::Relative, Values::Duration, "time (min)"),
    ] {
        let mut spec = curves(&["eval/l1"]);
        spec.x = axis;
        let figure = drawn(&spec, &runs, 20);
        let x = &figure.panels()[0].x;
        assert_eq!((&x.values, x.title().as_str()), (&values, title));
    }
    let mut spec = curves(&["eval/l1"]);
    spec.x = XAxis::Epoch;
    assert_eq!(drawn(&spec, &runs, 20).panels()[0].x.scale.high, 20.0);
}

#[test]
fn a_metric_that_nobody_logged_is_refused_with_the_nearest() {
    let error = plan(&curves(&["eval/l2"]), &runs()).unwrap_err().to_string();
    assert!(error.contains("did you mean `eval/l1`?"), "{error}");
    let error = plan(&curves(&["psnr"]), &runs()).unwrap_err().to_string();
    assert!(error.contains("did you mean `eval/psnr`?"), "{error}");
    assert!(matches!(plan(&curves(&[]), &[]), Err(FigureError::NoRuns)));
}

#[test]
fn runs_without_common_steps_are_drawn_one_by_one() {
    let runs = &runs()[..2];
    let mut spec = curves(&["eval/l1"]);
    spec.by = vec!["params.n_layers".into()];
    let mut loaded = loaded(&spec, runs, &plan(&spec, runs).unwrap(), 10);
    loaded.curves[1]
        .plain
        .buckets
        .iter_mut()
        .for_each(|b| (b.x, b.x_min, b.x_max) = (b.x + 1.0, b.x_min + 1.0, b.x_max + 1.0));
    let figure = build(&spec, runs, &loaded).unwrap();
    assert_eq!(lines(&figure), [2]);
    assert_eq!(
        figure.notes,
        ["No steps in common, so drawn one by one: n_layers = 1 eval/l1"]
    );
}

#[test]
fn what_is_not_finite_leaves_gaps_and_is_counted() {
    let runs = &runs()[..1];
    let spec = curves(&["eval/l1"]);
    let requests = plan(&spec, runs).unwrap();
    let mut points = raw(0, &requests[0].key, 10);
    (points.values[3], points.values[7]) = (f64::NAN, f64::INFINITY);
    let along = crate::series::Along::of(spec.x, &runs[0]);
    let of = |raw: &Raw| Loaded {
        curves: vec![Curve {
            run: 0,
            key: requests[0].key.clone(),
            plain: Reduced::of(raw, &along, 0.0),
            smooth: None,
        }],
        alarms: Vec::new(),
    };
    let figure = build(&spec, runs, &of(&points)).unwrap();
    let Shape::Line { strands, .. } = &figure.panels()[0].marks[0].shape else {
        panic!("no line")
    };
    assert_eq!(strands.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 2]);
    assert_eq!(figure.notes, ["2 values are not finite and leave gaps"]);
    points.values.fill(f64::NAN);
    let error = build(&spec, runs, &of(&points)).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is nothing to draw: no finite value of eval/l1 in n1-seed1"
    );
}

#[test]
fn one_point_is_a_figure() {
    let runs = &runs()[..1];
    for axis in [XAxis::Step, XAxis::Epoch, XAxis::Relative, XAxis::Wall] {
        let mut spec = curves(&["eval/l1"]);
        spec.x = axis;
        let figure = drawn(&spec, runs, 1);
        let panel = &figure.panels()[0];
        assert!(panel.x.scale.low < panel.x.scale.high && panel.y.scale.low < panel.y.scale.high);
    }
}

#[test]
fn of_ten_thousand_runs_it_is_said_what_is_left_out() {
    let one = run(0, "r", 1, 1);
    let many: Vec<RunSummary> = (0..10_000)
        .map(|i| RunSummary {
            name: format!("r{i}"),
            ..one.clone()
        })
        .collect();
    let spec = curves(&["eval/l1"]);
    assert_eq!(plan(&spec, &many).unwrap().len(), 40);
    let figure = drawn(&spec, &many, 10);
    assert_eq!(
        figure.notes[0],
        "The first 40 of 10000 runs are shown; 9960 left out (limit = N shows more)"
    );
    assert_eq!(figure.runs, 40);
}

#[test]
fn logarithmic_axes_leave_out_what_has_no_place() {
    let runs = &runs()[..1];
    let mut spec = curves(&["eval/l1"]);
    spec.log_y = true;
    spec.log_x = true;
    let mut loaded = loaded(&spec, runs, &plan(&spec, runs).unwrap(), 10);
    let bucket = &mut loaded.curves[0].plain.buckets[4];
    (bucket.min, bucket.max, bucket.sum) = (0.0, 0.0, 0.0);
    let figure = build(&spec, runs, &loaded).unwrap();
    assert!(figure.panels()[0].y.scale.low > 0.0 && figure.panels()[0].x.scale.low > 0.0);
    assert!(
        figure.notes[0].starts_with("Values of 0 or less"),
        "{:?}",
        figure.notes
    );
}

#[test]
fn an_ablation_has_its_means_its_seeds_and_its_baseline() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Ablation);
    assert!(
        build(&spec, &runs, &Loaded::default())
            .unwrap_err()
            .to_string()
            .contains("by = [\"params.n_layers\"]")
    );
    spec.by = vec!["params.n_layers".into()];
    spec.metrics = vec!["eval/l1".into(), "eval/psnr.best".into()];
    spec.against = Some("3".into());
    spec.band = Band::Ci;
    let figure = drawn(&spec, &runs, 0);
    assert_eq!(figure.panels().len(), 2);
    let panel = &figure.panels()[0];
    assert_eq!(
        panel.y.values,
        Values::Categories(vec!["1".into(), "3".into(), "5".into()])
    );
    let intervals: Vec<([f64; 2], Option<[f64; 2]>)> = panel
        .marks
        .iter()
        .filter_map(|m| match m.shape {
            Shape::Interval { at, ends, .. } => Some((at, ends)),
            _ => None,
        })
        .collect();
    assert_eq!(intervals.len(), 3);
    // 0.30 - 0.03 * 1 + 0.007 * 2; of three seeds the interval is their range.
    assert!((intervals[0].0[0] - 0.284).abs() < 1e-12);
    let [low, high] = intervals[0].1.unwrap();
    assert!((low - 0.277).abs() < 1e-12 && (high - 0.291).abs() < 1e-12);
    assert_eq!(figure.panels()[1].x.label, "eval/psnr (best)");
    spec.against = Some("4".into());
    assert!(
        build(&spec, &runs, &Loaded::default())
            .unwrap_err()
            .to_string()
            .starts_with("against 4: ")
    );
}

#[test]
fn an_ablation_promises_no_interval_that_it_does_not_have() {
    let mut spec = FigureSpec::new(Kind::Ablation);
    (spec.by, spec.metrics) = (vec!["params.n_layers".into()], vec!["eval/l1".into()]);
    let labels = |figure: &Figure| figure.legend.iter().map(|e| e.label.clone()).collect::<Vec<_>>();
    let all = runs();
    assert_eq!(
        labels(&drawn(&spec, &all, 0)),
        ["mean and one standard deviation each way", "a seed"]
    );
    let single = [all[0].clone(), all[3].clone()];
    let figure = drawn(&spec, &single, 0);
    assert_eq!(labels(&figure), ["mean"]);
    assert!(
        figure
            .notes
            .contains(&"There are no intervals: every group has one run".to_owned()),
        "{:?}",
        figure.notes
    );
    spec.y_min = Some(7.0);
    let error = build(&spec, &all, &Loaded::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is nothing to draw: No mean of eval/l1.last lies within y_min = 7"
    );
    spec.y_min = None;
    // Another setting varies in the groups: their points are no seeds.
    let mut mixed = all.clone();
    for (i, run) in mixed.iter_mut().enumerate() {
        run.spec
            .params
            .insert("ngf".into(), diptych_domain::ParamValue::Int(4 + i as i64 % 3));
    }
    let figure = drawn(&spec, &mixed, 0);
    assert_eq!(labels(&figure)[1], "a run");
    assert!(figure.caption.ends_with("points: runs."), "{}", figure.caption);
    assert!(
        figure.notes.iter().any(|n| n.starts_with("params.ngf varies")),
        "{:?}",
        figure.notes
    );
}

#[test]
fn groups_stand_in_the_order_of_their_sweep_in_every_kind() {
    let mut all = runs();
    for run in &mut all {
        let (seed, layers) = (run.spec.seed, run.spec.params["n_layers"].clone());
        let loss = match layers.to_string().as_str() {
            "1" => "L1",
            "3" => "GAN",
            _ => "cGAN",
        };
        run.cells[0].factors = vec![
            ("seed".into(), diptych_domain::ParamValue::Int(seed as i64)),
            ("loss".into(), diptych_domain::ParamValue::Text(loss.into())),
        ];
    }
    // The oldest run of the first variant is archived, and the newest come first.
    all.remove(0);
    all.reverse();
    let order = ["L1", "GAN", "cGAN"];
    let mut spec = curves(&["eval/l1"]);
    spec.by = vec!["loss".into()];
    let names = |figure: &Figure| figure.legend.iter().map(|e| e.label.clone()).collect::<Vec<_>>();
    assert_eq!(names(&drawn(&spec, &all, 10)), order);
    spec.kind = Kind::Scatter;
    spec.params = vec!["optim.lr".into()];
    assert_eq!(names(&drawn(&spec, &all, 0)), order);
    spec.params.clear();
    spec.kind = Kind::Histogram;
    let titles: Vec<String> = drawn(&spec, &all, 0)
        .panels()
        .iter()
        .filter_map(|p| p.title.clone())
        .collect();
    assert_eq!(titles, ["L1 (n = 2)", "GAN (n = 3)", "cGAN (n = 3)"]);
    spec.kind = Kind::Ablation;
    assert_eq!(
        drawn(&spec, &all, 0).panels()[0].y.values,
        Values::Categories(order.map(str::to_owned).to_vec())
    );
}

#[test]
fn runs_of_several_models_share_parallel_axes() {
    let mut all = runs();
    for run in &mut all[6..] {
        run.model = "cyclegan".into();
        run.spec.params.remove("n_layers");
    }
    let mut spec = FigureSpec::new(Kind::Parallel);
    spec.metrics = vec!["eval/l1".into()];
    let figure = drawn(&spec, &all, 0);
    assert_eq!(lines(&figure), [9]);
    assert!(
        figure
            .notes
            .contains(&"Only some of the runs have, so left out: params.n_layers".to_owned()),
        "{:?}",
        figure.notes
    );
    // Asked for, they are drawn, and the lines of those without have gaps.
    spec.params = ["optim.lr", "params.n_layers", "params.norm"]
        .map(str::to_owned)
        .to_vec();
    let figure = drawn(&spec, &all, 0);
    let strands: Vec<usize> = figure.panels()[0]
        .marks
        .iter()
        .filter_map(|m| match &m.shape {
            Shape::Line { strands, .. } => Some(strands.len()),
            _ => None,
        })
        .collect();
    assert_eq!(
        (strands.len(), strands.iter().filter(|n| **n == 2).count()),
        (9, 3)
    );
    assert_eq!(
        figure.notes,
        ["3 of 9 runs lack a setting: their lines have gaps"]
    );
}

#[test]
fn every_setting_that_is_asked_for_gets_a_panel() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Scatter);
    spec.metrics = vec!["eval/l1".into()];
    spec.params = vec!["optim.lr".into(), "params.n_layers".into()];
    let figure = drawn(&spec, &runs, 0);
    let labels: Vec<&str> = figure.panels().iter().map(|p| p.x.label.as_str()).collect();
    assert_eq!(labels, ["lr", "n_layers"]);
    assert_eq!(figure.notes[0], "These vary too: params.norm");
    spec.x_min = Some(1e6);
    let error = build(&spec, &runs, &Loaded::default()).unwrap_err().to_string();
    assert!(
        error.contains("No run has both optim.lr and a finite eval/l1.last within x_min = 1000000"),
        "{error}"
    );
}

#[test]
fn alarms_of_several_runs_name_them_and_have_their_colours() {
    let runs = runs();
    let spec = FigureSpec::new(Kind::Health);
    let mut loaded = loaded(&spec, &runs, &plan(&spec, &runs).unwrap(), 40);
    let alarm = |run: usize| Alarm {
        run,
        x: 300.0,
        message: "outputs have collapsed since step 300: they hardly differ".into(),
    };
    // The ninth run is not shown, and neither is its alarm.
    loaded.alarms = vec![alarm(1), alarm(8)];
    let figure = build(&spec, &runs, &loaded).unwrap();
    assert_eq!(
        figure.notes,
        [
            "The first 8 of 9 runs are shown; 1 left out (limit = N shows more)",
            "1 alarm: n1-seed2 (outputs have collapsed since step 300)"
        ]
    );
    let first = &figure.panels()[0].marks[0];
    assert!(matches!(first.shape, Shape::RuleX { .. }));
    assert_eq!(
        (first.ink, first.name.starts_with("n1-seed2: ")),
        (Ink::Slot(1), true)
    );
    let mut all = spec.clone();
    all.limit = 9;
    assert_eq!(
        plan(&all, &runs).unwrap().len(),
        36,
        "more where more are asked for"
    );
}

#[test]
fn settings_against_metrics() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Scatter);
    spec.metrics = vec!["eval/psnr".into()];
    spec.params = vec!["optim.lr".into()];
    spec.by = vec!["params.norm".into()];
    let figure = drawn(&spec, &runs, 0);
    assert_eq!((figure.runs, figure.legend.len()), (9, 2));
    assert!(
        figure.notes[0] == "These vary too: params.n_layers"
            && figure.notes[1].starts_with("Spearman's rank correlation of optim.lr with eval/psnr is 0.95"),
        "{:?}",
        figure.notes
    );

    spec.kind = Kind::Parallel;
    spec.params.clear();
    spec.by.clear();
    let figure = drawn(&spec, &runs, 0);
    let verticals = figure.panels()[0]
        .marks
        .iter()
        .filter(|m| matches!(m.shape, Shape::Vertical { .. }))
        .count();
    assert_eq!((verticals, lines(&figure)), (4, vec![9]));

    spec.kind = Kind::Correlation;
    let figure = drawn(&spec, &runs, 0);
    let bars = figure.panels()[0]
        .marks
        .iter()
        .filter(|m| matches!(m.shape, Shape::Bar { .. }))
        .count();
    assert_eq!(bars, 3);

    spec.kind = Kind::Histogram;
    spec.by.clear();
    spec.bins = 4;
    let figure = drawn(&spec, &runs, 0);
    let counts: f64 = figure.panels()[0]
        .marks
        .iter()
        .map(|m| match m.shape {
            Shape::Bar { along, .. } => along[1] - along[0],
            _ => 0.0,
        })
        .sum();
    assert_eq!(counts, 9.0);
    spec.params = vec!["params.n_layrs".into()];
    (spec.kind, spec.bins) = (Kind::Scatter, 0);
    assert!(
        build(&spec, &runs, &Loaded::default())
            .unwrap_err()
            .to_string()
            .contains("did you mean `params.n_layers`?")
    );
}

#[test]
fn health_shows_alarms() {
    let runs = &runs()[..1];
    let spec = FigureSpec::new(Kind::Health);
    let requests = plan(&spec, runs).unwrap();
    assert_eq!(requests.len(), 4);
    let mut loaded = loaded(&spec, runs, &requests, 40);
    loaded.alarms.push(Alarm {
        run: 0,
        x: 300.0,
        message: "the discriminator wins since step 300".into(),
    });
    let figure = build(&spec, runs, &loaded).unwrap();
    let labels: Vec<String> = figure.panels().iter().map(|p| p.y.title()).collect();
    assert_eq!(labels, ["adversarial loss", "accuracy", "gradient norm"]);
    assert!(matches!(figure.panels()[0].marks[0].shape, Shape::RuleX { x } if x == 300.0));
    assert_eq!(figure.notes, ["1 alarm: the discriminator wins since step 300"]);
    // Two networks may have the same alarm.
    loaded.alarms[0].message =
        "the gradient has vanished since step 42: nothing is learnt (health/grad_D is 9.85e-8, alarm below 1e-7)".into();
    let figure = build(&spec, &runs[..1], &loaded).unwrap();
    assert_eq!(
        figure.notes,
        ["1 alarm: the gradient has vanished since step 42 (grad_D)"]
    );
}

#[test]
fn groups_without_points_take_no_colour_in_a_scatter() {
    let mut all: Vec<RunSummary> = (0..12).map(|i| run(i, &format!("r{i}"), 1, i as i64)).collect();
    all[..3].iter_mut().for_each(|r| r.metrics.clear());
    let mut spec = FigureSpec::new(Kind::Scatter);
    (spec.params, spec.metrics) = (vec!["optim.lr".into()], vec!["eval/l1".into()]);
    spec.by = vec!["params.n_layers".into()];
    let figure = drawn(&spec, &all, 0);
    let labels: Vec<&str> = figure.legend.iter().map(|e| e.label.as_str()).collect();
    assert_eq!(
        (labels[0], labels[8], labels.len()),
        ("n_layers = 3", "+1 group in grey", 9)
    );
    let coloured = figure.panels()[0]
        .marks
        .iter()
        .filter(|m| m.ink != Ink::Rest)
        .count();
    assert_eq!(coloured, 8);
}

#[test]
fn labels_stand_wherever_a_name_would() {
    let runs = runs();
    let mut spec = FigureSpec::new(Kind::Ablation);
    spec.by = vec!["params.n_layers".into()];
    spec.against = Some("first".into());
    spec.metrics = vec!["eval/l1".into()];
    let label = |spec: &mut FigureSpec, name: &str, text: &str| spec.labels.insert(name.into(), text.into());
    label(&mut spec, "eval/l1", "L1 error");
    label(&mut spec, "1", "16 px");
    label(&mut spec, "params.n_layers", "patch");
    let figure = drawn(&spec, &runs, 0);
    let panel = &figure.panels()[0];
    assert_eq!(
        (panel.x.label.as_str(), panel.y.label.as_str()),
        ("L1 error", "patch")
    );
    assert_eq!(
        panel.y.values,
        Values::Categories(vec!["16 px".into(), "3".into(), "5".into()])
    );
    assert!(
        figure.legend.iter().any(|e| e.label == "baseline: 16 px"),
        "{:?}",
        figure.legend
    );

    let mut spec = FigureSpec::new(Kind::Curves);
    (spec.by, spec.metrics) = (
        vec!["params.n_layers".into()],
        vec!["eval/l1".into(), "eval/psnr".into()],
    );
    spec.panels = Panels::None;
    label(&mut spec, "n_layers = 3", "70 px");
    label(&mut spec, "eval/psnr", "PSNR");
    let figure = drawn(&spec, &runs, 10);
    assert!(
        figure.legend.iter().any(|e| e.label == "70 px, PSNR"),
        "{:?}",
        figure.legend
    );

    label(&mut spec, "eval/psrn", "PSNR");
    spec.panels = Panels::Metric;
    let requests = plan(&spec, &runs).unwrap();
    let error = build(&spec, &runs, &loaded(&spec, &runs, &requests, 10))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("label eval/psrn: nothing in the figure is called that"),
        "{error}"
    );
    assert!(error.contains("did you mean `eval/psnr`?"), "{error}");
    let text = spec.to_toml();
    assert_eq!(crate::spec::from_toml("f.toml", &text).unwrap(), spec, "{text}");
}
