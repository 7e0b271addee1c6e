use std::fs;

use diptych_domain::spec::DataSpec;
use rstest::rstest;
use tempfile::tempdir;

use super::*;
use crate::dataset::Dataset;
use crate::layout::Split;
use crate::read::read_image;

fn few(seed: u64) -> SynthOptions {
    SynthOptions {
        count_train: 3,
        count_val: 2,
        size: 32,
        seed,
    }
}

#[rstest]
fn a_set_is_written_read_back_and_made_the_same_again(
    #[values(SynthKind::Facades, SynthKind::Edges, SynthKind::Maps)] kind: SynthKind,
) {
    let dir = tempdir().unwrap();
    let report = generate(kind, &few(7), dir.path()).unwrap();
    assert_eq!((report.train, report.val), (3, 2));
    let spec = DataSpec {
        root: dir.path().to_str().unwrap().to_owned(),
        load_size: 32.into(),
        crop_size: 32.into(),
        ..DataSpec::default()
    };
    let print = || Dataset::open(&spec, Split::Train).unwrap().fingerprint().unwrap();
    let first = print();
    let loaded = Dataset::open(&spec, Split::Train).unwrap().load_eval(2).unwrap();
    let made = pair(kind, 32, 7, 2).unwrap();
    assert_eq!((loaded.a, loaded.b), (made.a, made.b));
    generate(kind, &few(7), dir.path()).unwrap();
    assert_eq!(first, print());
    generate(
        kind,
        &SynthOptions {
            count_train: 2,
            ..few(8)
        },
        dir.path(),
    )
    .unwrap();
    assert_ne!(first, print());
    assert_eq!(
        Dataset::open(&spec, Split::Train).unwrap().len(),
        2,
        "images of the earlier set are gone"
    );
}

#[test]
fn pairs_differ_by_index_and_sides_have_something_on_them() {
    for kind in SynthKind::ALL {
        let pairs: Vec<_> = (0..4).map(|i| pair(kind, 64, 1, i).unwrap()).collect();
        for (i, p) in pairs.iter().enumerate() {
            assert_eq!((p.a.shape(), p.b.shape()), ([1, 3, 64, 64], [1, 3, 64, 64]));
            for side in [&p.a, &p.b] {
                let mean = side.data.iter().sum::<f32>() / side.data.len() as f32;
                let spread =
                    side.data.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / side.data.len() as f32;
                assert!(spread > 0.01, "{kind} {i}: {spread}");
            }
            assert!(pairs[..i].iter().all(|q| q.a != p.a && q.b != p.b), "{kind} {i}");
        }
    }
}

#[test]
fn labels_are_flat() {
    let labels = pair(SynthKind::Facades, 64, 3, 0).unwrap().b;
    let mut colours: Vec<[u32; 3]> = (0..64 * 64)
        .map(|i| [0, 1, 2].map(|k| labels.data[k * 4096 + i].to_bits()))
        .collect();
    colours.sort_unstable();
    colours.dedup();
    assert!((5..=12).contains(&colours.len()), "{} colours", colours.len());
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("thesis.tex"), "x").unwrap();
    let text = generate(SynthKind::Edges, &few(1), dir.path())
        .unwrap_err()
        .to_string();
    assert!(text.contains("not empty and not made here before"), "{text}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn making_a_set_anew_keeps_files_that_are_not_its_own() {
    let dir = tempdir().unwrap();
    generate(SynthKind::Edges, &few(1), dir.path()).unwrap();
    let kept = dir.path().join("train/mine.png");
    fs::copy(dir.path().join("train/00000.png"), &kept).unwrap();
    generate(SynthKind::Edges, &few(2), dir.path()).unwrap();
    assert!(read_image(&kept, 3).is_ok());
}

#[test]
fn sizes_and_kinds_out_of_range_are_refused() {
    let text = pair(SynthKind::Maps, 8, 1, 0).unwrap_err().to_string();
    assert_eq!(text, "size = 8: expected 16 to 2048");
    let text = "facade".parse::<SynthKind>().unwrap_err().to_string();
    assert_eq!(
        text,
        "unknown kind `facade` (did you mean `facades`?): expected facades, edges, maps or shapes"
    );
}

#[test]
fn shapes_are_unpaired_folders_with_images_set_aside() {
    let dir = tempdir().unwrap();
    // A paired set of the same folder makes room.
    generate(SynthKind::Edges, &few(1), dir.path()).unwrap();
    generate(SynthKind::Shapes, &few(1), dir.path()).unwrap();
    let count = |name: &str| fs::read_dir(dir.path().join(name)).unwrap().count();
    let counts = ["train", "trainA", "trainB", "valA", "valB", "unseenA"].map(count);
    assert_eq!(counts, [0, 3, 3, 2, 2, 2]);
    let spec = DataSpec {
        root: dir.path().to_str().unwrap().to_owned(),
        layout: Layout::Unaligned,
        load_size: 32.into(),
        crop_size: 32.into(),
        ..DataSpec::default()
    };
    assert_eq!(Dataset::open(&spec, Split::Val).unwrap().len(), 2);
}
