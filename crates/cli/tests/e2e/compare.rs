//! Ablation tables, runs beside each other, and why two runs differ.

use serde_json::{Value, json};

use crate::support::World;

const SHORT: &str = "--threads 1 --set optim.epochs=1 --set optim.decay_epochs=0 --tag t";

fn trained(world: &World, name: &str, more: &str) {
    world.ok(&format!("train tiny.toml {SHORT} --name {name} {more}"));
}

#[test]
fn runs_are_compared_by_factors_in_every_format() {
    let world = World::new();
    for (layers, seeds) in [(1, 2), (2, 3)] {
        for seed in 1..=seeds {
            let set = format!("--set params.n_layers={layers} --set seed={seed}");
            trained(&world, &format!("n{layers}s{seed}"), &set);
        }
    }
    let by = "compare tag:t --by params.n_layers --metric eval/l1.best,eval/psnr --against params.n_layers=2";
    let document = world.json(&format!("{by} --json"));
    assert_eq!(
        (&document["runs"], &document["against"]),
        (&json!(5), &json!({"params.n_layers": 2}))
    );
    let cells = document["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 2);
    let runs = world.json("runs --json");
    let value = |name: &str| {
        let run = runs
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["name"] == name)
            .unwrap();
        run["metrics"]["eval/l1"]["best"].as_f64().unwrap()
    };
    let (one, two) = (
        &cells[0]["metrics"]["eval/l1.best"],
        &cells[1]["metrics"]["eval/l1.best"],
    );
    let mean = (value("n2s1") + value("n2s2") + value("n2s3")) / 3.0;
    assert!((two["mean"].as_f64().unwrap() - mean).abs() < 1e-12, "{two}");
    let difference = ((value("n1s1") - value("n2s1")) + (value("n1s2") - value("n2s2"))) / 2.0;
    let found = &one["difference"];
    assert!(
        (found["value"].as_f64().unwrap() - difference).abs() < 1e-12,
        "{found}"
    );
    assert_eq!((&found["pairs"], &found["paired"]), (&json!(2), &json!(true)));
    let kinds = |cell: &Value| -> Vec<String> {
        let notes = cell["notes"].as_array().unwrap().iter();
        notes.map(|n| n["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        kinds(&cells[0]),
        ["few_runs", "unpaired_seeds", "narrow_interval"]
    );
    assert!(kinds(&cells[1]).is_empty());

    let text = world.ok(by);
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    assert!(
        text.contains("fewer than 3 runs") && text.contains("2 pairs"),
        "{text}"
    );
    assert!(
        world
            .ok(&format!("{by} --format markdown"))
            .starts_with("| params.n\\_layers | n |")
    );
    assert_eq!(world.ok(&format!("{by} --format csv")).lines().count(), 5);
    world.ok(&format!("{by} -o table.tex"));
    let latex = std::fs::read_to_string(world.path("table.tex")).unwrap();
    world.ok(&format!("{by} -o table --format latex"));
    assert_eq!(std::fs::read_to_string(world.path("table")).unwrap(), latex);
    assert!(
        latex.starts_with("\\begin{tabular}{@{}lrrrrrrr@{}}\n  \\toprule"),
        "{latex}"
    );

    // The table is about all runs that match, not about the seeds that pair.
    let all = world.json("compare --by model --json");
    assert_eq!(all["cells"][0]["metrics"]["eval/ssim.last"]["n"], 5);

    let beside = world.json("compare n1s1 n2s3 --metric eval/l1.best --json");
    assert_eq!(beside["settings"]["seed"], json!([1, 3]));
    assert_eq!(
        beside["metrics"]["eval/l1.best"],
        json!([value("n1s1"), value("n2s3")])
    );
    assert!(world.ok("compare n1s1 n2s3").contains("params.n_layers"));

    for (args, expected) in [
        ("--by n_layers", "did you mean `params.n_layers`?"),
        ("--by seed --metric l1", "did you mean `eval/l1`?"),
        ("--by seed --against 7", "there are seed=1; seed=2; seed=3"),
        ("tag:none --by seed", "none of 5 runs matches `tag:none`"),
        ("status:finishd --by seed", "did you mean `finished`?"),
        ("--by seed --format latexx", "latex"),
        ("--by seed -o nowhere/table.tex", "nowhere"),
        (
            "--by seed -o table.latex",
            "ends in .txt, .md, .tex, .csv or .json",
        ),
        ("--by seed -o table", "ends in .txt, .md, .tex, .csv or .json"),
        ("n1s1 --against first", "--by"),
        ("n1s9", "did you mean"),
        ("", "--by"),
        (
            "status:finished seed=1",
            "is a query, and the runs that match are grouped: say by what, such as --by",
        ),
        ("status:finishd", "did you mean `finished`?"),
    ] {
        let error = world.refused(&format!("compare {args}"));
        assert!(error.contains(expected), "{args}: {error}");
    }
}

#[test]
fn why_two_runs_differ_is_told() {
    let world = World::new();
    trained(&world, "one", "");
    trained(&world, "again", "--tag other");
    trained(&world, "seeded", "--set seed=2 --set optim.lr=1e-3");
    let same = world.json("why one again --json");
    let points = &same["points"];
    assert_eq!(
        (&points["agree"], &points["first_difference"]),
        (&json!(true), &json!(null)),
        "{same}"
    );
    assert_eq!(
        (&same["explained"], &same["settings"]),
        (&json!(false), &json!({}))
    );
    let verdict = same["verdict"].as_str().unwrap();
    assert!(
        verdict.starts_with("Nothing that is recorded differs") && verdict.contains("bit for bit"),
        "{verdict}"
    );

    let other = world.json("why one seeded --json");
    assert_eq!(other["settings"], json!({"optim.lr": [0.0002, 0.001]}));
    assert_eq!(
        (&other["seed"], &other["explained"]),
        (&json!([1, 2]), &json!(true))
    );
    assert!(other["points"]["first_difference"]["step"].is_u64());
    let l1 = &other["metrics"]["eval/l1"];
    let (last, difference) = (&l1["last"], l1["last_difference"].as_f64().unwrap());
    assert!((last[1].as_f64().unwrap() - last[0].as_f64().unwrap() - difference).abs() < 1e-15);
    let page = world.ok("why one seeded");
    assert!(page.contains("They differ in 1 setting, the seed."), "{page}");
    assert!(world.refused("why one one").contains("both are run one"));
    assert!(world.refused("why one onne").contains("did you mean `one`?"));
}
