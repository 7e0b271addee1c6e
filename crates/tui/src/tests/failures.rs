//! What goes wrong is shown where it belongs, and the rest goes on.

use diptych_domain::RunId;

use crate::effect::{Effect, Reply};
use crate::event::Event;
use crate::state::runs::News;
use crate::testing::{Bench, NOW, runs};

#[test]
fn a_vanished_database_is_told_and_what_was_read_stays() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut bench = Bench::full(width, height);
        bench.reply(Reply::Runs(Err(
            "the database /home/diptych.db is gone; what was read before is still shown".into(),
        )));
        let screen = bench.screen();
        insta::assert_snapshot!(format!("vanished_{width}x{height}"), screen);
        bench.reply(Reply::Runs(Ok(News {
            complete: true,
            ..News::default()
        })));
        assert!(!bench.screen().contains("is gone"));
    }
    let mut bench = Bench::fresh(80, 24);
    bench.reply(Reply::Runs(Err("the database /home/diptych.db is gone".into())));
    assert!(bench.screen().contains("is gone"), "{}", bench.screen());
}

#[test]
fn a_database_that_does_not_answer_is_told() {
    let mut bench = Bench::full(80, 24);
    bench.event(Event::Tick(NOW + 1.0));
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::LoadRuns)));
    bench.event(Event::Tick(NOW + 4.0));
    assert!(
        bench.screen().contains("waiting for the database, 3 s"),
        "{}",
        bench.screen()
    );
    let asked = bench
        .effects
        .iter()
        .filter(|e| matches!(e, Effect::LoadRuns))
        .count();
    assert_eq!(asked, 1, "it is not asked again before it has answered");
}

#[test]
fn a_deleted_run_goes_and_its_details_say_so() {
    let mut bench = Bench::full(200, 50);
    bench.keys("j j space");
    let gone: RunId = bench.state.marks[0].clone();
    bench.reply(Reply::Details(
        bench.state.table.details.asked.clone().unwrap(),
        Err("this run has been deleted".into()),
    ));
    assert!(bench.screen().contains("this run has been deleted"));
    let remain = runs()
        .into_iter()
        .map(|r| r.id)
        .filter(|id| *id != gone)
        .collect();
    bench.reply(Reply::Runs(Ok(News {
        remain: Some(remain),
        complete: true,
        ..News::default()
    })));
    bench.answer();
    assert!(bench.state.marked().is_empty());
    bench.keys("2 3 4 5 1");
    assert_eq!(bench.state.table.shown.len(), 9);
    assert!(bench.screen().contains("9 of 9 runs"));
}

#[test]
fn a_corrupt_image_and_a_damaged_curve_are_shown_in_their_places() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space j space 3");
    let (request, slot) = bench
        .state
        .images
        .pictures
        .iter_mut()
        .next()
        .map(|(r, s)| (r.clone(), s))
        .unwrap();
    *slot = (0, Err("probe-00-output.png: unexpected end of file".into()));
    assert!(request.files.len() == 1);
    assert!(bench.screen().contains("unexpected"), "{}", bench.screen());
    bench.keys("2");
    let request = bench.state.charts.whole.values().next().unwrap().request.clone();
    bench.reply(Reply::Curve(
        Box::new(request),
        Err("the database: chunk 3 of metric 7 is damaged".into()),
    ));
    assert!(bench.screen().contains("is damaged"), "{}", bench.screen());
}

#[test]
fn what_could_not_be_done_is_said_at_the_foot() {
    let mut bench = Bench::full(80, 24);
    bench.reply(Reply::Failed(
        "run x is being trained by process 7 on tower".into(),
    ));
    assert!(bench.screen().lines().last().unwrap().contains("process 7"));
    bench.event(Event::Tick(NOW + 60.0));
    assert!(bench.screen().lines().last().unwrap().contains("quit"));
}
