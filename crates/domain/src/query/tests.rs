use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::cell::SweepCell;
use crate::id::RunId;
use crate::metric::MetricKey;
use crate::params::ParamValue;
use crate::spec::Draft;
use crate::status::RunStatus;
use crate::summary::{MetricSummary, RunSummary};

const NOW: f64 = 1_000_000.0;

fn run(id: &str, name: &str) -> RunSummary {
    let mut draft = Draft::parse(
        "f",
        "model = \"pix2pix\"\ndata.root = \"sets/facades\"\ndata.load_size = [300, 286]",
        &["seed=7"],
    );
    draft.check().unwrap();
    let mut spec = Draft::resolve(&mut draft, "pix2pix", &[]).unwrap();
    spec.params.insert("n_layers".into(), ParamValue::Int(3));
    spec.params.insert("dropout".into(), ParamValue::Bool(true));
    spec.params
        .insert("norm".into(), ParamValue::Text("batch".into()));
    let psnr = MetricSummary {
        last: 19.0,
        min: 10.0,
        max: 21.5,
        best: 21.5,
        step: 400,
        count: 9,
    };
    RunSummary {
        id: RunId::from_stored(id),
        name: name.into(),
        status: RunStatus::Running,
        message: None,
        model: "pix2pix".into(),
        tags: vec!["ablation".into(), "Night Run".into()],
        note: "the first".into(),
        created: NOW - 3.0 * 86_400.0,
        updated: NOW - 60.0,
        epoch: 4,
        step: 400,
        total_steps: 1000,
        device: "cuda:0".into(),
        code_version: "0.1.0".into(),
        data_fingerprint: None,
        archived: false,
        parent: None,
        spec,
        cells: vec![SweepCell {
            sweep: "losses".into(),
            factors: vec![
                ("loss".into(), ParamValue::Text("L1+cGAN".into())),
                ("seed".into(), ParamValue::Int(7)),
            ],
        }],
        metrics: BTreeMap::from([(MetricKey::eval("psnr"), psnr)]),
    }
}

#[test]
fn terms_match_what_they_say() {
    let run = run("0193abc", "brisk-otter");
    let yes = [
        "",
        "otter",
        "OTTER",
        "ablat",
        "\"night run\"",
        "'night run'",
        "status:running",
        "status = running",
        "status != failed",
        "model:pix2pix",
        "tag:ablation",
        "tag:\"night run\"",
        "tag != other",
        "name:brisk",
        "name = brisk-otter",
        "id:0193",
        "note:first",
        "device:cuda:0",
        "sweep:losses",
        "sweep.loss = 'L1+cGAN'",
        "sweep.loss:cgan",
        "sweep.loss != L1",
        "sweep.seed >= 7",
        "params.n_layers >= 3",
        "params.n_layers<=3",
        "params.n_layers:3",
        "params.norm = batch",
        "params.norm:bat",
        "params.norm != none",
        "params.dropout = true",
        "params.dropout:true",
        "data.crop_size = 256",
        "data.crop_size = 256x256",
        "data.crop_size != 256x128",
        "data.load_size = 300x286",
        "data.load_size = [300,286]",
        "data.load_size = \"[300, 286]\"",
        "data.load_size != 286",
        "data.root:facades",
        "data.flip = true",
        "optim.lr < 1e-3",
        "seed = 7",
        "seed == 7",
        "eval/psnr.best > 20",
        "eval/psnr < 20",
        "eval/psnr.min = 10",
        "eval/psnr.max>=21.5",
        "eval/psnr.step = 400",
        "created > 2d",
        "created < 1w",
        "updated < 1h",
        "epoch = 4",
        "step > 399",
        "otter and running or status:running",
        "not badger",
        "not (badger or fox)",
        "otter ablation",
        "badger or otter ablation",
        "(badger or otter) tag:ablation",
        "not not otter",
        "OTTER AND NOT badger",
    ];
    for text in yes {
        let query = Query::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(query.matches(&run, NOW), "{text} should match");
    }
    let no = [
        "badger",
        "status:failed",
        "model:pix",
        "tag:abl",
        "name = brisk",
        "id:abc",
        "params.n_layers > 3",
        "params.norm = bat",
        "params.absent = 3",
        "params.absent != 3",
        "params.dropout != true",
        "eval/psnr.last > 20",
        "eval/ssim > 0",
        "loss/G_L1.last < 12",
        "created < 2d",
        "updated > 1h",
        "otter badger",
        "not otter",
        "otter and (badger or fox)",
        "params.norm = 3",
        "data.root = facades",
        "data.crop_size = 256x128",
        "data.load_size = 286x300",
        "data.load_size >= 286",
    ];
    for text in no {
        let query = Query::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(!query.matches(&run, NOW), "{text} should not match");
    }
}

#[test]
fn mistakes_name_their_place_and_the_right_spelling() {
    let cases = [
        (
            "status:runing",
            7,
            "unknown status `runing` (did you mean `running`?)",
        ),
        (
            "statis:running",
            0,
            "unknown field `statis` (did you mean `status`?)",
        ),
        (
            "a and data.crop_siz = 3",
            6,
            "unknown field `data.crop_siz` (did you mean `data.crop_size`?)",
        ),
        (
            "crop_size = 3",
            0,
            "unknown field `crop_size` (did you mean `data.crop_size`?)",
        ),
        (
            "data.crop_size >= 256x128",
            15,
            "sizes that are not square have no order",
        ),
        (
            "data.crop_size = large",
            17,
            "expected a size to compare `data.crop_size` with, such as 256, or width and height as in 256x128: not `large`",
        ),
        (
            "colour = red",
            0,
            "unknown field `colour`: expected id, name, status",
        ),
        (
            "eval/psnr.bset > 3",
            0,
            "`eval/psnr` has no `.bset` (did you mean `.best`?)",
        ),
        (
            "eval/psnr.best > high",
            17,
            "expected a number to compare `eval/psnr.best` with, not `high`",
        ),
        ("seed = one", 7, "expected a number"),
        ("name > a", 5, "`name` is text: expected `:`, `=` or `!=`"),
        ("created > 2", 10, "an age such as 2d"),
        ("created = 2d", 8, "takes < (younger than) or > (older than)"),
        ("params.norm > batch", 14, "expected a number"),
        ("(a or b", 0, "this ( is not closed"),
        ("a or b)", 6, "this ) closes nothing"),
        ("()", 1, "expected a condition before this )"),
        ("a or", 4, "expected a condition here"),
        ("or a", 0, "expected a condition before `or`"),
        ("a and and b", 6, "expected a condition before `and`"),
        ("= 3", 0, "expected a field before this"),
        ("\"seed\" = 3", 0, "expected a field, without quotes"),
        ("seed = ", 7, "expected a value for `seed`"),
        ("seed = (3)", 7, "expected a value for `seed`"),
        ("name:\"open", 5, "this \" has no end"),
        ("!a", 0, "unexpected `!`"),
        ("é status:x", 10, "unknown status `x`"),
    ];
    for (text, at, problem) in cases {
        let error = Query::parse(text).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.problem.contains(problem), "{text}: {error}");
    }
    let error = Query::parse("é status:x").unwrap_err();
    assert_eq!(error.pointer("é status:x"), "é status:x\n         ^");
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    assert!(Query::parse(&"(".repeat(100_000)).is_err());
    assert!(Query::parse(&"not ".repeat(100_000)).is_err());
    assert!(Query::parse(&"a ".repeat(100_000)).is_ok());
}

#[test]
fn the_canonical_spelling_is_what_one_would_write() {
    let cases = [
        ("a b or c", "(a and b) or c"),
        ("a and (b and c)", "a and b and c"),
        ("not(a or b)", "not (a or b)"),
        ("created>48h seed==1", "created > 2d and seed = 1.0"),
        ("tag:'x y' loss/G_L1<12", "tag:\"x y\" and loss/G_L1.last < 12.0"),
        ("params.norm = \"3\"", "params.norm = \"3\""),
        ("\"and\" 'it\"s'", "\"and\" and \"it\\\"s\""),
    ];
    for (text, canonical) in cases {
        assert_eq!(Query::parse(text).unwrap().to_string(), canonical);
    }
}

#[test]
fn sorting_puts_runs_without_a_value_last_both_ways() {
    let mut a = run("1", "a");
    let mut b = run("2", "b");
    let mut c = run("3", "c");
    a.metrics.get_mut(&MetricKey::eval("psnr")).unwrap().best = 30.0;
    b.metrics.clear();
    c.status = RunStatus::Queued;
    let order = |key: &str| {
        let key = SortKey::parse(key).unwrap();
        let mut runs = [&a, &b, &c];
        runs.sort_by(|x, y| key.compare(x, y));
        runs.iter().map(|r| r.name.as_str()).collect::<String>()
    };
    assert_eq!(order("eval/psnr.best"), "cab");
    assert_eq!(order("-eval/psnr.best"), "acb");
    assert_eq!(order("name"), "abc");
    assert_eq!(order("-name"), "cba");
    assert_eq!(order("seed"), "cba"); // all equal: newest first
    assert_eq!(order("status"), "cba");
    assert_eq!(
        SortKey::parse("-nmae").unwrap_err(),
        "unknown field `nmae` (did you mean `name`?)"
    );
}

/// Fragments that make likely queries when strung together.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "and",
            "or",
            "not",
            "(",
            ")",
            "status:running",
            "status",
            ":",
            "=",
            "!=",
            "<",
            ">=",
            "tag:",
            "\"a b\"",
            "'x'",
            "\"",
            "seed = 3",
            "params.n_layers",
            "eval/psnr.best",
            "created > 2d",
            "updated<1.5h",
            "3",
            "2d",
            "-1e-3",
            "inf",
            "data.root:",
            "device:cuda:0",
            "name=otter",
            "\\",
            "é",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ]
}

proptest! {
    #[test]
    fn parsing_never_panics_and_points_inside_the_text(parts in prop::collection::vec(fragment(), 0..12)) {
        let text = parts.join(" ");
        for text in [text.clone(), parts.concat()] {
            match Query::parse(&text) {
                Ok(query) => {
                    let printed = query.to_string();
                    let again = Query::parse(&printed);
                    prop_assert_eq!(again.as_ref(), Ok(&query), "{} printed as {}", text, printed);
                    prop_assert_eq!(again.unwrap().to_string(), printed);
                    query.matches(&run("1", "otter"), NOW);
                }
                Err(error) => {
                    prop_assert!(error.at <= text.len());
                    prop_assert!(text.is_char_boundary(error.at));
                }
            }
        }
    }

    #[test]
    fn any_text_at_all_is_handled(text in ".{0,80}") {
        if let Ok(query) = Query::parse(&text) {
            prop_assert_eq!(Query::parse(&query.to_string()), Ok(query));
        }
    }
}

#[test]
fn archived_runs_match_only_where_they_are_asked_for() {
    let mut run = run("0193abc", "brisk-otter");
    let matches = |run: &RunSummary, text: &str| Query::parse(text).unwrap().matches(run, NOW);
    assert!(matches(&run, "archived:false") && !matches(&run, "archived:true"));
    run.archived = true;
    assert!(!matches(&run, "") && !matches(&run, "otter"));
    let hides = |text: &str| Query::parse(text).unwrap().hides(&run, NOW);
    assert!(hides("otter") && !hides("heron") && !hides("archived:true"));
    assert!(matches(&run, "archived:true") && !matches(&run, "archived:false"));
    assert!(matches(&run, "otter and (archived:true or archived:false)"));
    assert!(matches(&run, "not archived:false"));
}

#[test]
fn names_that_no_run_has_are_told_with_the_nearest_that_some_has() {
    let runs = [run("01j", "brisk-otter")];
    let told = |text: &str| Query::parse(text).unwrap().unmet(&runs).join("; ");
    assert_eq!(
        told("params.n_layers >= 3 and eval/psnr > 2 or sweep.loss = L1 optim.lr < 1"),
        ""
    );
    assert_eq!(
        told("not params.n_layer = 3 or params.n_layer = 4"),
        "no run has the parameter `params.n_layer` (did you mean `params.n_layers`?)"
    );
    assert_eq!(
        told("(x or eval/pnsr.best > 20) sweep.los = L1"),
        "no run has the metric `eval/pnsr` (did you mean `eval/psnr`?); \
         no run has the factor `sweep.los` (did you mean `sweep.loss`?)"
    );
    assert_eq!(told("sweep:Losses"), "");
    assert_eq!(
        told("sweep:loses"),
        "no run has the sweep `loses` (did you mean `losses`?)"
    );
    assert!(Query::parse("params.n_layer = 3").unwrap().unmet(&[]).is_empty());
}
