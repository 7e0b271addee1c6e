//! Runs, their filter, the ablation.

use diptych_domain::{MetricKey, RunStatus};

use super::change;
use crate::effect::Reply;
use crate::overlay::Overlay;
use crate::state::runs::News;
use crate::testing::{Bench, runs};

#[test]
fn the_ablation_follows_the_filter() {
    let mut bench = Bench::full(80, 24);
    bench.keys("4 / \"name:nothing\" enter");
    assert!(
        bench.screen().contains("no run matches the filter"),
        "{}",
        bench.screen()
    );
    bench.keys("/ ctrl-u \"status:finished\" enter");
    assert!(bench.screen().contains("psnr"), "{}", bench.screen());
    bench.keys("/ ctrl-u \"name:nothing\" esc");
    assert!(bench.screen().contains("psnr"), "{}", bench.screen());
}

#[test]
fn factors_that_no_listed_run_has_are_not_offered() {
    let mut bench = Bench::full(80, 24);
    let mut other = runs().remove(0);
    other.id = diptych_domain::RunId::from_stored("0188");
    (other.name, other.cells) = ("cycle".into(), Vec::new());
    other.spec.params.clear();
    other
        .spec
        .params
        .insert("lambda_idt".into(), diptych_domain::ParamValue::Float(0.5));
    bench.reply(Reply::Runs(Ok(News {
        changed: vec![other],
        remain: None,
        complete: true,
    })));
    let offered = |bench: &mut Bench| -> Vec<String> {
        bench.keys("4 r");
        let Some(Overlay::Choose(list)) = &bench.state.overlay else {
            panic!()
        };
        let names = list.items.iter().map(|i| i.value.clone()).collect();
        bench.keys("esc");
        names
    };
    assert!(offered(&mut bench).contains(&"params.lambda_idt".to_owned()));
    bench.keys("/ \"sweep:losses\" enter");
    let names = offered(&mut bench);
    assert!(names.contains(&"params.n_layers".to_owned()), "{names:?}");
    assert!(!names.contains(&"params.lambda_idt".to_owned()), "{names:?}");
}

#[test]
fn what_is_being_trained_is_not_deleted_and_said_in_full() {
    let mut bench = Bench::full(80, 24);
    change(&mut bench, |run| {
        if run.status == RunStatus::Running {
            run.name =
                "a-name-that-is-so-long-that-no-line-of-eighty-columns-has-room-for-it-and-more".into();
        }
    });
    bench.keys("D");
    assert!(bench.state.overlay.is_none(), "it is not asked");
    assert!(bench.effects.is_empty(), "{:?}", bench.effects);
    let screen = bench.screen();
    let foot: Vec<&str> = screen.lines().skip(22).collect();
    assert!(foot.join(" ").contains("t stops it first"), "{screen}");
    bench.keys("a D");
    assert!(bench.screen().contains("1 of the marked runs") || bench.screen().contains("stops it first"));
}

#[test]
fn a_mistyped_filter_keeps_the_rows() {
    let mut bench = Bench::full(80, 24);
    bench.keys("/ \"statis:finished\"");
    assert_eq!(bench.state.table.shown.len(), 10);
    assert!(bench.screen().contains("did you mean"), "{}", bench.screen());
    bench.keys("ctrl-u \"status:finished\"");
    assert_eq!(bench.state.table.shown.len(), 7);
    bench.keys("\"_ad:\"");
    assert!(bench.state.filter.error().is_some());
    assert_eq!(bench.state.table.shown.len(), 7);
}

#[test]
fn archived_runs_that_match_are_told_of() {
    let mut bench = Bench::full(80, 24);
    change(&mut bench, |run| run.archived = run.status == RunStatus::Diverged);
    bench.keys("/ \"status:diverged\"");
    assert!(
        bench
            .screen()
            .contains("1 archived run matches: add archived:true"),
        "{}",
        bench.screen()
    );
    bench.keys("enter");
    assert!(
        bench
            .screen()
            .contains("1 archived run matches: add archived:true"),
        "{}",
        bench.screen()
    );
    bench.keys("/ \"_archived:true\" enter");
    assert_eq!(bench.state.table.shown.len(), 1);
}

#[test]
fn times_to_go_are_told_once_the_speed_is_known() {
    let mut bench = Bench::full(200, 50);
    let speed = MetricKey::new("perf/step_seconds");
    change(&mut bench, |run| {
        if let Some(m) = run.metrics.get_mut(&speed) {
            m.count = 1;
        }
    });
    let run = bench.state.runs.all()[0].clone();
    assert_eq!(run.status, RunStatus::Running);
    assert_eq!(crate::views::runs::column::eta(&run), None);
    change(&mut bench, |run| {
        if let Some(m) = run.metrics.get_mut(&speed) {
            m.count = 3;
        }
    });
    assert_eq!(
        crate::views::runs::column::eta(&bench.state.runs.all()[0]),
        Some(195.0)
    );
}

#[test]
fn factors_of_different_sweeps_are_not_set_against_each_other() {
    let mut bench = Bench::full(80, 24);
    // Another sweep, over the learning rate.
    let others = (0..6).map(|i| {
        let mut run = runs().remove(3);
        run.id = diptych_domain::RunId::from_stored(format!("018{i}"));
        let rate = [1e-4, 2e-4, 4e-4][i / 2];
        run.spec.optim.lr = rate;
        run.cells = vec![diptych_domain::SweepCell {
            sweep: "rates".into(),
            factors: vec![("optim.lr".into(), diptych_domain::ParamValue::Float(rate))],
        }];
        run
    });
    bench.reply(Reply::Runs(Ok(News {
        changed: others.collect(),
        remain: None,
        complete: true,
    })));
    bench.keys("4");
    let Some(Ok(grid)) = &bench.state.ablation.grid else {
        panic!()
    };
    let cells = grid.cells.iter().flatten();
    let (filled, all) = (cells.clone().flatten().count(), cells.count());
    assert!(
        3 * filled >= 2 * all,
        "{filled} of {all}: {:?} {:?}",
        grid.row_factor,
        grid.col_factor
    );
}
