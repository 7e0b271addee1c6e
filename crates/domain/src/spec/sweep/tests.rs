//! The fixtures in `tests/fixtures/sweep`: each of `invalid/*.toml` must be refused with the message in the `.txt` beside it.
//! `# --set K=V --set K=V` in the first line are assignments.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::params::{ParamKind, ParamValue};
use crate::size::Size;

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
        decl("lambda_l1", weight.clone(), ParamValue::Float(100.0)),
        decl("lambda_gan", weight, ParamValue::Float(1.0)),
        decl("conditional", ParamKind::Bool, ParamValue::Bool(true)),
    ]
}

fn plan(file: &str, text: &str, sets: &[&str]) -> Result<Vec<PlannedCell>, SpecError> {
    let mut sweep = Sweep::parse(file, text, sets);
    sweep.check_params("pix2pix", &decls());
    sweep.plan(|mut draft| {
        let spec = draft.resolve("pix2pix", &decls())?;
        // Stands for what a plugin checks.
        if spec.params["n_layers"] == ParamValue::Int(5) && spec.data.crop_size.shorter() < 96 {
            draft.refuse(
                "data.crop_size",
                "a PatchGAN of 5 layers needs at least 96 pixels",
            );
            draft.check()?;
        }
        Ok(spec)
    })
}

const HEAD: &str = "model = \"pix2pix\"\ndata.root = \"a\"\n";

fn labels(cells: &[PlannedCell]) -> Vec<String> {
    cells.iter().map(|c| label(&c.factors)).collect()
}

#[test]
fn cells_are_the_product_of_the_factors_in_the_order_of_the_file() {
    let text = format!(
        "{HEAD}seed = 9\n[sweep]\n\"params.n_layers\" = [1, 3]\nparams.lambda_l1 = [10,\n 100.0]\nseed = [1, 2]\n"
    );
    let cells = plan("s.toml", &text, &[]).unwrap();
    assert_eq!(
        labels(&cells),
        [
            "n_layers=1 lambda_l1=10 seed=1",
            "n_layers=1 lambda_l1=10 seed=2",
            "n_layers=1 lambda_l1=100.0 seed=1",
            "n_layers=1 lambda_l1=100.0 seed=2",
            "n_layers=3 lambda_l1=10 seed=1",
            "n_layers=3 lambda_l1=10 seed=2",
            "n_layers=3 lambda_l1=100.0 seed=1",
            "n_layers=3 lambda_l1=100.0 seed=2",
        ]
    );
    assert_eq!(cells[3].spec.seed, 2);
    assert_eq!(cells[3].spec.params["n_layers"], ParamValue::Int(1));
    assert_eq!(cells[4].spec.params["lambda_l1"], ParamValue::Float(10.0));
}

#[test]
fn sizes_are_values_of_a_factor_like_any_other() {
    let text = format!(
        "{HEAD}data.load_size = [300, 280]\n[sweep]\n\"data.crop_size\" = [128, [256, 128], [64, 64], \"128x256\"]\n"
    );
    let cells = plan("s.toml", &text, &[]).unwrap();
    let crops: Vec<Size> = cells.iter().map(|c| c.spec.data.crop_size).collect();
    let size = |width, height| Size { width, height };
    assert_eq!(
        crops,
        [size(128, 128), size(256, 128), size(64, 64), size(128, 256)]
    );
    let names: Vec<String> = labels(&cells);
    assert_eq!(
        names,
        [
            "crop_size=128",
            "crop_size=256x128",
            "crop_size=64",
            "crop_size=128x256"
        ]
    );
    // On the command line a size for every cell is written as text; a list of two numbers could be either.
    let crops = |set: &str| -> Vec<String> {
        let text = format!("{HEAD}[sweep]\nseed = [1]\n");
        let cells = plan("s.toml", &text, &[set]).unwrap();
        cells.iter().map(|c| c.spec.data.crop_size.to_string()).collect()
    };
    assert_eq!(crops("data.crop_size=[[64, 64], [128, 128]]"), ["64", "128"]);
    assert_eq!(crops("data.crop_size=[64, 128, 32]"), ["64", "128", "32"]);
    let text = format!("{HEAD}[sweep]\nseed = [1]\n");
    let error = plan("s.toml", &text, &["data.crop_size=[128, 64]"])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "--set: `data.crop_size = [128, 64]`: one size or a factor of two? For one size in every cell write \
         data.crop_size=128x64, for two squares data.crop_size=[[128, 128], [64, 64]]"
    );
    assert_eq!(crops("data.crop_size=128x64"), ["128x64"]);
    assert_eq!(crops("data.crop_size=[[128, 64], 32]"), ["128x64", "32"]);
}

const LOSSES: &str = "[sweep]\nseed = [1, 2]\n[sweep.loss]\n\"L1\" = { params.lambda_gan = 0 }\n\
                      \"GAN\" = { \"params.lambda_l1\" = 0, params.conditional = false }\n\"L1+cGAN\" = {}\n";

#[test]
fn variants_set_several_keys_together_however_the_tables_are_written() {
    let text = format!("{HEAD}{LOSSES}");
    let cells = plan("s.toml", &text, &[]).unwrap();
    assert_eq!(cells.len(), 6);
    assert_eq!(
        labels(&cells)[..3],
        ["seed=1 loss=L1", "seed=1 loss=GAN", "seed=1 loss=L1+cGAN"]
    );
    let gan = &cells[1].spec.params;
    assert_eq!(gan["lambda_l1"], ParamValue::Float(0.0));
    assert_eq!(gan["conditional"], ParamValue::Bool(false));
    assert_eq!(cells[2].spec.params["lambda_l1"], ParamValue::Float(100.0));
    // A header a variant instead of inline tables.
    let long = format!(
        "{HEAD}[sweep]\nseed = [1, 2]\n[sweep.loss.L1]\nparams.lambda_gan = 0\n[sweep.loss.GAN.params]\n\
         lambda_l1 = 0\nconditional = false\n[sweep.loss.\"L1+cGAN\"]\n"
    );
    assert_eq!(plan("s.toml", &long, &[]).unwrap(), cells);
}

#[test]
fn assignments_with_lists_make_replace_and_pick() {
    let text = format!("{HEAD}{LOSSES}");
    let sets = [
        "seed=[7]",
        "loss=[\"L1+cGAN\", \"L1\"]",
        "params.n_layers=[1, 2]",
        "optim.lr=1e-3",
    ];
    let cells = plan("s.toml", &text, &sets).unwrap();
    assert_eq!(
        labels(&cells),
        [
            "seed=7 loss=L1+cGAN n_layers=1",
            "seed=7 loss=L1+cGAN n_layers=2",
            "seed=7 loss=L1 n_layers=1",
            "seed=7 loss=L1 n_layers=2",
        ]
    );
    assert!(cells.iter().all(|c| c.spec.optim.lr == 1e-3));
    let bare = plan("s.toml", HEAD, &["seed=[1, 2]"]).unwrap();
    assert_eq!(labels(&bare), ["seed=1", "seed=2"]);
}

#[test]
fn a_name_does_not_make_another_experiment() {
    let named = plan("s.toml", &format!("name = \"x\"\n{HEAD}"), &["seed=[1]"]).unwrap();
    let bare = plan("s.toml", HEAD, &["seed=[1]"]).unwrap();
    assert_ne!(named[0].spec, bare[0].spec);
    assert_eq!(
        named[0].spec.nameless_json().unwrap(),
        bare[0].spec.nameless_json().unwrap()
    );
}

#[test]
fn invalid_sweeps_are_refused_with_their_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sweep/invalid");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let sets: Vec<&str> = match first.strip_prefix("# --set ") {
            Some(rest) => rest.split(" --set ").collect(),
            None => Vec::new(),
        };
        let error = plan(path.file_name().unwrap().to_str().unwrap(), &text, &sets)
            .map(|_| path.display().to_string())
            .expect_err("must be refused");
        let beside = path.with_extension("txt");
        if std::env::var_os("DIPTYCH_BLESS").is_some() {
            fs::write(&beside, format!("{error}\n")).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap();
        assert_eq!(error.to_string(), expected.trim_end(), "{}", path.display());
    }
    assert!(count > 0);
}

proptest! {
    /// Lines of all kinds in any order: cells or mistakes, never a panic, and as many cells as the values' product.
    #[test]
    fn any_sweep_at_all_is_handled(
        lines in prop::collection::vec(prop::sample::select(vec![
            "model = \"pix2pix\"", "data.root = \"a\"", "[sweep]", "seed = [1, 2]", "seed = []", "seed = 3", "sweep = 1",
            "\"params.n_layers\" = [1, 9]", "params.n_layers = [2]", "[sweep.loss]", "L1 = { params.lambda_gan = 0 }",
            "L1 = {}", "none = 3", "[sweep.params]", "n_layers = [[1]]", "[sweep.loss.GAN]", "[[sweep]]", "[sweep.seed]",
            "[data]", "crop_size = 64", "model = [\"pix2pix\", \"other\"]", "\"\" = [1]", "[sweep.\"\"]", "é = [1, \"é\"]",
        ]), 0..9),
        sets in prop::collection::vec(prop::sample::select(vec![
            "seed=[3]", "seed=[", "loss=[\"L1\"]", "loss=L1", "=[1]", "sweep=[1]", "sweep.seed=[1]", "data.root=b", "é=[]",
        ]), 0..3),
    ) {
        let text = lines.join("\n");
        let sweep = Sweep::parse("s.toml", &text, &sets);
        if let Ok(cells) = plan("s.toml", &text, &sets) {
            prop_assert_eq!(Some(cells.len()), sweep.count());
            prop_assert!(!sweep.factors().is_empty());
        }
    }
}
