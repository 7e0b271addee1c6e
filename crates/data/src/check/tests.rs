use std::fs;

use image::codecs::jpeg::JpegEncoder;
use tempfile::tempdir;

use super::*;
use crate::fixtures::{pairs, picture};
use crate::save::{save_image, save_image16};

fn found(report: &CheckReport) -> Vec<(ProblemKind, Vec<&str>)> {
    report
        .problems
        .iter()
        .map(|p| (p.kind, p.paths.iter().map(String::as_str).collect()))
        .collect()
}

#[test]
fn a_good_set_is_clean_and_counted() {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 3, 16);
    let spare = dir.path().join("val");
    fs::create_dir(&spare).unwrap();
    save_image(&spare.join("x.png"), &picture(50, 3, 16, 32), 0).unwrap();
    let report = check(dir.path(), None).unwrap();
    assert!(report.is_clean(), "{report}");
    let counts: Vec<_> = report
        .splits
        .iter()
        .map(|s| (s.name.as_str(), s.form, s.examples))
        .collect();
    assert_eq!(
        counts,
        [("train", Form::SideBySide, 3), ("val", Form::SideBySide, 1)]
    );
    assert_eq!(
        report.splits[0].sizes,
        [SizeCount {
            width: 32,
            height: 16,
            count: 3
        }]
    );
    let text = report.to_string();
    assert!(
        text.contains("3 examples, side by side, 32 x 16, 3 channels, 8 bits"),
        "{text}"
    );
    assert!(text.ends_with("no problems found"));
}

#[test]
fn every_kind_of_damage_is_found_with_its_path() {
    let dir = tempdir().unwrap();
    let train = dir.path().join("train");
    pairs(&train, 4, 16);
    let jpeg = |len: Option<usize>| {
        let pixels: Vec<u8> = (0..32 * 16 * 3).map(|i| (i * 7 % 251) as u8).collect();
        let mut out = Vec::new();
        JpegEncoder::new(&mut out)
            .encode(&pixels, 32, 16, image::ExtendedColorType::Rgb8)
            .unwrap();
        out.truncate(len.unwrap_or(out.len()));
        out
    };
    let whole = fs::read(train.join("000.png")).unwrap();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    fs::write(train.join("a_text.jpg"), "hello").unwrap();
    fs::write(train.join("b_cut.jpg"), jpeg(Some(600))).unwrap();
    fs::write(train.join("c_cut.png"), &whole[..whole.len() - 40]).unwrap();
    fs::write(train.join("d_flipped.png"), flipped).unwrap();
    fs::write(train.join("e_huge.ppm"), b"P6 100000 100000 255\n").unwrap();
    fs::write(train.join("f_good.jpg"), jpeg(None)).unwrap();
    save_image(&train.join("g_odd.png"), &picture(9, 3, 16, 31), 0).unwrap();
    save_image(&train.join("h_dot.png"), &picture(9, 3, 1, 1), 0).unwrap();
    save_image(&train.join("i_grey.png"), &picture(9, 1, 16, 32), 0).unwrap();
    save_image16(&train.join("j_deep.png"), &picture(8, 3, 16, 32), 0).unwrap();
    fs::copy(train.join("000.png"), train.join("k_copy.png")).unwrap();
    fs::create_dir(dir.path().join("val")).unwrap();
    fs::copy(train.join("001.png"), dir.path().join("val/leak.png")).unwrap();
    let report = check(dir.path(), None).unwrap();
    let expected = [
        (ProblemKind::NotAnImage, vec!["train/a_text.jpg"]),
        (ProblemKind::Truncated, vec!["train/b_cut.jpg"]),
        (ProblemKind::Truncated, vec!["train/c_cut.png"]),
        (ProblemKind::Corrupt, vec!["train/d_flipped.png"]),
        (ProblemKind::TooLarge, vec!["train/e_huge.ppm"]),
        (ProblemKind::OddWidth, vec!["train/g_odd.png"]),
        (ProblemKind::OddWidth, vec!["train/h_dot.png"]),
        (ProblemKind::Tiny, vec!["train/h_dot.png"]),
        (ProblemKind::Leakage, vec!["train/001.png", "val/leak.png"]),
        (ProblemKind::Duplicate, vec!["train/000.png", "train/k_copy.png"]),
        (ProblemKind::MixedChannels, vec!["train/i_grey.png"]),
        (ProblemKind::MixedDepths, vec!["train/j_deep.png"]),
        (
            ProblemKind::MixedSizes,
            vec!["train/h_dot.png", "train/g_odd.png"],
        ),
    ];
    assert_eq!(found(&report), expected, "{report}");
    assert_eq!((report.errors(), report.warnings()), (5, 8));
    let text = report.to_string();
    assert!(
        text.contains("error: truncated\n  train/b_cut.jpg: ends after 600 bytes"),
        "{text}"
    );
    assert!(
        text.contains("warning: mixed sizes\n  train: 32 x 16 (8), 1 x 1 (1), 31 x 16 (1)"),
        "{text}"
    );
    assert!(text.ends_with("5 errors, 8 warnings"), "{text}");
}

#[test]
fn single_images_have_no_partners_no_middle_and_no_splits_but_those_that_are_trained_on() {
    let dir = tempdir().unwrap();
    let put = |name: &str, tag| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        save_image(&path, &picture(tag, 3, 16, 31), 0).unwrap();
    };
    for (name, tag) in [("a/1.png", 1), ("a/2.png", 2), ("b/1.png", 3), ("b/copy.png", 1)] {
        put(name, tag);
    }
    let single = Some(Layout::Single);
    let splits = |report: &CheckReport| -> Vec<(String, Form, usize)> {
        let one = |s: &SplitReport| (s.name.clone(), s.form, s.examples);
        report.splits.iter().map(one).collect()
    };
    let report = check(dir.path(), single).unwrap();
    assert_eq!(splits(&report), [(".".into(), Form::Loose, 4)]);
    assert_eq!(
        found(&report),
        [(ProblemKind::Duplicate, vec!["a/1.png", "b/copy.png"])],
        "{report}"
    );
    // Widths are odd, which matters to pairs alone.
    put("train/A/1.png", 4);
    put("val/1.png", 4);
    let report = check(dir.path(), single).unwrap();
    assert_eq!(
        found(&report)[0],
        (ProblemKind::Leakage, vec!["train/A/1.png", "val/1.png"]),
        "{report}"
    );
    let names: Vec<_> = splits(&report).into_iter().map(|s| (s.0, s.2)).collect();
    assert_eq!(names, [(".".into(), 4), ("train".into(), 1), ("val".into(), 1)]);
}

#[test]
fn partners_are_looked_for_in_parallel_folders_alone() {
    let dir = tempdir().unwrap();
    let put = |name: &str, tag| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        save_image(&path, &picture(tag, 3, 16, 16), 0).unwrap();
    };
    for (i, name) in [
        "trainA/1.png",
        "trainA/2.png",
        "trainB/2.png",
        "trainB/3.png",
        "testA/x.png",
        "testB/y.png",
    ]
    .iter()
    .enumerate()
    {
        put(name, i);
    }
    let report = check(dir.path(), None).unwrap();
    let unpaired = ProblemKind::Unpaired;
    assert_eq!(
        found(&report),
        [(unpaired, vec!["trainA/1.png"]), (unpaired, vec!["trainB/3.png"])],
        "{report}"
    );
    let forms: Vec<_> = report
        .splits
        .iter()
        .map(|s| (s.name.as_str(), s.form, s.examples))
        .collect();
    assert_eq!(
        forms,
        [("test", Form::Unaligned, 1), ("train", Form::Parallel, 1)]
    );
    put("train/side.png", 40);
    let report = check(dir.path(), None).unwrap();
    assert_eq!(
        found(&report),
        [(ProblemKind::TwoForms, vec!["train/side.png"])],
        "{report}"
    );
}

#[test]
fn folders_with_names_in_common_are_pairs_unless_the_layout_says_otherwise() {
    let dir = tempdir().unwrap();
    let put = |path: &str, tag| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        save_image(&path, &picture(tag, 3, 16, 16), 0).unwrap();
    };
    for (tag, path) in ["trainA/1.png", "trainA/2.png", "trainB/1.png"]
        .iter()
        .enumerate()
    {
        put(path, tag);
    }
    let form = |layout| {
        let report = check(dir.path(), layout).unwrap();
        (report.splits[0].form, report.splits[0].examples, report.errors())
    };
    assert_eq!(form(None), (Form::Parallel, 1, 1));
    assert_eq!(form(Some(Layout::Aligned)), (Form::Parallel, 1, 1));
    assert_eq!(form(Some(Layout::Unaligned)), (Form::Unaligned, 2, 0));
    fs::remove_file(dir.path().join("trainB/1.png")).unwrap();
    put("trainB/x.png", 9);
    assert_eq!(form(None), (Form::Unaligned, 2, 0));
    assert_eq!(form(Some(Layout::Aligned)), (Form::Parallel, 0, 3));
}

#[test]
fn missing_and_empty_roots_are_errors() {
    let dir = tempdir().unwrap();
    assert!(matches!(
        check(&dir.path().join("no"), None),
        Err(DataError::MissingRoot { .. })
    ));
    assert!(matches!(check(dir.path(), None), Err(DataError::Empty { .. })));
}

#[cfg(unix)]
#[test]
fn reports_of_paths_that_are_not_utf_8_serialise() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempdir().unwrap();
    fs::write(
        dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.jpg")),
        "hello",
    )
    .unwrap();
    let json = serde_json::to_value(check(dir.path(), None).unwrap()).unwrap();
    assert_eq!(json["problems"][0]["paths"][0], "caf\u{fffd}.jpg");
    assert_eq!(json["problems"][0]["kind"], "not-an-image");
    assert_eq!(json["problems"][0]["severity"], "error");
}

#[cfg(unix)]
#[test]
fn files_that_cannot_be_opened_are_reported() {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 1, 16);
    // A link to nowhere is unreadable for every user, the superuser too.
    std::os::unix::fs::symlink(dir.path().join("gone"), dir.path().join("train/broken.png")).unwrap();
    let report = check(dir.path(), None).unwrap();
    assert_eq!(
        found(&report),
        [(ProblemKind::Unreadable, vec!["train/broken.png"])],
        "{report}"
    );
}
