//! Charts.

use diptych_plots::spec::XAxis;

use crate::effect::Reply;
use crate::event::Event;
use crate::testing::{Bench, NOW};
use crate::theme::{Depth, Theme};

#[test]
fn the_cursor_stays_on_its_point_when_the_axis_changes() {
    let mut bench = Bench::full(200, 50);
    bench.keys("j j space j space 2 pgup pgup pgup h h z");
    let step = bench.state.images.step.expect("the cursor is inside");
    let width = |bench: &Bench| bench.state.charts.zoom.map(|(from, to)| to - from);
    let steps = width(&bench).unwrap();
    // Of the curve that the tests' runs have: each step takes a second, ten of them make an epoch.
    let created = bench.state.marked()[0].created;
    let wall = NOW - 3600.0 + step as f64;
    for (axis, place, per_step) in [
        (XAxis::Epoch, step as f64 / 10.0, 0.1),
        (XAxis::Relative, wall - created, 1.0),
        (XAxis::Wall, wall, 1.0),
        (XAxis::Step, step as f64, 1.0),
    ] {
        bench.keys("a");
        assert_eq!(bench.state.charts.options.axis, axis);
        let cursor = bench.state.charts.cursor.expect("it is kept");
        assert!((cursor - place).abs() < 1e-6, "{axis:?}: {cursor}, {place}");
        assert_eq!(bench.state.images.step, Some(step));
        let section = width(&bench).expect("the section is kept");
        // It is put on points, which are ten steps apart.
        assert!(
            (section - steps * per_step).abs() < 20.0 * per_step,
            "{axis:?}: {section}"
        );
    }
    // Keys that come before the curves have been read lose nothing.
    let before = bench.state.charts.cursor;
    for _ in 0..4 {
        bench.event(Event::Key("a".parse::<crate::keys::Chord>().unwrap().event()));
    }
    bench.answer();
    assert_eq!(bench.state.charts.cursor, before);
}

#[test]
fn a_legend_says_where_a_run_has_ended() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space j space 2");
    // One run has only half of the steps.
    let held = bench.state.charts.whole.values().next().unwrap().clone();
    let mut short = (**held.curve.as_ref().unwrap()).clone();
    short.raw.buckets.truncate(100);
    bench.reply(Reply::Curve(Box::new(held.request), Ok(short)));
    bench.answer();
    bench.keys("h h");
    let screen = bench.screen();
    assert!(screen.contains("– ended at 990"), "{screen}");
    assert_eq!(screen.matches("ended at").count(), 1, "{screen}");
    bench.keys("pgup pgup pgup pgup pgup pgup");
    assert!(!bench.screen().contains("ended at"), "{}", bench.screen());
}

#[test]
fn curves_without_colours_have_letters() {
    for depth in [Depth::None, Depth::Sixteen] {
        let mut bench = Bench::full(80, 24);
        bench.state.theme = Theme { depth };
        bench.keys("j j space j space j space 2");
        let screen = bench.screen();
        for letter in ["a━", "b━", "c━"] {
            assert!(screen.contains(letter), "{screen}");
        }
        // Each at its curve's end too, where the plot ends.
        let plot: Vec<&str> = screen.lines().skip(2).take(16).collect();
        for letter in ['a', 'b', 'c'] {
            assert!(
                plot.iter().any(|l| l.chars().skip(70).any(|c| c == letter)),
                "{letter}: {screen}"
            );
        }
    }
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space j space 2");
    assert!(!bench.screen().contains("a━"), "colours are enough");
}

#[test]
fn every_panel_has_its_legend() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut bench = Bench::full(width, height);
        bench.keys("j j space j space 2 M m \"psnr\" tab enter");
        assert_eq!(bench.screen().matches("━━").count() % 2, 0);
        let samples = bench
            .screen()
            .lines()
            .filter(|l| l.contains("━━ "))
            .map(|l| l.matches("━━ ").count())
            .sum::<usize>();
        assert_eq!(samples, 4, "{}", bench.screen());
    }
}

#[test]
fn one_run_is_one_run() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space 2");
    assert!(
        bench.screen().contains("1 run") && !bench.screen().contains("1 runs"),
        "{}",
        bench.screen()
    );
}

#[test]
fn panels_without_room_are_a_key_away() {
    let mut bench = Bench::full(80, 24);
    let every = [
        "eval/psnr",
        "health/D_accuracy",
        "loss/G_GAN",
        "loss/G_L1",
        "perf/data_wait",
    ];
    bench.state.charts.options.metrics = every.iter().map(|m| (*m).to_owned()).collect();
    bench.keys("j j space space space 2 M");
    let mut seen = Vec::new();
    for _ in 0..every.len() {
        let screen = bench.screen();
        assert!(screen.contains(" of 5 (] next)"), "{screen}");
        seen.extend(every.into_iter().filter(|m| screen.contains(*m)));
        bench.keys("]");
        if seen.len() == every.len() {
            break;
        }
    }
    assert_eq!(seen, every, "each once");
    bench.keys("[");
    assert!(
        bench.screen().contains(every[4]),
        "back from the first is the last"
    );
}

#[test]
fn more_curves_than_the_legend_has_lines_are_reached_by_focus() {
    let mut bench = Bench::full(80, 24);
    bench.keys("a 2");
    assert!(bench.screen().contains("more"), "{}", bench.screen());
    let names: Vec<String> = bench.state.shown().iter().map(|r| r.name.clone()).collect();
    let last = names.last().cloned().unwrap_or_default();
    let tail = &last[last.len() - 12..];
    assert!(!bench.screen().contains(tail), "{}", bench.screen());
    bench.keys("k");
    assert!(bench.screen().contains(tail), "{tail}: {}", bench.screen());
}

#[test]
fn beyond_the_end_of_the_first_run_the_images_are_those_of_the_cursor() {
    let mut bench = Bench::full(120, 40);
    bench.keys("j j space j space 2");
    // The first run has ended early.
    let first = bench.state.shown()[0].id.clone();
    for ((run, _), loaded) in &mut bench.state.charts.whole {
        if let (true, Ok(curve)) = (*run == first, &loaded.curve) {
            let mut short = curve.as_ref().clone();
            short.raw.buckets.truncate(10);
            loaded.curve = Ok(short.into());
        }
    }
    bench.keys("l pgup pgup");
    let cursor = bench.state.charts.cursor.unwrap_or_default();
    let step = bench.state.images.step.unwrap_or_default();
    assert!(
        cursor > 1000.0 && (cursor - step as f64).abs() <= 10.0,
        "{cursor} {step}"
    );
    // And the other way round.
    bench.keys("3 h 2");
    let step = bench.state.images.step.unwrap_or_default();
    let cursor = bench.state.charts.cursor.unwrap_or_default();
    assert!(
        step > 0 && (cursor - step as f64).abs() <= 10.0,
        "{cursor} {step}"
    );
}
