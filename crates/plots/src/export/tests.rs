use super::*;
use crate::kinds::{build, plan};
use crate::spec::{Kind, Preset};
use crate::testing::{loaded, runs};

fn drawn(kind: Kind) -> (Figure, FigureSpec, Provenance) {
    let runs = runs();
    let mut spec = FigureSpec::new(kind);
    spec.preset = Preset::Column;
    spec.dpi = 72;
    spec.title = Some("Größe <&> \"x\"".into());
    match kind {
        Kind::Curves | Kind::Ablation => spec.by = vec!["params.n_layers".into()],
        Kind::Health => spec.limit = 1,
        _ => {}
    }
    if kind != Kind::Health {
        spec.metrics = vec!["eval/l1".into()];
    }
    let figure = build(
        &spec,
        &runs,
        &loaded(&spec, &runs, &plan(&spec, &runs).unwrap(), 5),
    )
    .unwrap();
    let provenance = Provenance::of("diptych test", &spec, &runs);
    (figure, spec, provenance)
}

#[test]
fn every_form_carries_where_it_comes_from_and_is_the_same_twice() {
    let (figure, spec, provenance) = drawn(Kind::Curves);
    for form in [Form::Svg, Form::Png, Form::Pdf, Form::Csv, Form::Latex] {
        let written = bytes(&figure, &spec, &provenance, form).unwrap();
        assert_eq!(Provenance::read(&written).unwrap(), provenance, "{form}");
        assert_eq!(
            bytes(&figure, &spec, &provenance, form).unwrap(),
            written,
            "{form}"
        );
    }
    let nothing = Provenance::read(b"<svg></svg>").unwrap_err().to_string();
    assert!(nothing.contains("does not say where it comes from"), "{nothing}");
    assert!(Provenance::read(b"").is_err());
    assert!(Provenance::read(b"# diptych {}").is_err());
}

#[test]
fn numbers_are_those_that_are_drawn() {
    let (figure, ..) = drawn(Kind::Curves);
    insta::assert_snapshot!("curves_csv", csv::text(&figure).unwrap());
    for (kind, name) in [
        (Kind::Ablation, "ablation_csv"),
        (Kind::Scatter, "scatter_csv"),
        (Kind::Parallel, "parallel_csv"),
        (Kind::Histogram, "histogram_csv"),
        (Kind::Correlation, "correlation_csv"),
    ] {
        let (figure, ..) = drawn(kind);
        insta::assert_snapshot!(name, csv::text(&figure).unwrap());
    }
}

#[test]
fn latex_is_a_picture() {
    let (figure, spec, _) = drawn(Kind::Curves);
    insta::assert_snapshot!("curves_tex", latex::text(&figure, &spec).unwrap());
    let (figure, spec, _) = drawn(Kind::Parallel);
    insta::assert_snapshot!("parallel_tex", latex::text(&figure, &spec).unwrap());
    let (figure, spec, _) = drawn(Kind::Health);
    let text = latex::text(&figure, &spec).unwrap();
    // Two curves in the first panel, and the others have one each.
    assert_eq!(text.matches("\\addlegendentry").count(), 2, "{text}");
    assert!(text.contains("\\addlegendentry{D\\_real}"), "{text}");
}

#[test]
fn texts_are_drawn_with_the_fonts_inside() {
    // Where no font is found, no glyph is drawn: the picture with text has more ink than that without.
    let picture = |text: &str| {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"50\" height=\"20\" font-family=\"{}\"><text x=\"2\" y=\"15\" \
             font-size=\"12\">{text}</text></svg>",
            draw::font::FAMILY
        );
        png::bytes(&svg, 96, None).unwrap().len()
    };
    assert!(picture("abc10⁻³") > picture("") + 100);
}

#[test]
fn an_svg_has_the_fonts_that_it_uses_and_stays_small() {
    let (mut figure, mut spec, provenance) = drawn(Kind::Curves);
    let text = |figure: &Figure, spec: &FigureSpec| {
        String::from_utf8(bytes(figure, spec, &provenance, Form::Svg).unwrap()).unwrap()
    };
    let both = text(&figure, &spec);
    assert_eq!(both.matches("@font-face").count(), 2);
    // WOFF2 in base64 begins so.
    assert_eq!(both.matches("data:font/woff2;base64,d09GMk9U").count(), 2);
    (figure.title, spec.title) = (None, None);
    let regular = text(&figure, &spec);
    assert_eq!(regular.matches("@font-face").count(), 1);
    assert!(
        both.len() - regular.len() < 18_000 && regular.len() < 30_000,
        "{} {}",
        both.len(),
        regular.len()
    );
}

#[test]
fn too_large_a_picture_is_refused() {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"5000\" height=\"5000\"/>";
    let error = png::bytes(svg, 2400, None).unwrap_err().to_string();
    assert!(error.contains("fewer dots per inch than 2400"), "{error}");
}

#[test]
fn unknown_formats_are_refused_with_the_nearest() {
    let error = |name: &str| Form::of_file(Path::new(name)).unwrap_err();
    assert_eq!(
        error("a/b.sgv"),
        "a/b.sgv: unknown format `sgv` (did you mean `svg`?): expected one of svg, png, pdf, csv, tex"
    );
    assert!(error("plain").contains("no format: expected one of"));
    assert_eq!(Form::of_file(Path::new("X.PDF")), Ok(Form::Pdf));
}
