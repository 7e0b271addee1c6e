//! Every view at two sizes, full and empty.

use crate::testing::Bench;

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// Snapshots of a view that is reached by `keys`.
fn snapshots(name: &str, keys: &str) {
    for (width, height) in SIZES {
        let mut bench = Bench::full(width, height);
        bench.keys(keys);
        bench.state.notice = None;
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), bench.screen());
    }
}

#[test]
fn runs() {
    snapshots("runs", "space j space");
    snapshots("runs_grouped", "b e");
    snapshots("runs_details", "j j enter");
    snapshots("runs_settings", "space j space enter l ]");
    snapshots("runs_log", "enter h");
}

#[test]
fn charts() {
    snapshots("charts", "j j space j space 2");
    snapshots(
        "charts_smoothed_at_cursor",
        "j j space j space 2 + + + + h h pgup L",
    );
    snapshots("charts_bands", "a 2 b");
    snapshots("charts_many", "a 2 m \"psnr\" tab enter pgup");
    snapshots("charts_multiples", "j j space j space 2 M m \"psnr\" tab enter");
}

#[test]
fn images() {
    snapshots("images", "j j space j space 3 h");
    snapshots("images_wipe", "j j space j space 3 w >");
    snapshots("images_one_row", "j j space j space 3 e");
    snapshots("images_many", "a 3");
    snapshots("images_many_outputs", "a 3 e h");
}

#[test]
fn ablation() {
    snapshots("ablation", "4 b j");
    snapshots("ablation_missing", "4 j j l");
}

#[test]
fn system() {
    snapshots("system", "5 j");
}

#[test]
fn overlays() {
    snapshots("help", "?");
    snapshots("palette", ": \"smooth\"");
    snapshots("filter", "/ \"status:fin\"");
    snapshots("filter_mistake", "/ \"statis:finished\"");
    snapshots("columns", "c \"psnr\"");
    snapshots("launch", "n");
    snapshots("delete", "j j space D");
}

#[test]
fn empty_homes_say_what_to_do() {
    for (width, height) in SIZES {
        for (name, keys) in [
            ("runs", "1"),
            ("charts", "2"),
            ("images", "3"),
            ("ablation", "4"),
            ("system", "5"),
        ] {
            let mut bench = Bench::empty(width, height);
            bench.keys(keys);
            insta::assert_snapshot!(format!("empty_{name}_{width}x{height}"), bench.screen());
        }
    }
}

#[test]
fn a_small_terminal_gets_a_kind_word() {
    insta::assert_snapshot!(Bench::full(60, 12).screen());
}

#[test]
fn no_size_makes_it_panic() {
    for (width, height) in [
        (1, 1),
        (2, 40),
        (80, 1),
        (80, 24),
        (81, 25),
        (119, 24),
        (120, 24),
        (300, 100),
    ] {
        let mut bench = Bench::full(width, height);
        for keys in ["a 1 enter", "2 M b", "3 e", "4", "5", "?"] {
            bench.keys(keys);
            bench.screen();
            bench.keys("esc esc");
        }
    }
}
