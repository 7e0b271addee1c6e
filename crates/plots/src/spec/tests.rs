use super::*;

#[test]
fn a_figure_survives_the_trip_through_toml_and_json() {
    let mut spec = FigureSpec::new(Kind::Ablation);
    spec.query = Some("tag:patchgan".into());
    spec.by = vec!["params.n_layers".into()];
    spec.metrics = vec!["eval/l1.best".into()];
    spec.band = Band::Ci;
    spec.width = Some(120.5);
    spec.theme = Theme::Dark;
    assert_eq!(from_toml("f.toml", &spec.to_toml()), Ok(spec.clone()));
    assert_eq!(from_json(&spec.to_json()), Ok(spec));
}

#[test]
fn what_is_default_is_not_written() {
    assert_eq!(FigureSpec::new(Kind::Curves).to_toml(), "kind = \"curves\"\n");
    assert_eq!(
        from_toml("f", "kind = \"curves\""),
        Ok(FigureSpec::new(Kind::Curves))
    );
}

#[test]
fn the_list_of_keys_is_that_of_the_type() {
    let mut spec = FigureSpec::new(Kind::Images);
    let text = || vec!["a".to_owned()];
    (spec.runs, spec.metrics, spec.by, spec.params, spec.roles) = (text(), text(), text(), text(), text());
    (spec.query, spec.against, spec.title, spec.caption) = (
        Some("q".into()),
        Some("first".into()),
        Some("t".into()),
        Some("c".into()),
    );
    (spec.x_min, spec.x_max, spec.y_min, spec.y_max) = (Some(1.0), Some(2.0), Some(1.0), Some(2.0));
    (spec.width, spec.height) = (Some(90.0), Some(50.0));
    (spec.probes, spec.steps) = (vec![1], vec![100]);
    (
        spec.log_x,
        spec.log_y,
        spec.smoothing,
        spec.bins,
        spec.limit,
        spec.dpi,
    ) = (true, true, 0.5, 3, 4, 96);
    spec.notes = false;
    (spec.x, spec.band, spec.panels) = (XAxis::Wall, Band::None, Panels::None);
    (spec.arrange, spec.preset, spec.theme) = (Arrange::Steps, Preset::Slide, Theme::Dark);
    spec.labels.insert("eval/l1".into(), "L1".into());
    let value: serde_json::Value = serde_json::from_str(&spec.to_json()).unwrap();
    let mut written: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut known = KEYS.to_vec();
    written.sort_unstable();
    known.sort_unstable();
    assert_eq!(written, known);
    // No kind has all keys: those that images do not have are refused.
    assert!(from_toml("f", &spec.to_toml()).is_err());
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, expected) in [
        (
            "kind = \"curves\"\nmetric = [\"a\"]",
            "f.toml:2: `metric`: unknown key (did you mean `metrics`?)",
        ),
        (
            "kind = \"curve\"",
            "f.toml:1: `kind = \"curve\"`: expected one of curves, ablation",
        ),
        ("kind = \"curve\"", "(did you mean `curves`?)"),
        ("metrics = []", "f.toml: no `kind`: expected one of curves"),
        (
            "kind = \"curves\"\n\nsmoothing = 1.0",
            "f.toml:3: `smoothing = 1.0`: expected a number from 0",
        ),
        (
            "kind = \"curves\"\nruns = \"a\"",
            "f.toml:2: `runs = \"a\"`: expected a list of texts",
        ),
        ("kind = \"curves\"\nx = \"steps\"", "(did you mean `step`?)"),
        (
            "kind = \"curves\"\nwidth = 5",
            "f.toml:2: `width = 5`: expected millimetres from 20 to 2000",
        ),
        (
            "kind = \"curves\"\nlog_y = true\ny_min = -1",
            "f.toml:3: `y_min = -1`: expected a number above 0",
        ),
        (
            "kind = \"curves\"\nx_min = 3\nx_max = 2",
            "f.toml:3: `x_max = 2`: expected more than x_min, which is 3",
        ),
        (
            "kind = \"curves\"\nlimit = -3",
            "f.toml:2: `limit = -3`: expected a whole number",
        ),
        (
            "kind = \"curves\"\nbins = 5",
            "f.toml:2: `bins = 5`: this does not apply to curves, but to histogram",
        ),
        (
            "kind = \"health\"\nby = [\"seed\"]",
            "does not apply to health, but to curves, ablation, scatter, histogram and images",
        ),
        (
            "kind = \"curves\"\nband = \"ci\"",
            "f.toml:2: `band = \"ci\"`: a band is drawn around means: expected `by` as well",
        ),
        (
            "kind = \"curves\"\nlabels = [\"a\"]",
            "f.toml:2: `labels = [\"a\"]`: expected a table of texts",
        ),
        ("kind = ", "f.toml:1: not valid TOML"),
    ] {
        let error = from_toml("f.toml", text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn every_key_that_is_of_some_kinds_only_is_a_key() {
    let some = KEYS.iter().filter(|k| kinds_of(k).is_some()).count();
    assert_eq!(
        some,
        KEYS.len() - 12,
        "what all kinds have: kind, runs, query, title, caption, notes, preset, width, height, theme, dpi, labels"
    );
    assert!(Kind::ALL.iter().all(|kind| misplaced("title", *kind).is_none()));
}
