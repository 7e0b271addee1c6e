//! Small folders of generated images for the tests.

use std::path::Path;

use diptych_domain::Images;
use diptych_domain::spec::DataSpec;

use crate::save::save_image;

/// An image whose values depend on `tag` and the place, so that any two differ.
pub fn picture(tag: usize, c: usize, h: usize, w: usize) -> Images {
    let mut images = Images::zeros(1, c, h, w);
    for (i, v) in images.data.iter_mut().enumerate() {
        *v = ((i * 37 + tag * 101 + i / w * 11) % 256) as f32 / 127.5 - 1.0;
    }
    images
}

/// Writes `count` side-by-side pairs of `side` x `side` images into `folder`.
pub fn pairs(folder: &Path, count: usize, side: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        save_image(
            &folder.join(format!("{i:03}.png")),
            &picture(i, 3, side, 2 * side),
            0,
        )
        .unwrap();
    }
}

/// A spec for `root`: load 20, crop 16.
pub fn spec(root: &Path) -> DataSpec {
    DataSpec {
        root: root.to_str().unwrap().to_owned(),
        load_size: 20.into(),
        crop_size: 16.into(),
        ..DataSpec::default()
    }
}
