use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rstest::rstest;
use tempfile::{TempDir, tempdir};

use diptych_domain::spec::{DataSpec, Direction, Layout};

use super::*;
use crate::fixtures::{pairs, spec};
use crate::layout::Split;

fn set(count: usize) -> (TempDir, Arc<Dataset>) {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), count, 16);
    let set = open(dir.path());
    (dir, set)
}

fn open(root: &Path) -> Arc<Dataset> {
    Arc::new(Dataset::open(&spec(root), Split::Train).unwrap())
}

fn take(set: &Arc<Dataset>, options: LoaderOptions, count: usize) -> Vec<ImagePair> {
    let mut loader = Loader::start(Arc::clone(set), options);
    (0..count).map(|_| loader.next().unwrap()).collect()
}

#[rstest]
#[case(1)]
#[case(3)]
fn workers_change_nothing_and_a_start_batch_resumes(#[case] batch_size: usize) {
    let (_dir, set) = set(7);
    let options = LoaderOptions {
        seed: 5,
        batch_size,
        workers: 1,
        ..LoaderOptions::default()
    };
    let all = take(&set, options.clone(), 12);
    assert_eq!(
        all,
        take(
            &set,
            LoaderOptions {
                workers: 4,
                ..options.clone()
            },
            12
        )
    );
    for start in [1, 3, 8] {
        let resumed = take(
            &set,
            LoaderOptions {
                workers: 2,
                start_batch: start,
                ..options.clone()
            },
            4,
        );
        assert_eq!(resumed, all[start as usize..start as usize + 4]);
    }
    assert_ne!(all, take(&set, LoaderOptions { seed: 6, ..options }, 12));
}

#[test]
fn an_epoch_shows_every_image_once_and_keeps_the_partial_batch() {
    let (_dir, set) = set(7);
    let options = LoaderOptions {
        batch_size: 3,
        workers: 2,
        ..LoaderOptions::default()
    };
    let batches = take(&set, options, 6);
    let sizes: Vec<usize> = batches.iter().map(|b| b.a.n).collect();
    assert_eq!(sizes, [3, 3, 1, 3, 3, 1]);
    let names = |range: std::ops::Range<usize>| -> Vec<String> {
        batches[range].iter().flat_map(|b| b.names.clone()).collect()
    };
    assert_eq!(names(0..3).iter().collect::<BTreeSet<_>>().len(), 7);
    assert_ne!(names(0..3), names(3..6), "a new order each epoch");
    assert_eq!(batches[0].a.data.len(), 3 * 3 * 16 * 16);
    assert_eq!(batches_per_epoch(7, 3), 3);
}

#[test]
fn without_shuffling_the_order_is_that_of_the_paths() {
    let (_dir, set) = set(3);
    let options = LoaderOptions {
        shuffle: false,
        ..LoaderOptions::default()
    };
    let names: Vec<String> = take(&set, options, 4).into_iter().flat_map(|b| b.names).collect();
    assert_eq!(names, ["000", "001", "002", "000"]);
}

#[test]
fn both_sides_get_the_same_crop_and_flip_and_these_vary() {
    let dir = tempdir().unwrap();
    let train = dir.path().join("train");
    std::fs::create_dir(&train).unwrap();
    let one = crate::fixtures::picture(0, 3, 20, 20);
    let mut both = diptych_domain::Images::zeros(1, 3, 20, 40);
    for (row, half) in both.data.chunks_exact_mut(40).zip(one.data.chunks_exact(20)) {
        row[..20].copy_from_slice(half);
        row[20..].copy_from_slice(half);
    }
    crate::save::save_image(&train.join("x.png"), &both, 0).unwrap();
    let batches = take(&open(dir.path()), LoaderOptions::default(), 60);
    assert!(batches.iter().all(|b| b.a == b.b));
    let distinct: BTreeSet<Vec<u32>> = batches
        .iter()
        .map(|b| b.a.data.iter().map(|v| v.to_bits()).collect())
        .collect();
    assert!(distinct.len() > 25, "{} of 50 crops and flips", distinct.len());
}

/// `train{A,B}` with so many images of 20 x 20, all different.
fn unaligned(counts: [usize; 2], change: impl FnOnce(&mut DataSpec)) -> (TempDir, Arc<Dataset>) {
    let dir = tempdir().unwrap();
    for (side, (folder, count)) in ["trainA", "trainB"].into_iter().zip(counts).enumerate() {
        std::fs::create_dir(dir.path().join(folder)).unwrap();
        for i in 0..count {
            let image = crate::fixtures::picture(100 * side + i, 3, 20, 20);
            let path = dir.path().join(folder).join(format!("{i}.png"));
            crate::save::save_image(&path, &image, 0).unwrap();
        }
    }
    let mut spec = DataSpec {
        layout: Layout::Unaligned,
        ..spec(dir.path())
    };
    change(&mut spec);
    let set = Arc::new(Dataset::open(&spec, Split::Train).unwrap());
    (dir, set)
}

fn bits(images: &diptych_domain::Images) -> Vec<u32> {
    images.data.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn unaligned_batches_depend_on_the_seed_alone_and_resume() {
    let (_dir, set) = unaligned([3, 7], |_| ());
    let options = LoaderOptions {
        seed: 5,
        batch_size: 2,
        workers: 1,
        ..LoaderOptions::default()
    };
    let all = take(&set, options.clone(), 12);
    let again = LoaderOptions {
        workers: 4,
        ..options.clone()
    };
    assert_eq!(all, take(&set, again, 12));
    let resumed = LoaderOptions {
        workers: 2,
        start_batch: 5,
        ..options.clone()
    };
    assert_eq!(all[5..9], take(&set, resumed, 4));
    assert_ne!(all, take(&set, LoaderOptions { seed: 6, ..options }, 12));
    let sizes: Vec<[usize; 2]> = all.iter().take(4).map(|b| [b.a.n, b.b.n]).collect();
    assert_eq!(
        sizes,
        [[2, 2], [2, 2], [2, 2], [1, 1]],
        "7 examples: as many as the longer side has"
    );
}

#[test]
fn unaligned_partners_are_drawn_evenly_and_a_repeats_in_turn() {
    // Neither crop nor flip, so that images can be told apart.
    let (_dir, set) = unaligned([2, 4], |s| (s.load_size, s.flip) = (16.into(), false));
    let batches = take(&set, LoaderOptions::default(), 400);
    let count = |side: fn(&ImagePair) -> &diptych_domain::Images| {
        let mut counts: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
        batches
            .iter()
            .for_each(|b| *counts.entry(bits(side(b))).or_default() += 1);
        counts.into_values().collect::<Vec<_>>()
    };
    assert_eq!(count(|b| &b.a), [200, 200], "A by its index, modulo its length");
    let of_b = count(|b| &b.b);
    assert!(
        of_b.len() == 4 && of_b.iter().all(|n| (70..130).contains(n)),
        "{of_b:?}"
    );
}

#[test]
fn unaligned_sides_are_cropped_and_mirrored_independently() {
    let (dir, _) = unaligned([1, 1], |_| ());
    std::fs::copy(dir.path().join("trainA/0.png"), dir.path().join("trainB/0.png")).unwrap();
    let spec = DataSpec {
        layout: Layout::Unaligned,
        ..spec(dir.path())
    };
    let set = Arc::new(Dataset::open(&spec, Split::Train).unwrap());
    let batches = take(&set, LoaderOptions::default(), 60);
    let equal = batches.iter().filter(|b| b.a == b.b).count();
    assert!(
        equal < 10,
        "{equal} of 60 pairs have the same one of 50 crops and flips"
    );
}

#[test]
fn the_direction_swaps_the_roles_of_unaligned_sides() {
    let forth = unaligned([2, 3], |s| (s.load_size, s.flip) = (16.into(), false));
    let back = unaligned([2, 3], |s| {
        (s.load_size, s.flip, s.direction) = (16.into(), false, Direction::BToA);
    });
    let (forth, back) = (
        take(&forth.1, LoaderOptions::default(), 6),
        take(&back.1, LoaderOptions::default(), 6),
    );
    for (one, two) in forth.iter().zip(&back) {
        assert_eq!((&one.a, &one.b), (&two.b, &two.a));
    }
}

#[test]
fn a_bad_file_is_an_error_in_its_turn_and_the_rest_goes_on() {
    let (dir, _) = set(4);
    std::fs::write(dir.path().join("train/001.png"), "hello").unwrap();
    let options = LoaderOptions {
        shuffle: false,
        workers: 3,
        ..LoaderOptions::default()
    };
    let mut loader = Loader::start(open(dir.path()), options);
    assert_eq!(loader.next().unwrap().names, ["000"]);
    let text = loader.next().unwrap_err().to_string();
    assert!(text.contains("001.png: not an image"), "{text}");
    assert_eq!(loader.next().unwrap().names, ["002"]);
}

#[test]
fn dropping_a_loader_ends_its_threads() {
    let (_dir, set) = set(4);
    for _ in 0..20 {
        let mut loader = Loader::start(
            Arc::clone(&set),
            LoaderOptions {
                workers: 3,
                ..LoaderOptions::default()
            },
        );
        loader.next().unwrap();
        drop(loader);
    }
    assert_eq!(Arc::strong_count(&set), 1, "no thread holds the set any more");
}

#[test]
fn a_start_batch_at_the_far_end_is_no_panic() {
    let (_dir, set) = set(2);
    let options = LoaderOptions {
        start_batch: u64::MAX - 4,
        ..LoaderOptions::default()
    };
    assert_eq!(take(&set, options, 2).len(), 2);
}
