//! Keys, machine, images.

use diptych_domain::{MetricKey, RunStatus};

use super::change;
use crate::effect::Effect;
use crate::event::Event;
use crate::state::View;
use crate::testing::Bench;

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
    let line = screen.lines().find(|l| l.contains("archive the marked")).unwrap();
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
fn the_last_row_has_the_keys_of_what_lies_over_the_view() {
    let mut bench = Bench::full(80, 24);
    let last = |bench: &Bench| bench.screen().lines().last().unwrap_or_default().to_owned();
    assert!(last(&bench).contains("/ filter  space mark"), "{}", last(&bench));
    bench.keys("?");
    assert!(last(&bench).contains("esc close"), "{}", last(&bench));
    bench.keys("esc j j D");
    assert!(last(&bench).contains("y yes  n no"), "{}", last(&bench));
    bench.keys("n c");
    assert!(last(&bench).contains("tab pick"), "{}", last(&bench));
    // Where nothing is seen of the table's order it is not offered.
    bench.keys("esc 5");
    assert!(!last(&bench).contains("sort"), "{}", last(&bench));
}

#[test]
fn what_was_done_gives_way_to_the_keys_and_what_went_wrong_stays() {
    let mut bench = Bench::full(80, 24);
    let at = |bench: &mut Bench, seconds: f64| bench.event(Event::Tick(crate::testing::NOW + seconds));
    at(&mut bench, 0.0);
    bench.state.say("it was done");
    at(&mut bench, 1.0);
    bench.keys("j");
    assert!(bench.screen().contains("it was done"), "it could not be read yet");
    at(&mut bench, 3.0);
    bench.keys("k");
    assert!(!bench.screen().contains("it was done"), "{}", bench.screen());
    bench.state.complain("it went wrong");
    at(&mut bench, 6.0);
    bench.keys("j");
    assert!(bench.screen().contains("it went wrong"), "{}", bench.screen());
}

#[test]
fn help_and_palette_say_whole_sentences() {
    let mut bench = Bench::full(80, 24);
    bench.keys("? G");
    let whole = bench.screen();
    assert!(!whole.contains('…'), "{whole}");
    bench.keys("g");
    assert!(!bench.screen().contains('…'), "{}", bench.screen());
    bench.keys("esc : \"export\"");
    assert!(
        bench
            .screen()
            .contains("SVG, PNG, PDF, CSV or LaTeX by its ending"),
        "{}",
        bench.screen()
    );
}
