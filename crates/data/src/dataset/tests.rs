use std::fs;

use diptych_domain::spec::Layout;
use tempfile::tempdir;

use super::*;
use crate::fixtures::{pairs, picture, spec};
use crate::read::read_image;
use crate::save::save_image;

fn message(result: Result<Dataset, DataError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_pair_is_split_in_the_middle_and_the_direction_swaps_its_roles() {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 2, 16);
    let mut spec = spec(dir.path());
    let pair = Dataset::open(&spec, Split::Train).unwrap().load_eval(1).unwrap();
    let whole = read_image(&dir.path().join("train/001.png"), 3).unwrap();
    assert_eq!(pair.a.shape(), [1, 3, 16, 16]);
    assert_eq!(pair.names, ["001"]);
    for k in 0..3 {
        for y in 0..16 {
            let row = |images: &Images, x: usize, w: usize| {
                images.data[(k * 16 + y) * images.w + x..][..w].to_vec()
            };
            assert_eq!(row(&pair.a, 0, 16), row(&whole, 0, 16));
            assert_eq!(row(&pair.b, 0, 16), row(&whole, 16, 16));
        }
    }
    spec.direction = Direction::BToA;
    let swapped = Dataset::open(&spec, Split::Train).unwrap().load_eval(1).unwrap();
    assert_eq!((swapped.a, swapped.b), (pair.b, pair.a));
}

#[test]
fn parallel_folders_give_what_side_by_side_gives() {
    let dir = tempdir().unwrap();
    for (spelling, [a, b]) in [("flat", ["trainA", "trainB"]), ("nested", ["train/A", "train/B"])] {
        let root = dir.path().join(spelling);
        for (side, name) in [a, b].iter().enumerate() {
            fs::create_dir_all(root.join(name)).unwrap();
            for i in 0..3 {
                let image = picture(10 * i + side, 3, 16, 16);
                // Another extension on one side does not matter.
                save_image(
                    &root.join(name).join(format!("{i}.{}", ["png", "PNG"][side])),
                    &image,
                    0,
                )
                .unwrap();
            }
        }
        let set = Dataset::open(&spec(&root), Split::Train).unwrap();
        assert_eq!((set.len(), set.name(2)), (3, "2"));
        let pair = set.load_eval(2).unwrap();
        assert_eq!(pair.a, read_image(&root.join(a).join("2.png"), 3).unwrap());
        assert_eq!(pair.b, read_image(&root.join(b).join("2.PNG"), 3).unwrap());
    }
}

#[test]
fn unmatched_and_doubled_forms_are_refused_with_the_files_named() {
    let dir = tempdir().unwrap();
    let root = dir.path();
    for folder in ["train/A", "train/B"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for name in ["train/A/1.png", "train/B/1.png", "train/B/2.png"] {
        fs::write(root.join(name), b"x").unwrap();
    }
    let text = message(Dataset::open(&spec(root), Split::Train));
    assert!(
        text.contains("train/B: 1 images have no partner in") && text.ends_with("(first: 2)"),
        "{text}"
    );
    fs::write(root.join("train/A/2.png"), b"x").unwrap();
    fs::write(root.join("train/A/2.jpg"), b"x").unwrap();
    let text = message(Dataset::open(&spec(root), Split::Train));
    assert!(
        text.contains("2.jpg") && text.contains("same name but for the extension"),
        "{text}"
    );
    fs::remove_file(root.join("train/A/2.jpg")).unwrap();
    assert_eq!(Dataset::open(&spec(root), Split::Train).unwrap().len(), 2);
    fs::write(root.join("train/side.png"), b"x").unwrap();
    let text = message(Dataset::open(&spec(root), Split::Train));
    assert!(
        text.contains("side.png") && text.contains("both hold pairs"),
        "{text}"
    );
    fs::remove_file(root.join("train/side.png")).unwrap();
    fs::remove_dir_all(root.join("train/B")).unwrap();
    let text = message(Dataset::open(&spec(root), Split::Train));
    assert!(text.contains("train/A: 2 images have no partner in"), "{text}");
}

#[test]
fn missing_and_empty_folders_say_what_was_looked_for() {
    let dir = tempdir().unwrap();
    let nowhere = dir.path().join("nowhere");
    assert_eq!(
        message(Dataset::open(&spec(&nowhere), Split::Train)),
        format!("{}: no such folder", nowhere.display())
    );
    let text = message(Dataset::open(&spec(dir.path()), Split::Val));
    let all = "val/, valA/ with valB/, val/A/ with val/B/, test/, testA/ with testB/, test/A/ with test/B/";
    assert!(text.contains(all) && text.ends_with("(layout aligned)"), "{text}");
    fs::create_dir(dir.path().join("train")).unwrap();
    let text = message(Dataset::open(&spec(dir.path()), Split::Train));
    assert!(
        text.contains("train: no images in this folder (looked for jpg,"),
        "{text}"
    );
}

#[test]
fn val_comes_before_test_and_max_images_cuts_training_alone() {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 5, 4);
    pairs(&dir.path().join("test"), 3, 4);
    let spec = DataSpec {
        max_images: 2,
        ..spec(dir.path())
    };
    let len = |split| Dataset::open(&spec, split).unwrap().len();
    assert_eq!((len(Split::Train), len(Split::Val)), (2, 3));
    pairs(&dir.path().join("val"), 4, 4);
    assert_eq!(len(Split::Val), 4);
}

#[test]
fn unaligned_sets_are_as_long_as_the_longer_side() {
    let dir = tempdir().unwrap();
    for (folder, count) in [("trainA", 2), ("trainB", 5)] {
        fs::create_dir(dir.path().join(folder)).unwrap();
        for i in 0..count {
            let image = picture(i, 3, 16, 16);
            save_image(
                &dir.path().join(folder).join(format!("{folder}{i}.png")),
                &image,
                0,
            )
            .unwrap();
        }
    }
    let spec = DataSpec {
        layout: Layout::Unaligned,
        ..spec(dir.path())
    };
    let set = Dataset::open(&spec, Split::Train).unwrap();
    assert_eq!((set.len(), set.name(4)), (5, "trainB4"));
    let pair = set.load_eval(3).unwrap();
    assert_eq!(
        pair.a,
        read_image(&dir.path().join("trainA/trainA1.png"), 3).unwrap()
    );
    assert_eq!(
        pair.b,
        read_image(&dir.path().join("trainB/trainB3.png"), 3).unwrap()
    );
    let draw = |position| Draw {
        seed: 1,
        epoch: 0,
        position,
        shuffle: true,
    };
    let partners: Vec<Images> = (0..20).map(|p| set.load_train(0, draw(p)).unwrap().b).collect();
    assert!(partners.iter().any(|b| *b != partners[0]));
}

#[test]
fn a_single_set_has_inputs_only_and_falls_back_to_the_root() {
    let dir = tempdir().unwrap();
    pairs(dir.path(), 2, 8);
    let spec = DataSpec {
        layout: Layout::Single,
        ..spec(dir.path())
    };
    let pair = Dataset::open(&spec, Split::Train).unwrap().load_eval(0).unwrap();
    assert_eq!((pair.a.shape(), pair.b.n), ([1, 3, 16, 16], 0));
    assert!(matches!(
        Dataset::open(&spec, Split::Val),
        Err(DataError::MissingSplit { .. })
    ));
}

#[test]
fn channel_counts_follow_the_domains_not_the_roles() {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 1, 16);
    let spec = DataSpec {
        channels_a: 1,
        channels_b: 4,
        direction: Direction::BToA,
        ..spec(dir.path())
    };
    let pair = Dataset::open(&spec, Split::Train).unwrap().load_eval(0).unwrap();
    assert_eq!((pair.a.c, pair.b.c), (4, 1));
    assert!(
        pair.a.data[3 * 256..].iter().all(|&v| v == 1.0),
        "alpha is opaque"
    );
}

#[test]
fn sixteen_bit_files_keep_their_depth() {
    let dir = tempdir().unwrap();
    fs::create_dir(dir.path().join("train")).unwrap();
    let mut image = picture(0, 1, 16, 32);
    image
        .data
        .iter_mut()
        .enumerate()
        .for_each(|(i, v)| *v = i as f32 / 65535.0);
    crate::save::save_image16(&dir.path().join("train/x.png"), &image, 0).unwrap();
    let spec = DataSpec {
        channels_a: 1,
        channels_b: 1,
        ..spec(dir.path())
    };
    let pair = Dataset::open(&spec, Split::Train).unwrap().load_eval(0).unwrap();
    let error = (pair.a.data[16] - image.data[32]).abs();
    assert!(error < 1.0 / 65535.0, "{error}");
}

#[test]
fn damaged_files_name_themselves() {
    let dir = tempdir().unwrap();
    let train = dir.path().join("train");
    pairs(&train, 1, 16);
    let whole = fs::read(train.join("000.png")).unwrap();
    fs::write(train.join("001.jpg"), "hello").unwrap();
    fs::write(train.join("002.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(train.join("003.png"), b"").unwrap();
    save_image(&train.join("004.png"), &picture(0, 3, 1, 1), 0).unwrap();
    let mut huge = b"P6 100000 100000 255\n".to_vec();
    huge.extend([0; 64]);
    fs::write(train.join("005.ppm"), huge).unwrap();
    let set = Dataset::open(&spec(dir.path()), Split::Train).unwrap();
    let text = |i| set.load_eval(i).unwrap_err().to_string();
    assert!(text(1).contains("001.jpg: not an image"), "{}", text(1));
    assert!(text(2).contains("002.png: "), "{}", text(2));
    assert!(text(3).contains("003.png: the file is empty"), "{}", text(3));
    assert!(
        text(4).contains("004.png: 1 x 1 pixels cannot hold two"),
        "{}",
        text(4)
    );
    assert!(
        text(5).contains("005.ppm: 100000 x 100000 pixels; at most 32768"),
        "{}",
        text(5)
    );
    assert_eq!(text(6), "image 6 of 6: no such image");
    assert!(set.load_eval(0).is_ok());
}

#[test]
fn an_odd_column_goes_to_the_right() {
    let dir = tempdir().unwrap();
    fs::create_dir(dir.path().join("train")).unwrap();
    let mut image = Images::zeros(1, 1, 2, 3);
    image.data = vec![-1.0, 1.0, 1.0, -1.0, 1.0, 1.0];
    save_image(&dir.path().join("train/odd.png"), &image, 0).unwrap();
    let pair = Dataset::open(&spec(dir.path()), Split::Train)
        .unwrap()
        .load_eval(0)
        .unwrap();
    assert!(pair.a.data.iter().all(|&v| v == -1.0) && pair.b.data.iter().all(|&v| v == 1.0));
}

#[test]
fn crops_that_are_not_square_are_cut_alike_from_both_halves() {
    let dir = tempdir().unwrap();
    let folder = dir.path().join("train");
    fs::create_dir_all(&folder).unwrap();
    // Both halves the same, so that equal crops are equal.
    let half = picture(3, 3, 20, 30);
    let mut both = Images::zeros(1, 3, 20, 60);
    for (row, from) in both.data.chunks_exact_mut(60).zip(half.data.chunks_exact(30)) {
        row[..30].copy_from_slice(from);
        row[30..].copy_from_slice(from);
    }
    save_image(&folder.join("0.png"), &both, 0).unwrap();
    let spec = DataSpec {
        load_size: Size {
            width: 30,
            height: 20,
        },
        crop_size: Size {
            width: 24,
            height: 10,
        },
        flip: false,
        ..spec(dir.path())
    };
    let set = Dataset::open(&spec, Split::Train).unwrap();
    let whole = read_image(&folder.join("0.png"), 3).unwrap();
    let mut places = std::collections::BTreeSet::new();
    for epoch in 0..60 {
        let at = Draw {
            seed: 1,
            epoch,
            position: 0,
            shuffle: true,
        };
        let pair = set.load_train(0, at).unwrap();
        assert_eq!(pair.a.shape(), [1, 3, 10, 24]);
        assert_eq!(pair.a, pair.b);
        // No resizing here: the crop is somewhere in the image as it is.
        let same = |x: usize, y: usize| {
            (0..10).all(|row| {
                let from = (y + row) * 60 + x;
                pair.a.data[row * 24..][..24] == whole.data[from..from + 24]
            })
        };
        let place = (0..=6).flat_map(|x| (0..=10).map(move |y| (x, y)));
        places.insert(place.into_iter().find(|&(x, y)| same(x, y)).unwrap());
    }
    let reach = |of: fn(&(usize, usize)) -> usize| {
        let all: Vec<usize> = places.iter().map(of).collect();
        (*all.iter().min().unwrap(), *all.iter().max().unwrap())
    };
    assert_eq!((reach(|p| p.0), reach(|p| p.1)), ((0, 6), (0, 10)));
    // For evaluation the whole image, resized.
    assert_eq!(set.load_eval(0).unwrap().b.shape(), [1, 3, 10, 24]);
    assert_eq!(set.load_side(Side::Target, 0).unwrap().shape(), [1, 3, 10, 24]);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 1, 4);
    let base = spec(dir.path());
    let small = DataSpec {
        load_size: 10.into(),
        ..base.clone()
    };
    assert_eq!(
        message(Dataset::open(&small, Split::Train)),
        "data.load_size = 10: expected 16 (data.crop_size) to 8192"
    );
    let narrow = DataSpec {
        load_size: Size {
            width: 15,
            height: 100,
        },
        ..base.clone()
    };
    assert_eq!(
        message(Dataset::open(&narrow, Split::Train)),
        "data.load_size = 15x100: expected 16 (data.crop_size) to 8192 a side"
    );
    let flat = DataSpec {
        channels_b: 0,
        ..base
    };
    assert_eq!(
        message(Dataset::open(&flat, Split::Train)),
        "data.channels_b = 0: expected 1 to 4"
    );
}

#[cfg(unix)]
#[test]
fn paths_that_are_not_utf_8_work() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempdir().unwrap();
    pairs(&dir.path().join("train"), 1, 16);
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
    fs::rename(
        dir.path().join("train/000.png"),
        dir.path().join("train").join(odd),
    )
    .unwrap();
    let set = Dataset::open(&spec(dir.path()), Split::Train).unwrap();
    assert_eq!(set.name(0), "caf\u{fffd}");
    assert!(set.load_eval(0).is_ok());
}

#[test]
fn the_fingerprint_follows_contents_and_names_but_not_the_place() {
    let print = |edit: &dyn Fn(&Path)| {
        let dir = tempdir().unwrap();
        pairs(&dir.path().join("train"), 3, 4);
        edit(dir.path());
        Dataset::open(&spec(dir.path()), Split::Train)
            .unwrap()
            .fingerprint()
            .unwrap()
    };
    let plain = print(&|_| ());
    assert_eq!(plain, print(&|_| ()));
    let renamed = print(&|d| fs::rename(d.join("train/002.png"), d.join("train/003.png")).unwrap());
    let swapped = print(&|d| {
        fs::copy(d.join("train/000.png"), d.join("train/001.png")).unwrap();
    });
    assert!(plain != renamed && plain != swapped && renamed != swapped);
}

#[test]
fn files_that_differ_in_their_extension_keep_it_in_their_names() {
    let dir = tempdir().unwrap();
    fs::create_dir(dir.path().join("train")).unwrap();
    for name in ["1.png", "1.jpg", "2.png"] {
        fs::write(dir.path().join("train").join(name), b"x").unwrap();
    }
    let set = Dataset::open(&spec(dir.path()), Split::Train).unwrap();
    assert_eq!(
        [set.name(0), set.name(1), set.name(2), set.name(3)],
        ["1.jpg", "1.png", "2", ""]
    );
}
