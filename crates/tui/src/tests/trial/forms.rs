//! Forms and exports.

use diptych_domain::MetricKey;

use super::{change, form, submitted};
use crate::effect::{Effect, Reply};
use crate::event::Event;
use crate::testing::Bench;

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
    bench.state.table.chosen = Some(
        ["created", "progress", "eval/psnr.last", "seed"]
            .map(str::to_owned)
            .into(),
    );
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
    assert_eq!(
        last,
        "losses-L1-n_layers1-seed1,2026-11-25T07:47:40Z,1.000,20.12346,1"
    );
    // On paper with the figures that are read, and columns of numbers to the right.
    let export = crate::export::of_view(&bench.state, "runs.tex").unwrap();
    let crate::export::Content::Text(text) = export.content else {
        panic!()
    };
    assert!(text.contains("{lrrr}"), "{text}");
    assert!(text.contains("Z & 20.12 & 1 "), "{text}");
}

#[test]
fn a_locked_database_is_said_in_the_form_that_waits_for_it() {
    let mut bench = Bench::full(80, 24);
    bench.keys("j j N \"seen\" enter");
    assert!(bench.screen().contains("noting…"), "{}", bench.screen());
    assert!(!bench.screen().contains("another process"), "{}", bench.screen());
    bench.event(Event::Tick(crate::testing::NOW + 4.0));
    assert!(
        bench
            .screen()
            .contains("noting… the database does not answer: another process may be writing"),
        "{}",
        bench.screen()
    );
}
