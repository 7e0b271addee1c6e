//! Every documented key does something where it is documented, and nothing is out of reach.

use crate::action::{ACTIONS, Action, Place};
use crate::event::Event;
use crate::keys::Keymap;
use crate::testing::Bench;

/// Ways to be in a place; in one of them at least a key must do something.
fn ways(place: Place) -> &'static [&'static str] {
    match place {
        Place::Anywhere => &[
            "j j space j",
            "j j j space 2 h h h",
            "/ \"finished\" enter j",
            "5",
            "a",
            "2 h enter",
        ],
        Place::Runs => &["", "j j", "l"],
        Place::Details => &[
            "enter",
            "enter l G",
            "enter G j",
            "j j enter",
            "j enter",
            "enter l ] ]",
        ],
        Place::Charts => &["j j space 2", "j j space 2 + z h h", "j j space 2 h h h z z z"],
        Place::Images => &[
            "j j space j space 3",
            "j j space j space 3 z h",
            "j j space j space 3 w",
        ],
        Place::Ablation => &["4", "4 j l l"],
        Place::System => &["5", "5 j"],
        Place::Input => &[
            "/ \"st_status\"",
            "/ \"ab\" home",
            "c",
            "c \"a_b\"",
            "n tab \"x\"",
        ],
    }
}

/// Everything that is known, apart from whether it has to be drawn and from what is merely said.
fn known(bench: &Bench) -> String {
    let mut state = bench.state.clone();
    state.dirty = true;
    state.images.clock = 0;
    format!("{state:?}")
}

#[test]
fn every_key_does_something_where_it_is_documented() {
    let keymap = Keymap::default();
    let mut idle = Vec::new();
    for place in Place::ALL {
        for info in ACTIONS.iter().filter(|i| i.places.contains(&place)) {
            for chord in keymap.keys(place, info.action) {
                let does = ways(place).iter().any(|way| {
                    let mut bench = Bench::full(120, 30);
                    bench.keys(way);
                    // The second queued run, so that the queue has an order.
                    if place == Place::System {
                        let mut more = crate::testing::runs().remove(1);
                        more.id = diptych_domain::RunId::from_stored("0190");
                        bench.reply(crate::effect::Reply::Runs(Ok(crate::state::runs::News {
                            changed: vec![more],
                            ..Default::default()
                        })));
                    }
                    bench.answer();
                    bench.effects.clear();
                    let before = known(&bench);
                    bench.event(Event::Key(chord.event()));
                    !bench.effects.is_empty() || known(&bench) != before
                });
                if !does {
                    idle.push(format!("{chord} ({}) in {place:?}", info.id));
                }
            }
        }
    }
    assert!(idle.is_empty(), "these do nothing: {}", idle.join(", "));
}

#[test]
fn every_action_has_a_key_or_is_in_the_palette() {
    let keymap = Keymap::default();
    let mut bench = Bench::full(120, 30);
    bench.keys(":");
    let Some(crate::overlay::Overlay::Choose(palette)) = &bench.state.overlay else {
        panic!()
    };
    for info in ACTIONS {
        let listed = palette.items.iter().any(|i| i.value == info.id);
        let keyed = info
            .places
            .iter()
            .all(|p| !keymap.keys(*p, info.action).is_empty());
        assert!(listed || keyed, "{} cannot be done", info.id);
        assert!(
            listed || info.places.contains(&Place::Input),
            "{} is not in the palette",
            info.id
        );
    }
}

#[test]
fn the_palette_goes_where_an_action_belongs() {
    let mut bench = Bench::full(120, 30);
    bench.keys(": \"log-y\" enter");
    assert_eq!(bench.state.view, crate::state::View::Charts);
    assert!(bench.state.charts.options.log_y);
}

#[test]
fn help_and_context_bar_are_made_from_the_keys_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.toml");
    std::fs::write(
        &file,
        "[anywhere]\nquit = \"ctrl-x\"\n[runs]\ngroup = \"y\"\ncolumns = []\n",
    )
    .unwrap();
    let mut bench = Bench::full(200, 50);
    bench.state.keymap = Keymap::from_file(&file).unwrap();
    let bar = bench.screen().lines().last().unwrap().to_owned();
    assert!(
        bar.contains("ctrl-x quit") && bar.contains("y group") && !bar.contains("columns"),
        "{bar}"
    );
    bench.keys("?");
    assert!(
        bench
            .screen()
            .contains("group runs that differ in their seed alone")
    );
    bench.keys("esc ctrl-x");
    assert!(
        bench
            .effects
            .iter()
            .any(|e| matches!(e, crate::effect::Effect::Quit))
    );
    assert_eq!(Action::Quit.info().id, "quit");
}
