use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::cell::SweepCell;
use crate::id::RunId;
use crate::metric::MetricKey;
use crate::params::ParamValue;
use crate::status::RunStatus;
use crate::summary::{MetricSummary, Parent, RunSummary};

mod two_runs;

/// A finished run with `eval/psnr` of this value everywhere.
fn run(name: &str, n_layers: i64, seed: u64, psnr: f64) -> RunSummary {
    let mut spec: crate::ExperimentSpec = serde_json::from_str(r#"{"model": "pix2pix"}"#).unwrap();
    spec.params.insert("n_layers".into(), ParamValue::Int(n_layers));
    spec.seed = seed;
    let summary = MetricSummary {
        last: psnr,
        min: psnr - 1.0,
        max: psnr + 1.0,
        best: psnr + 1.0,
        step: 400,
        count: 3,
    };
    RunSummary {
        id: RunId::from_stored(name),
        name: name.into(),
        status: RunStatus::Finished,
        message: None,
        model: "pix2pix".into(),
        tags: vec!["loss=l1".into()],
        note: String::new(),
        created: 0.0,
        updated: 0.0,
        epoch: 4,
        step: 400,
        total_steps: 400,
        device: "cpu".into(),
        code_version: "0.1.0 (abc)".into(),
        data_fingerprint: Some("d1".into()),
        archived: false,
        parent: None,
        cells: Vec::new(),
        spec,
        metrics: BTreeMap::from([(MetricKey::eval("psnr"), summary)]),
    }
}

/// Two cells of three seeds.
fn six() -> Vec<RunSummary> {
    [
        (1, 1, 20.0),
        (1, 2, 20.5),
        (1, 3, 19.9),
        (3, 1, 21.3),
        (3, 2, 21.2),
        (3, 3, 21.4),
    ]
    .iter()
    .enumerate()
    .map(|(i, (layers, seed, psnr))| run(&format!("r{i}"), *layers, *seed, *psnr))
    .collect()
}

fn table<'r>(runs: &'r [RunSummary], by: &[&str], against: Option<&str>) -> Result<Table<'r>, String> {
    let factors = by
        .iter()
        .map(|f| Factor::parse(f, runs))
        .collect::<Result<_, _>>()?;
    let columns = vec![Column::parse("eval/psnr", runs)?];
    Table::new(runs, factors, columns, against.map(Baseline::parse).as_ref())
}

fn notes(runs: &[RunSummary], by: &[&str]) -> Vec<String> {
    let table = table(runs, by, None).unwrap();
    let of_cells = table.cells.iter().flat_map(|c| &c.notes);
    of_cells.chain(&table.notes).map(ToString::to_string).collect()
}

#[test]
fn runs_are_grouped_and_averaged() {
    let runs = six();
    let table = table(&runs, &["params.n_layers"], None).unwrap();
    let labels: Vec<String> = table.cells.iter().map(|c| table.label(c)).collect();
    assert_eq!(labels, ["params.n_layers=1", "params.n_layers=3"]);
    let sample = table.cells[1].measured[0].sample.unwrap();
    assert_eq!(sample.n, 3);
    assert!((sample.mean - 21.3).abs() < 1e-12 && (sample.std.unwrap() - 0.1).abs() < 1e-12);
    assert!(
        table
            .cells
            .iter()
            .all(|c| c.notes.is_empty() && c.measured[0].difference.is_none())
    );
    assert!(table.notes.is_empty());
    assert_eq!(table.best(0).into_iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn differences_are_paired_by_seed() {
    let mut runs = six();
    let by = ["params.n_layers"];
    let paired = table(&runs, &by, Some("first")).unwrap();
    assert_eq!(paired.baseline, Some(0));
    assert_eq!(paired.cells[0].measured[0].difference, None);
    let d = paired.cells[1].measured[0].difference.unwrap();
    // 1.3, 0.7 and 1.5; the interval of three is their range.
    assert!((d.value - 3.5 / 3.0).abs() < 1e-12 && d.paired && d.pairs == 3);
    let interval = d.interval.unwrap();
    assert!((interval.low - 0.7).abs() < 1e-12 && (interval.high - 1.5).abs() < 1e-12);
    assert_eq!(paired.cells[1].notes, [Note::Narrow]);

    // A seed without a partner is left out of the difference, not out of the cell.
    runs[5].spec.seed = 7;
    let partly = table(&runs, &by, Some("1")).unwrap();
    let d = partly.cells[1].measured[0].difference.unwrap();
    assert!(d.paired && d.pairs == 2 && (d.value - 1.0).abs() < 1e-12);
    let note = Note::Unpaired {
        here: vec![7],
        baseline: vec![3],
    };
    assert!(partly.cells[1].notes.contains(&note));
    assert_eq!(partly.cells[1].measured[0].sample.unwrap().n, 3);

    // No seeds in common: the difference of the means.
    for (i, run) in runs.iter_mut().enumerate() {
        run.spec.seed = i as u64;
    }
    let apart = table(&runs, &by, Some("params.n_layers=3")).unwrap();
    let d = apart.cells[0].measured[0].difference.unwrap();
    assert!(!d.paired && d.pairs == 0 && d.interval.is_some());
    assert!((d.value - (60.4 / 3.0 - 21.3)).abs() < 1e-12);
    assert!(apart.cells[0].notes.contains(&Note::NoPairs));
}

#[test]
fn doubtful_cells_are_marked() {
    let by = ["params.n_layers"];
    let mut runs = six();
    runs[0].status = RunStatus::Crashed;
    runs[0].step = 250;
    runs[1].code_version = "0.1.0 (def)".into();
    runs[2].data_fingerprint = Some("d2".into());
    runs[1].spec.optim.lr = 1e-3;
    runs[3].metrics.clear();
    runs[4].parent = Some(Parent {
        id: Some(RunId::from_stored("r0")),
        name: Some("r0".into()),
        step: 100,
    });
    assert_eq!(
        notes(&runs, &by),
        [
            "not finished: r0 (crashed)",
            "unequal lengths: 250 to 400 steps",
            "different code: 0.1.0 (abc), 0.1.0 (def)",
            "different data: d1, d2",
            "optim.lr varies within the cell: 0.0002, 0.001",
            "fewer than 3 runs",
            "no value of eval/psnr.last in r3",
            "forked from other runs: r4",
        ]
    );
}

#[test]
fn what_differs_between_cells_besides_the_factors_is_said() {
    let mut runs = six();
    for run in &mut runs[3..] {
        run.spec.optim.lr = 1e-3;
        run.spec.data.root = "elsewhere".into(); // the fingerprint is the same
        run.spec.log.every = 1;
        run.step = 800;
        run.spec.name = Some("b".into());
    }
    assert_eq!(
        notes(&runs, &["params.n_layers"]),
        [
            "unequal lengths: 400 to 800 steps",
            "between cells these differ too: optim.lr"
        ]
    );
    assert_eq!(
        notes(&runs, &["params.n_layers", "optim.lr"]),
        ["unequal lengths: 400 to 800 steps"]
    );
    // What a name stands for is no confounder, unless it differs under one name too.
    runs[0].spec.name = Some("b".into());
    assert_eq!(
        notes(&runs, &["experiment", "params.n_layers"])[2..],
        [
            "unequal lengths: 400 to 800 steps",
            "between cells these differ too: optim.lr"
        ]
    );
    runs[0].spec.name = None;
    assert_eq!(
        notes(&runs, &["experiment"])[1],
        "settings that experiment stands for: params.n_layers, optim.lr"
    );
}

#[test]
fn of_many_settings_that_vary_the_keys_are_told() {
    let mut runs = six();
    let spec = &mut runs[0].spec;
    spec.optim.lr = 1.0;
    spec.optim.beta1 = 0.9;
    spec.data.flip = false;
    spec.data.batch_size = 4;
    assert_eq!(
        notes(&runs, &["params.n_layers"]),
        ["within the cell these vary: data.flip, data.batch_size, optim.lr, optim.beta1"]
    );
    // As soon as one of them is a factor, the others differ between cells instead.
    let apart = notes(&runs, &["params.n_layers", "optim.lr"]);
    let said = "between cells these differ too: data.flip, data.batch_size, optim.beta1";
    assert_eq!(apart.last().map(String::as_str), Some(said));
}

#[test]
fn a_repeated_experiment_counts_once() {
    let mut runs = six();
    let mut again = run("r6", 1, 1, 99.0);
    again.status = RunStatus::Failed;
    runs.push(again);
    let failed = table(&runs, &["params.n_layers"], None).unwrap();
    let cell = &failed.cells[0];
    assert_eq!((cell.runs.len(), cell.left_out.len(), failed.runs), (3, 1, 7));
    assert_eq!(
        cell.left_out[0].name, "r6",
        "an older run that finished counts before a newer that did not"
    );
    assert_eq!(
        cell.notes[0].to_string(),
        "the same experiment again: r0 counts, not r6"
    );
    runs[6].status = RunStatus::Finished;
    let finished = table(&runs, &["params.n_layers"], None).unwrap();
    assert_eq!(
        finished.cells[0].left_out[0].name, "r0",
        "of several that finished the newest counts"
    );
    // A fork that changes nothing is a repetition as well; one from elsewhere is not.
    let parent = |name: &str| {
        Some(Parent {
            id: Some(RunId::from_stored(name)),
            name: Some(name.into()),
            step: 100,
        })
    };
    runs[6].parent = parent("r0");
    assert_eq!(
        table(&runs, &["params.n_layers"], None).unwrap().cells[0].left_out[0].name,
        "r0"
    );
    runs[6].parent = parent("r5");
    assert!(
        table(&runs, &["params.n_layers"], None).unwrap().cells[0]
            .left_out
            .is_empty()
    );
    // A run of other settings is no repetition, even of the same seed.
    (runs[6].parent, runs[6].spec.optim.lr) = (None, 1.0);
    let other = table(&runs, &["params.n_layers"], None).unwrap();
    assert_eq!(other.cells[0].runs.len(), 4);
    assert_eq!(other.cells[0].notes[0].to_string(), "more than one run of seed 1");
}

#[test]
fn variants_come_in_the_order_in_which_they_were_first_trained() {
    let mut runs = six();
    for (run, loss) in runs.iter_mut().zip(["L1+cGAN", "L1", "GAN"].iter().cycle()) {
        run.cells = vec![SweepCell {
            sweep: "losses".into(),
            factors: vec![("loss".into(), ParamValue::Text((*loss).into()))],
        }];
    }
    // Whatever the order of the listing.
    runs.reverse();
    let labels = |factors: &[&str]| -> Vec<String> {
        let factors = factors.iter().map(|f| Factor::parse(f, &runs).unwrap()).collect();
        let table = Table::new(&runs, factors, Vec::new(), None).unwrap();
        table.cells.iter().map(|cell| table.label(cell)).collect()
    };
    assert_eq!(
        labels(&["sweep.loss"]),
        ["sweep.loss=L1+cGAN", "sweep.loss=L1", "sweep.loss=GAN"]
    );
    assert_eq!(
        labels(&["params.n_layers", "sweep.loss"])[2..4],
        [
            "params.n_layers=1, sweep.loss=GAN",
            "params.n_layers=3, sweep.loss=L1+cGAN"
        ]
    );
}

#[test]
fn variants_stay_in_their_order_where_the_first_run_is_left_out() {
    let mut runs = Vec::new();
    for seed in 1..=3 {
        for loss in ["L1", "GAN", "cGAN"] {
            let mut one = run(&format!("r{}", runs.len()), 3, seed, 20.0);
            one.cells = vec![SweepCell {
                sweep: "losses".into(),
                factors: vec![
                    ("seed".into(), ParamValue::Int(seed as i64)),
                    ("loss".into(), ParamValue::Text(loss.into())),
                ],
            }];
            runs.push(one);
        }
    }
    let factors = [Factor::parse("sweep.loss", &runs).unwrap()];
    let order = |runs: &[RunSummary]| -> Vec<String> {
        let groups = groups(runs, &factors);
        groups.iter().map(|(levels, _)| levels[0].to_string()).collect()
    };
    assert_eq!(order(&runs), ["L1", "GAN", "cGAN"]);
    // By age alone L1 would be the last now: its next run is of seed 2.
    runs.remove(0);
    assert_eq!(order(&runs), ["L1", "GAN", "cGAN"]);
    // No seed has all three any more.
    runs.retain(|r| !matches!((r.spec.seed, r.name.as_str()), (2, "r4") | (3, "r8")));
    assert_eq!(order(&runs), ["L1", "GAN", "cGAN"]);
}

#[test]
fn factors_of_sweeps_are_found_by_their_own_names() {
    let mut runs = six();
    for (run, field) in runs.iter_mut().zip(["70", "16", "142"].iter().cycle()) {
        run.cells = vec![SweepCell {
            sweep: "patches".into(),
            factors: vec![("field".into(), ParamValue::Text((*field).into()))],
        }];
    }
    for name in ["field", "sweep.field"] {
        let factor = Factor::parse(name, &runs).unwrap();
        let mut levels: Vec<Level> = runs.iter().map(|r| factor.level(r)).collect();
        levels.sort();
        levels.dedup();
        let text = |t: &str| Level::Text(t.into());
        assert_eq!(levels, [text("16"), text("70"), text("142")]);
    }
    let mistyped = Factor::parse("feild", &runs).unwrap_err();
    assert!(mistyped.contains("did you mean `field`?"), "{mistyped}");
    let place = |names: &[&str], wanted| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        baseline::place(&names, wanted)
    };
    assert_eq!(place(&["seed", "sweep.field"], "field"), Some(1));
    assert_eq!(
        place(&["sweep.field", "params.field"], "field"),
        None,
        "it could be either"
    );
    let typo = Factor::parse("sweep.feild", &runs).unwrap_err();
    assert!(
        typo.contains("none of the runs has `sweep.feild`") && typo.contains("sweep.field"),
        "{typo}"
    );
}

#[test]
fn anything_recorded_is_a_factor() {
    let mut runs = six();
    runs[0].tags = vec!["loss:gan".into(), "x".into()];
    runs[1].tags.clear();
    let levels = |by: &str| -> Vec<String> {
        let table = table(&runs, &[by], None).unwrap();
        table.cells.iter().map(|c| c.levels[0].to_string()).collect()
    };
    assert_eq!(levels("seed"), ["1", "2", "3"]);
    assert_eq!(levels("model"), ["pix2pix"]);
    assert_eq!(levels("optim.lr"), ["0.0002"]);
    assert_eq!(levels("tag"), ["-", "loss:gan, x", "loss=l1"]);
    assert_eq!(levels("tag.loss"), ["-", "gan", "l1"]);
    assert_eq!(levels("loss"), ["-", "gan", "l1"]);
    assert_eq!(levels("code"), ["0.1.0 (abc)"]);
    assert_eq!(levels("data.flip"), ["true"]);
}

#[test]
fn mistakes_are_told_with_the_right_spelling() {
    let runs = six();
    let factor = |text: &str| Factor::parse(text, &runs).unwrap_err();
    for (text, expected) in [
        ("n_layers", "did you mean `params.n_layers`?"),
        (
            "params.n_layer",
            "none of the runs has `params.n_layer` (did you mean `params.n_layers`?)",
        ),
        ("crop_size", "did you mean `data.crop_size`?"),
        ("created", "different in every run"),
        ("eval/psnr", "cannot be grouped"),
        ("colour", "expected a key of the experiment"),
        ("tag.colour", "`colour=` or `colour:`"),
    ] {
        assert!(factor(text).contains(expected), "{text}: {}", factor(text));
    }
    let column = |text: &str| Column::parse(text, &runs).unwrap_err();
    for (text, expected) in [
        ("psnr", "did you mean `eval/psnr`?"),
        ("psnr.best", "did you mean `eval/psnr.best`?"),
        ("eval/psrn", "did you mean `eval/psnr`?"),
        ("eval/psnr.bets", "did you mean `.best`?"),
        ("colour", "recorded: eval/psnr"),
    ] {
        assert!(column(text).contains(expected), "{text}: {}", column(text));
    }
    let against = |by: &[&str], text: &str| table(&runs, by, Some(text)).map(drop).unwrap_err();
    for (by, text, expected) in [
        (
            &["params.n_layers"][..],
            "2",
            "there are params.n_layers=1; params.n_layers=3",
        ),
        (&["params.n_layers"], "n_layer=1", "is not one of the factors"),
        (&["params.n_layers", "seed"], "params.n_layers=1", "several cells"),
        (&["params.n_layers", "seed"], "1", "params.n_layers=1"),
    ] {
        assert!(
            against(by, text).contains(expected),
            "{text}: {}",
            against(by, text)
        );
    }
    assert!(
        table(
            &runs,
            &["params.n_layers", "seed"],
            Some("seed=2,params.n_layers=3")
        )
        .is_ok()
    );
}

#[test]
fn columns_take_any_of_a_metrics_values() {
    let runs = six();
    let value = |text: &str| Column::parse(text, &runs).unwrap().value(&runs[0]);
    assert_eq!(value("eval/psnr"), Some(20.0));
    assert_eq!(value("eval/psnr.best"), Some(21.0));
    assert_eq!(value("eval/psnr.min"), Some(19.0));
    let mut infinite = runs.clone();
    infinite[0]
        .metrics
        .get_mut(&MetricKey::eval("psnr"))
        .unwrap()
        .last = f64::INFINITY;
    assert_eq!(
        Column::parse("eval/psnr", &runs).unwrap().value(&infinite[0]),
        None
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn swapping_the_baseline_turns_the_difference_round(values in prop::collection::vec((10.0..30.0_f64, 10.0..30.0_f64), 2..6)) {
        let cells = values.iter().enumerate().flat_map(|(i, (a, b))| {
            let seed = i as u64;
            [run(&format!("a{i}"), 1, seed, *a), run(&format!("b{i}"), 2, seed, *b)]
        });
        let runs: Vec<RunSummary> = cells.collect();
        let difference = |against: &str, cell: usize| {
            let table = table(&runs, &["params.n_layers"], Some(against)).unwrap();
            let means = [0, 1].map(|i| table.cells[i].measured[0].sample.unwrap().mean);
            (table.cells[cell].measured[0].difference.unwrap(), means)
        };
        let ((there, means), (back, _)) = (difference("1", 1), difference("2", 0));
        prop_assert!((there.value + back.value).abs() < 1e-9);
        // All seeds pair, so it is the difference of the means too.
        prop_assert!((there.value - (means[1] - means[0])).abs() < 1e-9);
        prop_assert_eq!((there.paired, there.pairs), (true, values.len()));
        let interval = there.interval.unwrap();
        prop_assert!(interval.low <= there.value + 1e-9 && there.value - 1e-9 <= interval.high);
    }
}

proptest! {
    #[test]
    fn every_run_is_in_exactly_one_cell(settings in prop::collection::vec((0..3_i64, 0..4_u64, 10.0..30.0_f64), 1..24)) {
        let runs: Vec<RunSummary> = settings
            .iter()
            .enumerate()
            .map(|(i, (layers, seed, psnr))| run(&format!("r{i:02}"), *layers, *seed, *psnr))
            .collect();
        let table = table(&runs, &["params.n_layers"], None).unwrap();
        let mut seen: Vec<&str> = table
            .cells
            .iter()
            .flat_map(|c| c.runs.iter().chain(&c.left_out))
            .map(|r| r.name.as_str())
            .collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, runs.iter().map(|r| r.name.as_str()).collect::<Vec<_>>());
        for cell in &table.cells {
            // Nothing but the seed differs, so a seed counts once, with its newest run.
            let seeds = cell.measured[0].by_seed();
            prop_assert_eq!(seeds.len(), cell.runs.len());
            for left_out in &cell.left_out {
                prop_assert!(cell.runs.iter().any(|r| r.spec.seed == left_out.spec.seed && r.id > left_out.id));
            }
        }
    }
}
