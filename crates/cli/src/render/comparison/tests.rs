use std::collections::BTreeMap;

use diptych_domain::compare::{Baseline, Column, Factor, Table};
use diptych_domain::{MetricKey, MetricSummary, RunId, RunStatus, RunSummary};
use serde_json::json;

use super::*;

fn run(i: usize, norm: &str, seed: u64, l1: f64) -> RunSummary {
    let name = format!("run_{i}");
    let text = json!({"model": "pix2pix", "seed": seed, "params": {"norm": norm}}).to_string();
    let summary = MetricSummary {
        last: l1,
        min: l1,
        max: l1,
        best: l1,
        step: 10,
        count: 1,
    };
    RunSummary {
        id: RunId::from_stored(name.as_str()),
        name,
        status: RunStatus::Finished,
        message: None,
        model: "pix2pix".into(),
        tags: Vec::new(),
        note: String::new(),
        created: 0.0,
        updated: 0.0,
        epoch: 1,
        step: 10,
        total_steps: 10,
        device: "cpu".into(),
        code_version: "0.1.0".into(),
        data_fingerprint: None,
        archived: false,
        parent: None,
        cells: Vec::new(),
        spec: serde_json::from_str(&text).unwrap(),
        metrics: BTreeMap::from([(MetricKey::eval("l1"), summary)]),
    }
}

/// Three seeds of `batch`, two of `in_stance` and a single run of `none`, which goes on.
fn runs() -> Vec<RunSummary> {
    let mut runs: Vec<RunSummary> = [
        ("batch", 1, 0.212),
        ("batch", 2, 0.2),
        ("batch", 3, 0.219),
        ("in_stance", 1, 0.1801),
        ("in_stance", 2, 0.1703),
        ("none", 9, 10.0),
    ]
    .iter()
    .enumerate()
    .map(|(i, (norm, seed, l1))| run(i, norm, *seed, *l1))
    .collect();
    runs[5].status = RunStatus::Running;
    runs
}

fn table<'r>(runs: &'r [RunSummary], against: Option<&str>) -> Table<'r> {
    let factors = vec![Factor::parse("params.norm", runs).unwrap()];
    let columns = vec![Column::parse("eval/l1", runs).unwrap()];
    Table::new(runs, factors, columns, against.map(Baseline::parse).as_ref()).unwrap()
}

fn rendered(format: Format) -> String {
    let runs = runs();
    Page::new(&table(&runs, Some("first"))).render(format, 100, false)
}

#[test]
fn text() {
    assert_eq!(
        rendered(Format::Text),
        "\
params.norm  N  eval/l1.last     difference [95 %]                    NOTES
batch        3  0.2103 ± 0.0096  baseline
in_stance    2  0.1752 ± 0.0069  -0.0308 [-0.0319, -0.0297], 2 pairs  a b c
none         1  10.00            +9.790, unpaired                     a d e

a  fewer than 3 runs
b  difference without the seeds that do not pair: 3 in the baseline
c  interval from fewer than 10 numbers: too narrow
d  not finished: run_5 (running)
e  fewer than 2 seeds pair: difference of the means

Differences are to params.norm=batch, paired by seed (0 to 2 pairs), with 95 % bootstrap intervals
(percentile, 10,000 resamples).
"
    );
}

#[test]
fn metrics_that_do_not_fit_stand_below_each_other() {
    let runs = runs();
    let factors = vec![Factor::parse("params.norm", &runs).unwrap()];
    let columns = ["eval/l1", "eval/l1.best"].map(|c| Column::parse(c, &runs).unwrap());
    let table = Table::new(&runs, factors, columns.into(), Some(&Baseline::First)).unwrap();
    let heads = |width: usize| {
        let text = Page::new(&table).render(Format::Text, width, false);
        assert!(text.lines().all(|l| l.chars().count() <= width), "{text}");
        text.lines().filter(|l| l.starts_with("params.norm  N")).count()
    };
    assert_eq!((heads(200), heads(80)), (1, 2));
}

#[test]
fn markdown() {
    assert_eq!(
        rendered(Format::Markdown),
        "\
| params.norm | n | eval/l1.last | difference \\[95 %\\] |
| --- | ---: | ---: | ---: |
| batch | 3 | 0.2103 ± 0.0096 |  |
| in\\_stance <sup>a,b,c</sup> | 2 | **0.1752 ± 0.0069** | -0.0308 \\[-0.0319, -0.0297\\], 2 pairs |
| none <sup>a,d,e</sup> | 1 | 10.00 | +9.790, unpaired |

<sup>a</sup> fewer than 3 runs; <sup>b</sup> difference without the seeds that do not pair: 3 in the baseline; \
<sup>c</sup> interval from fewer than 10 numbers: too narrow; <sup>d</sup> not finished: run\\_5 (running); \
<sup>e</sup> fewer than 2 seeds pair: difference of the means

Differences are to params.norm=batch, paired by seed (0 to 2 pairs), with 95 % bootstrap intervals \
(percentile, 10,000 resamples).
"
    );
}

#[test]
fn latex() {
    assert_eq!(
        rendered(Format::Latex),
        r"\begin{tabular}{@{}lrrrr@{}}
  \toprule
  \texttt{params.norm} & $n$ & \texttt{eval/l1} & difference & 95 \% interval \\
  \midrule
  batch & 3 & $\phantom{0}{0.2103} \pm 0.0096$ &  &  \\
  in\_stance\textsuperscript{a,b,c} & 2 & $\phantom{0}\mathbf{0.1752} \pm 0.0069$ & $-0.0308$ & $[-0.0319,\ -0.0297]$ \\
  none\textsuperscript{a,d,e} & 1 & ${10.00}\phantom{00}\phantom{{} \pm {}}\phantom{0}\phantom{.0000}$ & $+9.790\phantom{0}$ &  \\
  \bottomrule
\end{tabular}
\par\smallskip
{\footnotesize\noindent
\textsuperscript{a}\,fewer than 3 runs\\
\textsuperscript{b}\,difference without the seeds that do not pair: 3 in the baseline\\
\textsuperscript{c}\,interval from fewer than 10 numbers: too narrow\\
\textsuperscript{d}\,not finished: run\_5 (running)\\
\textsuperscript{e}\,fewer than 2 seeds pair: difference of the means\\
Differences are to params.norm=batch, paired by seed (0 to 2 pairs), with 95 \% bootstrap intervals (percentile, 10,000 resamples).
\par}
"
    );
}

#[test]
fn latex_calls_things_what_the_figure_does() {
    let runs = runs();
    let labels = [("eval/l1", "L1 error"), ("norm", "layer_norm"), ("batch", "ours")];
    let labels = labels
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    let table = table(&runs, Some("first"));
    let page = Page::new(&table).called(&labels);
    let latex = page.render(Format::Latex, 100, false);
    assert!(
        latex.contains("layer\\_norm & $n$ & L1 error & difference"),
        "{latex}"
    );
    assert!(latex.contains("\n  ours & 3 & "), "{latex}");
    assert_eq!(page.render(Format::Csv, 100, false), rendered(Format::Csv));
}

#[test]
fn csv_has_every_number_in_full() {
    let csv = rendered(Format::Csv);
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("params.norm,metric,n,missing,mean,std,median,min,max,difference,low,high,pairs,paired,notes")
    );
    assert_eq!(
        lines.next(),
        Some("batch,eval/l1.last,3,0,0.21033333333333334,0.009609023536933043,0.212,0.2,0.219,,,,,,")
    );
    let second: Vec<&str> = lines.next().unwrap().split(',').collect();
    let number = |i: usize| second[i].parse::<f64>().unwrap();
    for (i, value) in [(4, 0.1752), (9, -0.0308), (10, -0.0319), (11, -0.0297)] {
        assert!((number(i) - value).abs() < 1e-12, "{second:?}");
    }
    assert_eq!((second[12], second[13]), ("2", "true"));
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("none,eval/l1.last,1,0,10,,10,10,10,")
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn json() {
    let runs = runs();
    let document = document(&table(&runs, Some("in_stance")), "status:finished");
    assert_eq!(document["against"], json!({"params.norm": "in_stance"}));
    assert_eq!(document["interval"]["method"], "percentile bootstrap");
    assert_eq!(document["runs"], 6);
    let cell = &document["cells"][0];
    assert_eq!(cell["levels"], json!({"params.norm": "batch"}));
    assert_eq!(cell["runs"], json!(["run_0", "run_1", "run_2"]));
    let l1 = &cell["metrics"]["eval/l1.last"];
    assert_eq!(
        (&l1["n"], &l1["missing"], &l1["best"]),
        (&json!(3), &json!(0), &json!(false))
    );
    assert_eq!(
        (&l1["median"], &l1["min"], &l1["max"]),
        (&json!(0.212), &json!(0.2), &json!(0.219))
    );
    assert_eq!(l1["values"][1], json!({"seed": 2, "value": 0.2}));
    assert_eq!(l1["difference"]["pairs"], 2);
    assert_eq!(
        document["cells"][1]["metrics"]["eval/l1.last"]["difference"],
        json!(null)
    );
    let kinds: Vec<&str> = document["cells"][2]["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["few_runs", "unfinished", "no_pairs"]);
    // Without a baseline there is nothing to say of intervals.
    let plain = super::document(&table(&runs, None), "");
    assert_eq!(
        (&plain["against"], &plain["interval"]),
        (&json!(null), &json!(null))
    );
}

#[test]
fn a_file_is_what_its_name_says() {
    let format = |name: &str| Format::of_file(std::path::Path::new(name));
    assert_eq!(format("a/table.tex"), Some(Format::Latex));
    assert_eq!(format("table.md"), Some(Format::Markdown));
    assert_eq!((format("table"), format("table.pdf")), (None, None));
}

#[test]
fn letters_go_on_after_z() {
    assert_eq!([0, 25, 26, 27, 52].map(letter), ["a", "z", "aa", "ab", "ba"]);
}

#[test]
fn runs_stand_beside_each_other() {
    let runs = runs();
    let page = Beside::new(vec![&runs[0], &runs[5]], Vec::new());
    assert_eq!(
        page.render(Format::Text, 80, false),
        "\
\u{20}                run_0    run_5
status        finished  running
step                10       10
seed                 1        9
params.norm      batch     none
eval/l1.last    0.2120    10.00
eval/l1.best    0.2120    10.00
"
    );
    assert_eq!(
        page.render(Format::Csv, 80, false).lines().last(),
        Some("eval/l1.best,0.212,10")
    );
    assert!(
        page.render(Format::Markdown, 80, false)
            .starts_with("|  | run\\_0 | run\\_5 |\n| --- | ---: | ---: |\n")
    );
    assert!(
        page.render(Format::Latex, 80, false)
            .contains("  params.norm & batch & none \\\\\n")
    );
    let document = page.document();
    assert_eq!(document["settings"]["params.norm"], json!(["batch", "none"]));
    assert_eq!(document["metrics"]["eval/l1.best"], json!([0.212, 10.0]));
}
