//! Runs, their filter, the ablation.

use diptych_domain::{MetricKey, RunStatus};

use super::change;
use crate::effect::{Effect, Reply};
use crate::overlay::Overlay;
use crate::state::runs::News;
use crate::testing::{Bench, NOW, runs};

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
    assert_eq!(bench.state.runs.to_go(&run), None);
    change(&mut bench, |run| {
        if let Some(m) = run.metrics.get_mut(&speed) {
            m.count = 3;
        }
    });
    assert_eq!(bench.state.runs.to_go(&bench.state.runs.all()[0]), Some(195.0));
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

#[test]
fn marked_runs_are_tagged_at_once() {
    let mut bench = Bench::full(80, 24);
    let ids: Vec<_> = bench.state.runs.all()[2..5]
        .iter()
        .map(|r| r.id.clone())
        .collect();
    change(&mut bench, |run| {
        run.tags = vec!["own".into()];
        if ids.contains(&run.id) {
            run.tags = vec!["night".into()];
        }
        if run.id == ids[0] {
            run.tags.push("extra".into());
        }
    });
    bench.keys("j j space space space k T");
    assert!(
        bench.screen().contains("Tags of 3 marked runs"),
        "{}",
        bench.screen()
    );
    bench.keys("ctrl-u \"paper,_figure\" enter");
    let (_, what) = super::submitted(&mut bench);
    let Effect::SetTags { runs, add, remove } = what else {
        panic!("{what:?}")
    };
    assert_eq!(runs, ids);
    // What only one of them had stays.
    assert_eq!(
        (add, remove),
        (vec!["paper".into(), "figure".into()], vec!["night".to_owned()])
    );
}

#[test]
fn marked_runs_are_archived_at_once_and_brought_back() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space space k A");
    let archived = |bench: &mut Bench| {
        let at = bench
            .effects
            .iter()
            .position(|e| matches!(e, Effect::SetArchived(..)));
        match bench.effects.remove(at.expect("it was asked for")) {
            Effect::SetArchived(runs, archived) => (runs, archived),
            _ => unreachable!("it was looked for"),
        }
    };
    let (runs, aside) = archived(&mut bench);
    assert_eq!((runs.len(), aside), (2, true));
    assert!(bench.state.marks.is_empty(), "what is out of sight is not marked");
    change(&mut bench, |run| run.archived = runs.contains(&run.id));
    bench.keys("/ \"archived:true\" enter a A");
    let (back, aside) = archived(&mut bench);
    assert_eq!((back.len(), aside), (2, false));
    // One that is not among the marked ones is meant alone.
    bench.keys("\\ u g space j A");
    let (one, _) = archived(&mut bench);
    assert_eq!(one.len(), 1);
}

#[test]
fn times_to_go_do_not_jump() {
    let mut bench = Bench::full(80, 24);
    let speed = MetricKey::new("perf/step_seconds");
    let id = bench.state.runs.all()[0].id.clone();
    let mut told: Vec<f64> = Vec::new();
    for second in 1..90_u64 {
        bench.event(crate::event::Event::Tick(NOW + second as f64));
        // Half a second a step, but what the run says of its latest step goes up and down.
        let latest = if second % 2 == 0 { 0.1 } else { 0.9 };
        change(&mut bench, |run| {
            if run.id == id {
                run.step = 1220 + second * 2;
                run.metrics.get_mut(&speed).expect("it has a speed").last = latest;
            }
        });
        let run = bench.state.runs.get(&id).expect("it is there");
        told.push(bench.state.runs.to_go(run).expect("it is known"));
    }
    for pair in told[20..].windows(2) {
        assert!((pair[0] - pair[1] - 1.0).abs() < 1.0, "{pair:?}");
    }
}

#[test]
fn alarms_leave_room_for_what_else_there_is_to_see() {
    let mut bench = Bench::full(120, 40);
    let run = bench.state.runs.all()[3].id.clone();
    change(&mut bench, |run| {
        for set in ["histogram_intersection_A", "histogram_intersection_B"] {
            let psnr = run.metrics.get(&MetricKey::eval("psnr")).cloned();
            run.metrics.extend(psnr.map(|m| (MetricKey::eval(set), m)));
        }
    });
    bench.keys("j j j enter");
    let Some((_, Ok(page))) = bench.state.table.details.page.clone() else {
        panic!("the page is there")
    };
    let mut page = page;
    let alarm = page.events.iter().find(|e| e.kind == "health").cloned();
    for step in 0..12 {
        let mut alarm = alarm.clone().expect("there is an alarm");
        alarm.step = step;
        alarm.detail = Some("it tells every image apart since step 5 (health/D_accuracy is 0.99)".into());
        page.events.push(alarm);
    }
    bench.state.table.details.asked = Some(run.clone());
    bench.reply(Reply::Details(run, Ok(page)));
    let screen = bench.screen();
    let found = [
        "overview settings metrics history machine log",
        "histogram_intersection_A ",
        "11 earlier: see history",
    ];
    for text in found {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    assert!(!screen.contains("(health/D_accuracy"), "{screen}");
    // Of measures with long names the ends tell them apart, in the list of all too.
    bench.keys("l l");
    let metrics = bench.screen();
    assert!(
        metrics.contains("ersection_A") && metrics.contains("ersection_B"),
        "{metrics}"
    );
    assert!(
        metrics.contains("best/min"),
        "what has no better end is not called best: {metrics}"
    );
    bench.keys("h h");
    assert!(screen.find("Evaluation") < screen.find("Health"), "{screen}");
}

#[test]
fn an_empty_home_says_which_it_is() {
    let bench = Bench::empty(80, 24);
    let screen = bench.screen();
    assert!(screen.lines().any(|l| l.trim() == "/home"), "{screen}");
}
