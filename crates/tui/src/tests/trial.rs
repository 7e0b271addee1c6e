//! What a first trial found: each of these went wrong once.

use diptych_domain::{MetricKey, RunStatus};
use diptych_plots::spec::XAxis;

use crate::effect::{Effect, Reply};
use crate::event::Event;
use crate::overlay::{Form, Overlay};
use crate::state::View;
use crate::state::runs::News;
use crate::testing::{Bench, NOW, runs};
use crate::theme::{Depth, Theme};

fn form(bench: &Bench) -> &Form {
    match &bench.state.overlay {
        Some(Overlay::Form(form)) => form,
        other => panic!("no form is open: {other:?}"),
    }
}

/// The number under which a form has sent something off.
fn submitted(bench: &mut Bench) -> (u64, Effect) {
    let at = bench.effects.iter().position(|e| matches!(e, Effect::Submit(..)));
    match bench.effects.remove(at.expect("something was sent off")) {
        Effect::Submit(id, what) => (id, *what),
        _ => unreachable!("it was looked for"),
    }
}

/// Changes runs as a trainer would.
fn change(bench: &mut Bench, change: impl Fn(&mut diptych_domain::RunSummary)) {
    let mut changed = bench.state.runs.all().to_vec();
    changed.iter_mut().for_each(change);
    bench.reply(Reply::Runs(Ok(News {
        changed,
        remain: None,
        complete: true,
    })));
    bench.answer();
}

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
fn tab_completes_paths() {
    let mut bench = Bench::full(80, 24);
    bench.keys("n \"else\" tab");
    assert_eq!(form(&bench).text(0), "elsewhere/");
    bench.keys("tab");
    assert_eq!(form(&bench).text(0), "elsewhere/n", "as far as it is clear");
    bench.keys("tab tab");
    assert_eq!(
        form(&bench).text(0),
        "elsewhere/noon.toml",
        "then one after the other"
    );
    assert_eq!(form(&bench).hint, "pix2pix, 200 epochs on /sets/facades");
    // Nothing is promised that may not be there.
    let mut bench = Bench::full(80, 24);
    bench.keys("n");
    assert_eq!(form(&bench).text(0), "");
    assert!(
        bench.screen().contains("experiments/facades.toml"),
        "{}",
        bench.screen()
    );
}

#[test]
fn a_check_of_what_was_written_before_says_nothing() {
    let mut bench = Bench::full(80, 24);
    bench.event(Event::Key("n".parse::<crate::keys::Chord>().unwrap().event()));
    for c in "ab".chars() {
        bench.event(Event::Key(
            c.to_string().parse::<crate::keys::Chord>().unwrap().event(),
        ));
    }
    let checks = |bench: &Bench| -> Vec<crate::effect::Checked> {
        let of = |e: &Effect| match e {
            Effect::Check(of) => Some(of.clone()),
            _ => None,
        };
        bench.effects.iter().filter_map(of).collect()
    };
    let first = checks(&bench);
    assert_eq!(first.len(), 1, "one at a time");
    bench.effects.clear();
    bench.reply(Reply::Checked(first[0].clone(), Err("there is no file".into())));
    assert_eq!(form(&bench).error, None);
    let second = checks(&bench);
    assert_eq!(second[0].file, "ab");
    bench.reply(Reply::Checked(
        second[0].clone(),
        Err("there is no file ab".into()),
    ));
    assert_eq!(form(&bench).error.as_ref().unwrap().1, "there is no file ab");
}

#[test]
fn a_form_stays_open_with_what_is_wrong() {
    for (keys, title) in [
        ("n \"x.toml\" enter", "Launch"),
        ("j j F enter", "Fork"),
        ("x ctrl-u \"none/a.csv\" enter", "Export"),
        ("T \"a\" enter", "Tags"),
        ("N \"a\" enter", "Note"),
    ] {
        let mut bench = Bench::full(80, 24);
        bench.keys(keys);
        let (id, _) = submitted(&mut bench);
        let before = form(&bench).clone();
        // What is typed before the answer is neither text nor a command.
        bench.keys("\"Dq\" enter");
        assert_eq!(form(&bench), &before);
        assert!(bench.effects.is_empty(), "{:?}", bench.effects);
        bench.reply(Reply::Submitted(
            id,
            Box::new(Reply::Failed("that cannot be done".into())),
        ));
        let screen = bench.screen();
        assert!(
            screen.contains("that cannot be done") && screen.contains(title),
            "{screen}"
        );
        bench.keys("enter");
        let (id, _) = submitted(&mut bench);
        bench.reply(Reply::Submitted(id, Box::new(Reply::Done("it is done".into()))));
        assert!(bench.state.overlay.is_none());
        assert!(bench.screen().contains("it is done"));
    }
    // A form that was left is told of at the foot.
    let mut bench = Bench::full(80, 24);
    bench.keys("n \"x.toml\" enter esc");
    let (id, _) = submitted(&mut bench);
    bench.reply(Reply::Submitted(id, Box::new(Reply::Failed("too late".into()))));
    assert!(bench.screen().lines().last().unwrap().contains("too late"));
}

#[test]
fn a_file_that_exists_is_replaced_at_the_second_enter_only() {
    let mut bench = Bench::full(80, 24);
    bench.keys("x enter");
    let (id, what) = submitted(&mut bench);
    assert!(matches!(what, Effect::Export(e) if !e.replace));
    bench.reply(Reply::Submitted(id, Box::new(Reply::Exists("runs.csv".into()))));
    assert!(
        bench.screen().contains("enter again replaces it"),
        "{}",
        bench.screen()
    );
    bench.keys("enter");
    let (id, what) = submitted(&mut bench);
    assert!(matches!(what, Effect::Export(e) if e.replace));
    bench.reply(Reply::Submitted(
        id,
        Box::new(Reply::Failed("the disk is full".into())),
    ));
    bench.keys("home \"x\" enter");
    let (_, what) = submitted(&mut bench);
    assert!(
        matches!(what, Effect::Export(e) if !e.replace),
        "another name is another file"
    );
}

#[test]
fn an_exported_table_has_times_and_figures_for_people() {
    let mut bench = Bench::full(80, 24);
    bench.state.table.chosen = Some(["created", "eval/psnr.last", "seed"].map(str::to_owned).into());
    bench.state.table.forget_columns();
    change(&mut bench, |run| {
        if let Some(psnr) = run.metrics.get_mut(&MetricKey::eval("psnr")) {
            psnr.last = 20.123_456_789_012_3;
        }
    });
    bench.keys("G x enter");
    let (_, Effect::Export(export)) = submitted(&mut bench) else {
        panic!()
    };
    let crate::export::Content::Text(text) = export.content else {
        panic!()
    };
    let last = text.lines().last().unwrap();
    assert_eq!(last, "losses-L1-n_layers1-seed1,2026-11-25T07:47:40Z,20.12346,1");
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
fn escape_leaves_and_clears_nothing() {
    let mut bench = Bench::full(80, 24);
    bench.keys("/ \"status:finished\" enter esc esc");
    assert_eq!(bench.state.filter.text(), "status:finished");
    assert!(
        bench.screen().contains("\\ clears the filter"),
        "{}",
        bench.screen()
    );
    for view in ["2", "3", "4", "5"] {
        bench.keys(view);
        let before = bench.state.view;
        bench.keys("esc esc");
        assert_eq!(bench.state.view, before);
    }
    bench.keys("1 \\");
    assert_eq!(
        (bench.state.filter.text(), bench.state.table.shown.len()),
        ("", 10)
    );
    // Back in the ablation the filter is the one that there was, unless it has been changed since.
    bench.keys("4 l enter / ctrl-u \"seed:1\" enter esc");
    assert_eq!(
        (bench.state.view, bench.state.filter.text()),
        (View::Ablation, "seed:1")
    );
    bench.keys("\\");
    // What enter went into, escape leaves.
    bench.keys("j j space 2 h enter");
    assert_eq!(bench.state.view, View::Images);
    bench.keys("esc");
    assert_eq!(bench.state.view, View::Charts);
    bench.keys("5 enter");
    assert_eq!(
        (bench.state.view, bench.state.table.in_details),
        (View::Runs, true)
    );
    bench.keys("esc");
    assert_eq!(bench.state.view, View::System);
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
fn a_mistyped_filter_keeps_the_rows() {
    let mut bench = Bench::full(80, 24);
    bench.keys("/ \"statis:finished\"");
    assert_eq!(bench.state.table.shown.len(), 10);
    assert!(bench.screen().contains("did you mean"), "{}", bench.screen());
    bench.keys("ctrl-u \"status:finished\"");
    assert_eq!(bench.state.table.shown.len(), 7);
    bench.keys("\"_ad:\"");
    assert!(bench.state.filter.error().is_some());
    assert_ne!(bench.state.table.shown.len(), 0);
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
fn keys_do_nothing_where_nothing_can_be_seen() {
    let mut bench = Bench::full(80, 24);
    bench.event(Event::Resize(60, 12));
    bench.keys("D a 2 j");
    assert!(bench.effects.is_empty() && bench.state.marks.is_empty() && bench.state.overlay.is_none());
    assert_eq!(bench.state.view, View::Runs);
    bench.keys("q");
    assert!(matches!(bench.effects.as_slice(), [Effect::Quit]));
}

#[test]
fn the_palette_shows_whole_keys() {
    let mut bench = Bench::full(80, 24);
    bench.keys(": \"archive\"");
    let screen = bench.screen();
    let line = screen.lines().find(|l| l.contains("archive the run")).unwrap();
    assert!(line.contains(" A "), "{line}");
}

#[test]
fn a_live_run_tells_its_own_use_of_the_machine() {
    let mut bench = Bench::full(120, 30);
    change(&mut bench, |run| {
        if run.status != RunStatus::Running {
            return;
        }
        let mut own = |key: &str, last: f64| {
            let of = run.metrics[&MetricKey::loss("G_L1")];
            run.metrics
                .insert(MetricKey::new(key), diptych_domain::MetricSummary { last, ..of });
        };
        own("system/cpu_cores", 7.25);
        own("system/memory_bytes", 2.5e9);
        own("system/gpu_busy", 0.63);
        own("system/gpu_watts", 210.0);
    });
    bench.keys("5");
    let screen = bench.screen();
    assert!(screen.contains("7.2") && screen.contains("2.50 GB"), "{screen}");
    assert!(screen.contains("GPU 63% 210 W"), "{screen}");
    assert!(!screen.contains("420 MB"), "{screen}");
}

#[test]
fn images_are_read_anew() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j space 3");
    let before = bench.state.images.generation;
    bench.event(Event::Key(
        "ctrl-r".parse::<crate::keys::Chord>().unwrap().event(),
    ));
    assert_ne!(bench.state.images.generation, before);
    assert!(bench.state.images.pictures.is_empty());
    bench.answer();
    assert!(!bench.state.images.pictures.is_empty());
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
