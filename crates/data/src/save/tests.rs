use rstest::rstest;
use tempfile::tempdir;

use super::*;
use crate::fixtures::picture;
use crate::read::{read_image, read_image_with_depth};

fn decoded(bytes: &[u8]) -> image::DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

#[test]
fn eight_bits_are_truncated_as_the_reference_does() {
    let values = vec![-1.0, -0.5, 0.0, 0.5, 0.999, 1.0, 7.0, -7.0, f32::NAN];
    let images = Images {
        data: values,
        ..Images::zeros(1, 1, 3, 3)
    };
    let bytes = decoded(&encode_png(&images, 0).unwrap()).into_luma8().into_raw();
    assert_eq!(bytes, [0, 63, 127, 191, 254, 255, 255, 0, 0]);
}

#[rstest]
#[case(1, 1)]
#[case(2, 3)]
#[case(3, 3)]
#[case(4, 4)]
fn every_channel_count_is_written(#[case] channels: usize, #[case] in_file: u8) {
    let images = Images {
        n: 2,
        data: [picture(1, channels, 3, 5).data, picture(2, channels, 3, 5).data].concat(),
        ..picture(1, channels, 3, 5)
    };
    for bytes in [encode_png(&images, 1).unwrap(), encode_png16(&images, 1).unwrap()] {
        let image = decoded(&bytes);
        assert_eq!(
            (image.width(), image.height(), image.color().channel_count()),
            (5, 3, in_file)
        );
        if channels == 2 {
            assert!(image.to_rgb8().pixels().all(|p| p.0[2] == 0), "blue is 0");
        }
    }
}

#[test]
fn sixteen_bits_come_back_to_half_a_step() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("deep.png");
    let images = picture(3, 3, 7, 9);
    assert_eq!(save_image16(&path, &images, 0).unwrap(), (9, 7));
    let (back, depth) = read_image_with_depth(&path, 3).unwrap();
    assert_eq!(depth.bits(), 16);
    assert!(
        back.data
            .iter()
            .zip(&images.data)
            .all(|(a, b)| (a - b).abs() <= 1.01 / 65535.0)
    );
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "no partial file is left"
    );
}

#[test]
fn a_grid_puts_cells_where_they_belong() {
    let flat = |v: f32, c: usize, h: usize, w: usize| Images {
        data: vec![v; c * h * w],
        ..Images::zeros(1, c, h, w)
    };
    let (black, grey, small) = (flat(-1.0, 3, 4, 4), flat(0.0, 1, 4, 4), flat(-1.0, 3, 2, 2));
    let sheet = decoded(&grid(&[vec![&black, &grey], vec![&small]], 1).unwrap()).to_rgb8();
    assert_eq!(sheet.dimensions(), (11, 11));
    let at = |x, y| sheet.get_pixel(x, y).0;
    assert_eq!(
        [at(0, 0), at(1, 1), at(5, 1), at(6, 1), at(9, 4)],
        [[255; 3], [0; 3], [255; 3], [127; 3], [127; 3]]
    );
    assert_eq!(
        [at(1, 6), at(2, 7), at(3, 8), at(4, 9), at(7, 7)],
        [[255; 3], [0; 3], [0; 3], [255; 3], [255; 3]]
    );
}

#[test]
fn what_is_no_image_is_refused() {
    let text = |r: Result<Vec<u8>, DataError>| r.unwrap_err().to_string();
    assert_eq!(
        text(encode_png(&picture(0, 3, 2, 2), 1)),
        "image 1 of 1: no such image"
    );
    assert!(
        text(encode_png(&Images::zeros(1, 5, 2, 2), 0))
            .contains("1 x 5 x 2 x 2: not images of 1 to 4 channels")
    );
    let short = Images {
        data: vec![0.0; 3],
        ..Images::zeros(1, 1, 2, 2)
    };
    assert!(text(encode_png16(&short, 0)).starts_with("3 values in the shape"));
    assert!(text(grid(&[], 2)).contains("at least one image"));
    assert!(text(grid(&[vec![&short]], 2)).starts_with("3 values"));
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("no/x.png");
    let text = save_image(&path, &picture(0, 3, 2, 2), 0)
        .unwrap_err()
        .to_string();
    assert!(text.starts_with(&path.display().to_string()), "{text}");
    assert!(matches!(read_image(&path, 3), Err(DataError::Io { .. })));
}
