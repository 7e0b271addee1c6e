//! What views and actions do to each other.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::effect::Effect;
use crate::event::Event;
use crate::host::Job;
use crate::session::Session;
use crate::state::View;
use crate::testing::{Bench, runs};

fn started(bench: &Bench) -> Vec<&Job> {
    let jobs = bench.effects.iter().filter_map(|e| match e {
        Effect::Start(job) => Some(job.as_ref()),
        Effect::Submit(_, what) => match what.as_ref() {
            Effect::Start(job) => Some(job.as_ref()),
            _ => None,
        },
        _ => None,
    });
    jobs.collect()
}

#[test]
fn the_missing_cell_is_queued_with_its_rows_and_columns_settings() {
    let mut bench = Bench::full(80, 24);
    bench.keys("4");
    let Some(Ok(grid)) = &bench.state.ablation.grid else {
        panic!()
    };
    assert_eq!(
        (grid.rows.len(), grid.cols.len()),
        (2, 3),
        "{:?} {:?}",
        grid.rows,
        grid.cols
    );
    bench.keys("j l l n");
    assert!(bench.screen().contains("Queue 2 runs"), "{}", bench.screen());
    bench.keys("y");
    let jobs = started(&bench);
    let [Job::Queue(wanted)] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    let specs: Vec<_> = wanted
        .iter()
        .map(|w| {
            (
                w.spec.seed,
                w.spec.params["n_layers"].to_string(),
                w.spec.params["lambda_gan"].to_string(),
            )
        })
        .collect();
    assert_eq!(
        specs,
        [(1, "5".into(), "1.0".into()), (2, "5".into(), "1.0".into())]
    );
    let cell = wanted[0].cell.as_ref().unwrap();
    assert_eq!(
        diptych_domain::cell::label(&cell.factors),
        "loss=L1+cGAN n_layers=5 seed=1"
    );
}

#[test]
fn a_cells_runs_are_opened_by_a_filter_that_finds_them() {
    let mut bench = Bench::full(80, 24);
    bench.keys("4 l enter");
    assert_eq!(bench.state.view, View::Runs);
    assert_eq!(bench.state.table.shown.len(), 2, "{}", bench.state.filter.text());
    assert!(bench.state.filter.error().is_none());
    bench.keys("esc");
    assert_eq!(
        bench.state.view,
        View::Ablation,
        "out again, to where it came from"
    );
    assert_eq!(bench.state.filter.text(), "", "with the filter that there was");
    assert_eq!(bench.state.table.shown.len(), 10);
}

#[test]
fn the_charts_cursor_and_the_images_slider_are_one() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space j space 3 h h");
    assert_eq!(bench.state.images.step, Some(400));
    bench.keys("2");
    assert_eq!(bench.state.charts.cursor, Some(400.0));
    bench.keys("pgdn pgdn 3");
    let step = bench.state.images.step.unwrap();
    assert!(step > 700 && step < 900, "{step}");
    bench.keys("2 G");
    assert_eq!(bench.state.images.step, None, "at the end the images follow");
}

#[test]
fn blinking_alternates_in_the_same_cells() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space j space 3 b");
    let files = |bench: &Bench| {
        let marks = &bench.state.marks;
        let title = bench.screen().lines().nth(2).unwrap().to_owned();
        marks
            .iter()
            .position(|m| title.contains(&bench.state.runs.get(m).unwrap().name))
    };
    let first = files(&bench);
    bench.keys("b");
    assert_ne!(files(&bench), first);
    bench.keys("b");
    assert_eq!(files(&bench), first);
    bench.keys("esc");
    assert!(!bench.screen().contains("blink 1"));
}

#[test]
fn sorting_grouping_and_marking_keep_the_selection_on_its_run() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j j");
    let run = bench.state.selected().unwrap().id.clone();
    bench.keys("s S s");
    assert_eq!(bench.state.selected().unwrap().id, run);
    bench.keys("b");
    assert_eq!(bench.state.table.rows.len(), 5);
    bench.keys("g space");
    assert_eq!(bench.state.marks.len(), 2, "a group marks its members");
}

#[test]
fn a_frozen_screen_stays_and_catches_up_later() {
    let mut bench = Bench::full(80, 24);
    bench.keys("f");
    assert!(bench.screen().contains("FROZEN"));
    bench.event(Event::Tick(crate::testing::NOW + 5.0));
    assert!(bench.effects.is_empty());
    bench.keys("f");
    bench.event(Event::Tick(crate::testing::NOW + 6.0));
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::LoadRuns)));
}

#[test]
fn forms_start_jobs() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j F tab \"optim.lr=1e-5\" tab \"slower\" enter");
    let jobs = started(&bench);
    let [Job::Fork { at, sets, name, .. }] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert_eq!(
        (at.as_str(), sets.as_slice(), name.as_deref()),
        ("latest", &["optim.lr=1e-5".to_owned()][..], Some("slower"))
    );
    let mut bench = Bench::full(80, 24);
    bench.keys("n \"x.toml\" down \"seed=2_seed=3\" down \"again\" enter");
    let jobs = started(&bench);
    let [Job::Launch { file, sets, name }] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert_eq!(
        (file.to_str(), sets.len(), name.as_deref()),
        (Some("x.toml"), 2, Some("again"))
    );
}

#[test]
fn pasted_text_counts_as_typed() {
    let mut bench = Bench::full(80, 24);
    bench.keys("/");
    bench.event(Event::Paste("status:finished\n".into()));
    assert_eq!(bench.state.table.shown.len(), 7);
    bench.keys("enter");
    bench.event(Event::Paste("q".into()));
    assert!(bench.effects.is_empty(), "outside of a form nothing is typed");
}

#[test]
fn nothing_is_deleted_or_stopped_unasked() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j D");
    assert!(bench.screen().contains("12.3 MB"), "{}", bench.screen());
    bench.keys("n");
    assert!(bench.effects.is_empty() && bench.state.overlay.is_none());
    bench.keys("D y");
    assert!(matches!(bench.effects.as_slice(), [Effect::Delete(runs)] if runs.len() == 1));
    let mut bench = Bench::full(80, 24);
    bench.keys("t esc");
    assert!(bench.effects.is_empty());
    bench.keys("t enter");
    assert!(matches!(bench.effects.as_slice(), [Effect::Stop(_)]));
}

#[test]
fn the_mouse_chooses_views_rows_and_places_of_the_cursor() {
    let mut bench = Bench::full(200, 50);
    let click = |bench: &mut Bench, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        bench.event(Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }));
        bench.answer();
    };
    click(&mut bench, 10, 5);
    assert_eq!(bench.state.table.selected, 2);
    click(&mut bench, 20, 0);
    assert_eq!(bench.state.view, View::Charts);
    click(&mut bench, 80, 20);
    assert!(bench.state.charts.cursor.is_some());
    let wheel = MouseEvent {
        kind: MouseEventKind::ScrollUp,
        column: 80,
        row: 20,
        modifiers: KeyModifiers::NONE,
    };
    bench.event(Event::Mouse(wheel));
    assert!(bench.state.charts.zoom.is_some());
}

#[test]
fn a_session_comes_back() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space / \"status:finished\" enter s b 2 + L");
    let kept = Session::of(&bench.state);
    let text = serde_json::to_string(&kept).unwrap();
    let mut again = Bench::full(80, 24);
    serde_json::from_str::<Session>(&text)
        .unwrap()
        .restore(&mut again.state);
    assert_eq!(Session::of(&again.state), kept);
    assert_eq!((again.state.view, again.state.marks.len()), (View::Charts, 1));
    assert!(again.state.charts.options.log_y);
}

#[test]
fn new_runs_and_changes_come_in_where_they_belong() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j");
    let selected = bench.state.selected().unwrap().id.clone();
    let mut new = runs().remove(0);
    new.id = diptych_domain::RunId::from_stored("0199");
    new.name = "newest".into();
    let mut changed = runs().remove(3);
    changed.note = "changed".into();
    bench.reply(crate::effect::Reply::Runs(Ok(crate::state::runs::News {
        changed: vec![new, changed.clone()],
        remain: None,
        complete: true,
    })));
    assert_eq!(bench.state.runs.all()[0].name, "newest");
    assert_eq!(bench.state.runs.get(&changed.id).unwrap().note, "changed");
    assert_eq!(bench.state.selected().unwrap().id, selected);
}
