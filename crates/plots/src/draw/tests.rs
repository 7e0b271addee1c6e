//! The SVG of each kind, as a whole.

use super::*;
use crate::kinds::{Loaded, build, plan};
use crate::spec::{Band, Kind, Preset, Theme};
use crate::testing::{loaded, runs};

fn spec(kind: Kind) -> FigureSpec {
    let mut spec = FigureSpec::new(kind);
    spec.preset = Preset::Column;
    spec.metrics = vec!["eval/l1".into()];
    match kind {
        Kind::Curves | Kind::Ablation => spec.by = vec!["params.n_layers".into()],
        Kind::Scatter => spec.params = vec!["params.n_layers".into()],
        Kind::Health => spec.metrics.clear(),
        _ => {}
    }
    spec
}

fn drawn(spec: &FigureSpec, points: u64) -> String {
    let runs = runs();
    let of = if spec.kind == Kind::Health {
        &runs[..1]
    } else {
        &runs[..]
    };
    let loaded = match plan(spec, of).unwrap() {
        requests if requests.is_empty() => Loaded::default(),
        requests => loaded(spec, of, &requests, points),
    };
    let figure = build(spec, of, &loaded).unwrap();
    svg(&figure, spec, &Embed::default()).unwrap()
}

#[test]
fn every_kind_is_drawn_as_before() {
    for kind in Kind::ALL.iter().copied().filter(|k| *k != Kind::Images) {
        let spec = spec(kind);
        insta::assert_snapshot!(format!("{kind}"), drawn(&spec, 8));
        insta::assert_snapshot!(format!("{kind}_spec"), spec.to_toml());
    }
}

#[test]
fn the_same_figure_gives_the_same_text() {
    let mut spec = spec(Kind::Curves);
    spec.band = Band::Ci;
    spec.theme = Theme::Dark;
    assert_eq!(drawn(&spec, 20), drawn(&spec, 20));
    assert!(drawn(&spec, 20).contains("fill=\"#16181d\""));
}

#[test]
fn a_dense_curve_is_small() {
    let mut spec = spec(Kind::Curves);
    spec.by.clear();
    spec.preset = Preset::Slide;
    spec.smoothing = 0.5;
    let svg = drawn(&spec, 800);
    assert!(svg.len() < 150_000, "{} bytes", svg.len());
    assert!(svg.contains("<text") && svg.contains("n1-seed1</text>"));
}

#[test]
fn a_grid_of_images_holds_its_images() {
    use crate::figure::{Body, ImageGrid, Picture};
    let picture = |alt: &str| {
        Some(Picture {
            alt: alt.into(),
            data: [1_u8, 2, 3][..].into(),
            width: 64,
            height: 64,
        })
    };
    let figure = Figure {
        kind: Kind::Images,
        title: Some("A <title>".into()),
        body: Body::Images(ImageGrid {
            columns: vec![
                "run-a".into(),
                "a-run-with-a-name-that-is-far-too-long-for-its-column-and-wraps".into(),
            ],
            rows: vec!["input".into(), "output".into()],
            headings: vec![(1, "probe 3".into())],
            cells: vec![
                vec![picture("in"), None],
                vec![picture("out"), picture("out & more")],
            ],
        }),
        legend: Vec::new(),
        notes: vec!["Without images: x".into()],
        caption: "Images.".into(),
        runs: 2,
        numbers: crate::figure::Numbers::default(),
    };
    insta::assert_snapshot!(
        "images",
        svg(&figure, &spec(Kind::Images), &Embed::default()).unwrap()
    );
}
