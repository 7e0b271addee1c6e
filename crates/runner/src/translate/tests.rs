use image::{GrayImage, Rgb, RgbImage};

use super::*;
use crate::testing::Line;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn image(&self, name: &str, w: u32, h: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_fn(w, h, |x, y| Rgb([x as u8, y as u8, 9]))
            .save(path)
            .unwrap();
    }

    fn translate(&self, input: &str, output: &str) -> Result<TranslateReport, RunnerError> {
        self.with(input, output, &Control::new())
    }

    fn with(&self, input: &str, output: &str, control: &Control) -> Result<TranslateReport, RunnerError> {
        let mut told = Vec::new();
        let options = TranslateOptions {
            input: self.path(input),
            output: self.path(output),
            channels: 3,
            mode: InferMode::Paper,
            tiles: Tiles::Auto,
            trained: 4,
            control: control.clone(),
        };
        let report = translate(&mut Line::new(3).multiple(4), &options, &mut |i, n| {
            told.push((i, n))
        })?;
        let tried = report.done.len() + report.failed.len();
        let total = tried + report.left;
        assert_eq!(told, (1..=tried).map(|i| (i, total)).collect::<Vec<_>>());
        Ok(report)
    }

    /// Outputs relative to `folder`.
    fn names(&self, report: &TranslateReport, folder: &str) -> Vec<String> {
        let root = self.path(folder);
        report
            .done
            .iter()
            .map(|t| t.output.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn a_folder_keeps_its_names_and_sizes() {
    let place = Place::new();
    place.image("in/b.jpg", 7, 5);
    place.image("in/sub/a.png", 8, 8);
    place.image("in/b.png", 3, 1);
    fs::write(place.path("in/notes.txt"), "no image").unwrap();
    let report = place.translate("in", "out").unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(place.names(&report, "out"), ["b.png", "b.png.png", "sub/a.png"]);
    for t in &report.done {
        assert_eq!(image::image_dimensions(&t.output).unwrap(), (t.width, t.height));
    }
    assert_eq!((report.done[0].width, report.done[0].height), (7, 5));
}

#[test]
fn one_file_is_enough() {
    let place = Place::new();
    place.image("one.png", 6, 6);
    let report = place.translate("one.png", "out").unwrap();
    assert_eq!(place.names(&report, "out"), ["one.png"]);
}

#[test]
fn a_bad_file_does_not_stop_the_others() {
    let place = Place::new();
    place.image("in/a.png", 4, 4);
    fs::write(place.path("in/b.jpg"), "text").unwrap();
    let whole = place.path("in/c.png");
    place.image("in/c.png", 40, 40);
    let bytes = fs::read(&whole).unwrap();
    fs::write(&whole, &bytes[..bytes.len() / 2]).unwrap();
    place.image("in/d.png", 4, 4);
    let report = place.translate("in", "out").unwrap();
    assert_eq!(place.names(&report, "out"), ["a.png", "d.png"]);
    let failed: Vec<String> = report.failed.iter().map(|f| f.error.to_string()).collect();
    assert!(
        failed[0].contains("b.jpg") && failed[1].contains("c.png"),
        "{failed:?}"
    );
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 2);
}

#[test]
fn inputs_are_never_overwritten() {
    let place = Place::new();
    place.image("in/a.png", 4, 4);
    place.image("in/b.bmp", 4, 4);
    let before = fs::read(place.path("in/a.png")).unwrap();
    let report = place.translate("in", "in/../in").unwrap();
    assert_eq!(report.done.len(), 1);
    assert!(matches!(&report.failed[0].error, RunnerError::Overwrite { path } if path.ends_with("a.png")));
    assert_eq!(fs::read(place.path("in/a.png")).unwrap(), before);
}

#[test]
fn earlier_outputs_inside_the_input_are_no_inputs() {
    let place = Place::new();
    place.image("in/a.png", 4, 4);
    for _ in 0..2 {
        let report = place.translate("in", "in/out").unwrap();
        assert_eq!(place.names(&report, "in/out"), ["a.png"]);
    }
}

#[test]
fn nothing_to_translate_is_an_error_with_the_path() {
    let place = Place::new();
    let error = place.translate("missing", "out").unwrap_err();
    assert!(matches!(&error, RunnerError::Read { path, .. } if path.ends_with("missing")));
    fs::create_dir(place.path("empty")).unwrap();
    let error = place.translate("empty", "out").unwrap_err();
    assert!(matches!(error, RunnerError::NoImages { .. }));
    GrayImage::new(1, 1).save(place.path("file.png")).unwrap();
    assert!(matches!(
        place.translate("file.png", "file.png").unwrap_err(),
        RunnerError::Write { .. }
    ));
}

#[test]
fn a_stop_leaves_the_rest() {
    let place = Place::new();
    place.image("in/a.png", 4, 4);
    let control = Control::new();
    control.request_stop();
    let report = place.with("in", "out", &control).unwrap();
    assert_eq!((report.done.len(), report.left), (0, 1));
}

#[test]
fn tiles_that_are_too_small_or_overlap_too_much_are_refused_at_once() {
    let place = Place::new();
    place.image("one.png", 40, 40);
    let attempt = |tiles| {
        let options = TranslateOptions {
            input: place.path("one.png"),
            output: place.path("out"),
            channels: 3,
            mode: InferMode::Paper,
            tiles,
            trained: 32,
            control: Control::new(),
        };
        translate(&mut Line::new(3).multiple(4).field(50), &options, &mut |_, _| {})
            .map_err(|e| e.to_string())
    };
    let of = |size, overlap| Tiles::Of { size, overlap };
    assert!(attempt(of(16, None)).unwrap_err().starts_with(
        "tiles of 16 pixels are too small: the generator's outputs depend on 50 pixels around them"
    ));
    assert_eq!(
        attempt(of(32, Some(20))).unwrap_err(),
        "an overlap of 20 pixels is more than half of a tile of 32; use 16 or less"
    );
    // As large as in training, but smaller than the receptive field: told.
    let report = attempt(of(32, Some(8))).unwrap();
    assert_eq!((report.done[0].tiles, report.cut_short), (4, Some(50)));
    let report = attempt(Tiles::Never).unwrap();
    assert_eq!((report.done[0].tiles, report.cut_short), (1, None));
}

#[test]
fn depth_and_alpha_survive_a_translation() {
    let place = Place::new();
    let deep = image::ImageBuffer::from_fn(6, 5, |x, y| {
        image::Rgba([6000 * x as u16, 9000 * y as u16, 77, (x * 5 + y) as u16 * 2001])
    });
    fs::create_dir_all(place.path("in")).unwrap();
    for name in ["a.png", "b.tiff"] {
        image::DynamicImage::ImageRgba16(deep.clone())
            .save(place.path("in").join(name))
            .unwrap();
    }
    let report = place.translate("in", "out").unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    for done in &report.done {
        let image::DynamicImage::ImageRgba16(out) = image::open(&done.output).unwrap() else {
            panic!("{} is not RGBA of 16 bits", done.output.display());
        };
        assert!(out.pixels().zip(deep.pixels()).all(|(a, b)| a.0[3] == b.0[3]));
    }
}
