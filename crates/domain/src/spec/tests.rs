//! The fixtures in `tests/fixtures/spec`: `valid/*.toml` must be accepted, and each of `invalid/*.toml` must
//! be refused with the message in the `.txt` beside it. `# --set K=V --set K=V` in the first line are assignments.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::params::{ParamDecl, ParamKind, ParamValue};

fn decls() -> Vec<ParamDecl> {
    let decl = |name, kind, default| ParamDecl {
        name,
        kind,
        default,
        doc: "",
    };
    let weight = ParamKind::Float {
        min: 0.0,
        max: f64::INFINITY,
    };
    vec![
        decl("n_layers", ParamKind::Int { min: 1, max: 6 }, ParamValue::Int(3)),
        decl("lambda_l1", weight, ParamValue::Float(100.0)),
        decl(
            "norm",
            ParamKind::Choice(&["batch", "instance", "none"]),
            ParamValue::Text("batch".into()),
        ),
    ]
}

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/spec")
        .join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn read(path: &Path) -> Result<ExperimentSpec, SpecError> {
    let text = fs::read_to_string(path).unwrap();
    let first = text.lines().next().unwrap_or_default();
    let sets: Vec<&str> = match first.strip_prefix("# --set ") {
        Some(rest) => rest.split(" --set ").collect(),
        None => Vec::new(),
    };
    let name = path.file_name().unwrap().to_str().unwrap();
    Draft::parse(name, &text, &sets).resolve("pix2pix", &decls())
}

#[test]
fn valid_files_are_accepted_with_every_parameter_resolved() {
    for path in fixtures("valid") {
        let spec = read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(spec.model, "pix2pix");
        assert_eq!(spec.params.len(), decls().len());
    }
}

#[test]
fn invalid_files_are_refused_with_their_message() {
    for path in fixtures("invalid") {
        let error = read(&path)
            .map(|_| path.display().to_string())
            .expect_err("must be refused");
        let beside = path.with_extension("txt");
        if std::env::var_os("DIPTYCH_BLESS").is_some() {
            fs::write(&beside, format!("{error}\n")).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap();
        assert_eq!(error.to_string(), expected.trim_end(), "{}", path.display());
    }
}

#[test]
fn values_arrive_where_they_belong() {
    let text = "model = \"pix2pix\"\nname = \"f\"\n[data]\nroot = \"a\"\ncrop_size = 128\ndirection = \"b-to-a\"\n\
                [params]\nlambda_l1 = 10\n[optim]\nlr = 1\n";
    let sets = [
        "seed=5",
        "data.load_size = 143",
        "params.norm=instance",
        "data.root=out/my set",
    ];
    let spec = Draft::parse("f.toml", text, &sets)
        .resolve("pix2pix", &decls())
        .unwrap();
    assert_eq!(
        (spec.seed, spec.data.load_size, spec.data.crop_size),
        (5, 143.into(), 128.into())
    );
    assert_eq!(spec.data.root, "out/my set");
    assert_eq!(spec.data.direction, Direction::BToA);
    assert_eq!(spec.name.as_deref(), Some("f"));
    assert_eq!(spec.optim.lr, 1.0);
    assert_eq!(spec.params["lambda_l1"], ParamValue::Float(10.0));
    assert_eq!(spec.params["norm"], ParamValue::Text("instance".into()));
    assert_eq!(spec.params["n_layers"], ParamValue::Int(3));
}

#[test]
fn a_resolved_spec_survives_its_canonical_json_and_its_hash_follows_its_values() {
    let make = |sets: &[&str]| {
        Draft::parse("f.toml", "model = \"pix2pix\"\ndata.root = \"a\"", sets)
            .resolve("pix2pix", &decls())
            .unwrap()
    };
    let spec = make(&["params.lambda_l1=10", "optim.lr=1e-4"]);
    let back: ExperimentSpec = serde_json::from_str(&spec.canonical_json().unwrap()).unwrap();
    assert_eq!(back, spec);
    // Said differently, the same experiment.
    let same = make(&["optim.lr=0.0001", "params.lambda_l1=10.0", "params.n_layers=3"]);
    assert_eq!(same.hash().unwrap(), spec.hash().unwrap());
    assert_ne!(make(&[]).hash().unwrap(), spec.hash().unwrap());
}

#[test]
fn sizes_are_one_number_or_two_and_squares_are_kept_as_ever() {
    let make = |sets: &[&str]| {
        Draft::parse("f.toml", "model = \"pix2pix\"\ndata.root = \"a\"", sets)
            .resolve("pix2pix", &decls())
            .unwrap()
    };
    let wide = Size {
        width: 256,
        height: 128,
    };
    let ways = [
        "data.crop_size=[256, 128]",
        "data.crop_size=256x128",
        "data.crop_size='256x128'",
    ];
    for way in ways {
        let spec = make(&[way]);
        assert_eq!(spec.data.crop_size, wide, "{way}");
        assert_eq!(
            keys::value(&spec, "data.crop_size"),
            Some(ParamValue::Text("256x128".into()))
        );
        let json = spec.canonical_json().unwrap();
        assert!(
            json.contains("\"load_size\":286,\"crop_size\":[256,128]"),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<ExperimentSpec>(&json).unwrap(), spec);
    }
    let square = make(&["data.crop_size=[128, 128]", "data.load_size=143x143"]);
    assert_eq!(square, make(&["data.crop_size=128", "data.load_size=143"]));
    let json = square.canonical_json().unwrap();
    assert!(json.contains("\"load_size\":143,\"crop_size\":128"), "{json}");
    assert_eq!(keys::value(&square, "data.crop_size"), Some(ParamValue::Int(128)));
}

#[test]
fn what_the_plugin_refuses_is_reported_with_its_line() {
    let text = "model = \"pix2pix\"\n[data]\nroot = \"a\"\ncrop_size = 100\n";
    let mut draft = Draft::parse("f.toml", text, &["params.norm=none"]);
    draft.refuse("data.crop_size", "expected a multiple of 32");
    draft.refuse("params.norm", "not with this generator");
    draft.refuse("params.n_layers", "too deep");
    let text = draft.resolve("pix2pix", &decls()).unwrap_err().to_string();
    assert_eq!(
        text,
        "f.toml:4: `data.crop_size = 100`: expected a multiple of 32\n\
         --set: `params.norm = none`: not with this generator\n\
         `params.n_layers`: too deep"
    );
}

#[test]
fn settings_of_a_stored_spec_can_be_changed() {
    let spec = Draft::parse("f.toml", "model = \"pix2pix\"\ndata.root = \"a\"", &["seed=3"])
        .resolve("pix2pix", &decls())
        .unwrap();
    let changed = Draft::from_spec(spec.clone(), &["params.n_layers=5"])
        .resolve("pix2pix", &decls())
        .unwrap();
    assert_eq!(changed.seed, 3);
    assert_eq!(changed.params["n_layers"], ParamValue::Int(5));
    let error = Draft::from_spec(spec, &["params.n_layers=9"]).resolve("pix2pix", &decls());
    assert_eq!(
        error.unwrap_err().to_string(),
        "--set: `params.n_layers = 9`: expected a whole number from 1 to 6"
    );
}
