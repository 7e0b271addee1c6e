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

/// The rectangle of the first clipping, and the drawing inside it.
fn clipped(svg: &str) -> ([i32; 4], &str) {
    let start = svg.find("<clipPath").unwrap();
    let end = svg[start..].find("</g>").unwrap() + start;
    let part = &svg[start..end];
    let number = |name: &str| {
        let from = part.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        part[from..].split('"').next().unwrap().parse().unwrap()
    };
    (["x", "y", "width", "height"].map(number), part)
}

#[test]
fn nothing_is_drawn_beyond_the_axes() {
    let mut spec = spec(Kind::Curves);
    (spec.x_min, spec.x_max, spec.y_min, spec.y_max) = (Some(300.0), Some(500.0), Some(0.9), Some(1.2));
    let svg = drawn(&spec, 8);
    let ([x, y, w, h], inside) = clipped(&svg);
    // Lines reach beyond the axes and are cut there, at half a line's width.
    assert!(inside.contains("<path"));
    assert!(w < 3212 && h < 2000, "{w} {h}");
    // Points are inside or not there.
    let legend_ends = svg.find("<clipPath").unwrap();
    for circle in svg[legend_ends..]
        .match_indices("<circle")
        .map(|(at, _)| &svg[legend_ends + at..])
    {
        let number = |name: &str| -> i32 {
            let from = circle.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
            circle[from..].split('"').next().unwrap().parse().unwrap()
        };
        let (cx, cy) = (number("cx"), number("cy"));
        assert!(
            (x..=x + w).contains(&cx) && (y..=y + h).contains(&cy),
            "{cx} {cy}"
        );
    }
}

#[test]
fn a_legend_is_never_cut() {
    let mut spec = spec(Kind::Curves);
    spec.by.clear();
    (spec.preset, spec.width, spec.height) = (Preset::Slide, Some(60.0), Some(90.0));
    let svg = drawn(&spec, 8);
    for label in ["n1-seed1", "n3-seed3", "n5-seed2", "+1 run in grey"] {
        assert!(svg.contains(&format!("{label}</text>")), "{label}");
    }
}

#[test]
fn headings_of_many_columns_stand_upright_and_whole() {
    use crate::figure::{Body, ImageGrid, Picture};
    let names: Vec<String> = (0..16)
        .map(|i| format!("lambda-lambda_l1{}-lr0.000{}-ngf{}", i % 4, i / 4 % 2, i / 8))
        .collect();
    let picture = Some(Picture {
        alt: "p".into(),
        data: [1_u8][..].into(),
        width: 64,
        height: 64,
    });
    let figure = Figure {
        kind: Kind::Images,
        title: None,
        body: Body::Images(ImageGrid {
            columns: names.clone(),
            rows: vec!["output".into()],
            headings: Vec::new(),
            cells: vec![vec![picture; 16]],
        }),
        legend: Vec::new(),
        notes: Vec::new(),
        caption: "Images.".into(),
        runs: 16,
        numbers: crate::figure::Numbers::default(),
    };
    let svg = svg(&figure, &spec(Kind::Images), &Embed::default()).unwrap();
    let heads: Vec<&str> = svg.lines().filter(|l| l.contains("rotate(-90")).collect();
    assert_eq!(heads.len(), 16);
    let mut texts: Vec<&str> = heads.iter().filter_map(|h| h.split('>').nth(1)).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 16, "no two are the same");
}
