//! Images of many runs.

use diptych_domain::RunId;

use crate::effect::Reply;
use crate::state::runs::News;
use crate::testing::{Bench, runs};

/// A bench with so many marked runs in the images view.
fn marked(width: u16, height: u16, n: usize) -> Bench {
    let mut bench = Bench::full(width, height);
    let more = (0..n).map(|i| {
        let mut run = runs().remove(3);
        run.id = RunId::from_stored(format!("018{i:03}"));
        run.name = format!("many-{i:02}");
        run
    });
    bench.reply(Reply::Runs(Ok(News {
        changed: more.collect(),
        remain: None,
        complete: true,
    })));
    bench.answer();
    bench.keys("/ \"many\" enter a 3");
    bench
}

/// The runs that are named on the screen.
fn named(screen: &str) -> Vec<usize> {
    let mut found: Vec<usize> = (0..100)
        .filter(|i| screen.contains(&format!("many-{i:02}")))
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn runs_without_room_are_a_key_away() {
    for turned in ["", "v"] {
        let mut bench = marked(80, 24, 20);
        bench.keys(turned);
        let mut seen = Vec::new();
        loop {
            let screen = bench.screen();
            let page = named(&screen);
            assert!(screen.contains(" of 20 (] next"), "{screen}");
            assert!(!page.is_empty(), "{screen}");
            if seen.contains(&page[0]) {
                break;
            }
            seen.extend(page);
            bench.keys("]");
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..20).collect::<Vec<_>>(), "each once: turned {turned:?}");
        // Back from the first is the last page.
        let first = named(&bench.screen());
        bench.keys("[");
        assert_ne!(named(&bench.screen()), first);
        bench.keys("]");
        assert_eq!(named(&bench.screen()), first);
    }
}

#[test]
fn where_all_have_room_that_is_said() {
    let mut bench = marked(200, 50, 2);
    bench.keys("]");
    assert!(
        bench.screen().contains("every run has room"),
        "{}",
        bench.screen()
    );
}

#[test]
fn runs_in_rows_stand_in_bands_beside_each_other() {
    let mut bench = marked(200, 50, 12);
    bench.keys("v");
    let screen = bench.screen();
    assert_eq!(named(&screen).len(), 12, "{screen}");
    let heads = screen.lines().find(|l| l.contains("input")).unwrap_or_default();
    assert!(heads.matches("input").count() > 1, "{screen}");
    insta::assert_snapshot!("images_turned_200x50", screen);
}

#[test]
fn what_has_not_been_read_is_not_said_to_be_missing() {
    let mut bench = marked(80, 24, 4);
    let shown = bench.state.shown()[1].id.clone();
    bench.state.images.lists.remove(&shown);
    assert!(!bench.screen().contains("no image"), "{}", bench.screen());
    bench.state.images.lists.insert(shown, (2000, Ok(Vec::new())));
    assert!(bench.screen().contains("no image"), "{}", bench.screen());
}

#[test]
fn the_page_in_sight_is_exported() {
    let mut bench = marked(80, 24, 20);
    bench.keys("]");
    let on_screen = named(&bench.screen());
    let export = crate::export::of_view(&bench.state, "images.png").unwrap();
    let crate::export::Content::Figure { runs, .. } = export.content else {
        panic!()
    };
    let mut exported: Vec<usize> = runs.iter().filter_map(|r| r.name[5..].parse().ok()).collect();
    exported.sort_unstable();
    assert_eq!(exported, on_screen);
}

#[test]
fn rows_without_room_and_long_file_names_leave_the_title_whole() {
    let mut bench = marked(80, 24, 1);
    let id = bench.state.shown()[0].id.clone();
    let (step, list) = bench.state.images.lists[&id].clone();
    let mut list = list.unwrap();
    let output = list.iter().find(|i| i.role.0 == "output").cloned().unwrap();
    for role in ["rec_A", "fake_A", "rec_B", "idt_A"] {
        let mut more = output.clone();
        more.role = diptych_domain::ImageRole(role.into());
        list.push(more);
    }
    for image in &mut list {
        image.caption = "a_name_as_cameras_and_web_pages_give_them_32550049002_1732e8c0b6".into();
    }
    bench.state.images.lists.insert(id, (step, Ok(list)));
    let screen = bench.screen();
    assert!(screen.contains("4 of 7 rows have room (c chooses)"), "{screen}");
    bench.keys("v");
    let screen = bench.screen();
    assert!(screen.contains("5 of 7 rows have room (c chooses)"), "{screen}");
    bench.keys("v e");
    assert!(bench.screen().contains("only output ·"), "{}", bench.screen());
}
