//! Figures and reports of real runs, from the outside.

use std::fs;

use crate::support::World;

const SHORT: &str =
    "--threads 1 --set optim.epochs=2 --set optim.decay_epochs=0 --set log.every=1 --set log.images_every=8";

fn trained() -> World {
    let world = World::new();
    for (layers, seed) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let set = format!("--set params.n_layers={layers} --set seed={seed} --name n{layers}s{seed} --tag t");
        world.ok(&format!("train tiny.toml {SHORT} {set}"));
    }
    world
}

fn read(world: &World, file: &str) -> Vec<u8> {
    fs::read(world.path(file)).unwrap()
}

#[test]
fn figures_of_every_kind_in_every_form() {
    let world = trained();
    for (kind, more) in [
        (
            "curves",
            "--by params.n_layers --metric loss/*,eval/l1 --smooth 0.5 --x epoch",
        ),
        (
            "ablation",
            "--by params.n_layers --against first --metric eval/l1",
        ),
        ("scatter", "--param params.n_layers --metric eval/l1"),
        ("parallel", "--metric eval/psnr --theme dark"),
        ("correlation", "--metric eval/psnr"),
        ("histogram", "--metric eval/l1 --by params.n_layers"),
        ("images", "--film"),
        ("images", "--table --by params.n_layers --label input=labels"),
        ("health", "--x relative"),
    ] {
        let forms: &[&str] = if kind == "images" {
            &["svg", "png", "pdf"]
        } else {
            &["svg", "png", "pdf", "csv", "tex"]
        };
        let files: Vec<String> = forms.iter().map(|f| format!("-o {kind}.{f}")).collect();
        world.ok(&format!(
            "plot {kind} tag:t {more} --dpi 60 --preset column {}",
            files.join(" ")
        ));
        for form in forms {
            let file = format!("{kind}.{form}");
            let first = read(&world, &file);
            // What was drawn is drawn again to the byte, from any of its files.
            world.ok(&format!("plot --again {file} -o again.{form}"));
            assert!(read(&world, &format!("again.{form}")) == first, "{file}");
        }
    }
    let svg = String::from_utf8(read(&world, "curves.svg")).unwrap();
    assert!(
        svg.contains("<text") && svg.contains("n_layers = 1</text>"),
        "{svg}"
    );
    assert!(
        svg.contains("loss/*") && svg.contains("n1s1"),
        "its metadata name the metrics and the runs"
    );
    let table = String::from_utf8(read(&world, "ablation.tex")).unwrap();
    assert!(table.contains("\\toprule"), "{table}");
    world.ok("plot curves n1s1 n2s1 --metric eval/l1 -o two.svg");
    assert!(
        String::from_utf8(read(&world, "two.svg"))
            .unwrap()
            .contains("n2s1</text>")
    );

    // A figure's file, and what the command line says on top of it.
    let toml = world.ok("plot ablation tag:t --by params.n_layers --print-spec");
    fs::write(world.path("figure.toml"), &toml).unwrap();
    world.ok("plot --spec figure.toml --theme dark -o dark.svg");
    let csv = world.ok("plot --spec figure.toml --format csv");
    assert!(
        csv.lines().nth(1) == Some("metric,n_layers,mark,run,seed,value,low,high,n"),
        "{csv}"
    );

    world.ok("metrics n1s1 n2s1 -o points.parquet");
    assert!(read(&world, "points.parquet").starts_with(b"PAR1"));
    world.ok("metrics n1s1 -o points.csv");
    assert_eq!(
        read(&world, "points.csv"),
        world.ok("metrics n1s1 --format csv").into_bytes()
    );

    fs::write(world.path("bad.toml"), "kind = \"curves\"\nmetric = [\"a\"]\n").unwrap();
    fs::write(world.path("other.svg"), "<svg/>").unwrap();
    for (args, expected) in [
        ("tag:t --metric eval/l2 -o x.svg", "did you mean `eval/l1`?"),
        ("n1s9 -o x.svg", "did you mean"),
        ("tag:nothing -o x.svg", "none of 4 runs matches `tag:nothing`"),
        ("status:finishd -o x.svg", "did you mean `finished`?"),
        ("tag:t -o x.sgv", "unknown format `sgv` (did you mean `svg`?)"),
        ("tag:t --format jpeg", "expected one of svg, png, pdf, csv, tex"),
        ("tag:t -o nowhere/x.svg", "cannot write nowhere/x.svg"),
        (
            "tag:t --smooth 1 -o x.svg",
            "`smoothing = 1`: expected a number from 0",
        ),
        ("tag:t --x steps -o x.svg", "did you mean `step`?"),
        ("tag:t", "-o FILE.svg"),
        ("ablaton tag:t -o x.svg", "did you mean `ablation`?"),
        ("ablation tag:t -o x.svg", "--by params.n_layers"),
        (
            "ablation tag:t --by params.n_layers --against 7 -o x.svg",
            "against 7",
        ),
        ("images tag:t --probe 9 -o x.svg", "probe 9: the runs have"),
        (
            "tag:t --metric eval/l1 --label eval/l2=L1 -o x.svg",
            "label eval/l2: nothing in the figure is called that",
        ),
        (
            "tag:t --label eval/l1 -o x.svg",
            "--label eval/l1: expected NAME=TEXT",
        ),
        (
            "tag:t --table -o x.svg",
            "--table: this does not apply to curves, but to images",
        ),
        (
            "scatter tag:t --param params.n_layrs -o x.svg",
            "did you mean `params.n_layers`?",
        ),
        (
            "--spec bad.toml -o x.svg",
            "bad.toml:2: `metric`: unknown key (did you mean `metrics`?)",
        ),
        ("--spec none.toml -o x.svg", "cannot read none.toml"),
        (
            "tag:t --bins 5 -o x.svg",
            "--bins: this does not apply to curves, but to histogram",
        ),
        (
            "scatter tag:t --metric eval/l1 --x step -o x.svg",
            "--x: this does not apply to scatter, but to curves and health",
        ),
        (
            "tag:t --metric eval/l1 --x-min 1e9 -o x.svg",
            "nothing of eval/l1 lies within x_min = 1000000000",
        ),
        ("--again other.svg -o x.svg", "does not say where it comes from"),
    ] {
        let error = world.refused(&format!("plot {args}"));
        assert!(error.contains(expected), "{args}: {error}");
        assert!(!world.path("x.svg").exists(), "{args}");
    }
}

#[test]
fn a_report_is_one_page_or_a_folder() {
    let world = trained();
    fs::write(
        world.path("report.toml"),
        "title = \"Layers & <seeds>\"\ntext = \"Why.\"\nquery = \"tag:t\"\nby = [\"params.n_layers\"]\nagainst = \"1\"\n\
         [[figure]]\nkind = \"ablation\"\nmetrics = [\"eval/l1\"]\n[[figure]]\nkind = \"curves\"\nmetrics = [\"eval/l9\"]\n",
    )
    .unwrap();
    let done = world.run("report report.toml -o report.html --figures figures");
    // Everything else is written, and whoever calls this in a script knows.
    assert_eq!(done.code, 1, "{}", done.stderr);
    let said = "1 of 2 figures could not be drawn, everything else was written: figure 2: metric eval/l9";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    let page = String::from_utf8(read(&world, "report.html")).unwrap();
    for part in [
        "<title>Layers &amp; &lt;seeds&gt;</title>",
        "class=\"slide\"",
        "class=\"wipe\"",
        "data:image/jpeg;base64,",
        "aria-label=\"output of",
        "id=\"reproduce\"",
        "params.n_layers",
        "Figure 2 could not be drawn.",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let outside = page
        .match_indices("http")
        .filter(|(i, _)| !page[*i..].starts_with("http://www.w3.org/2000/svg"));
    assert_eq!(outside.count(), 0, "nothing is loaded from elsewhere");
    assert!(world.path("figures/figure-1-ablation.pdf").exists());
    assert_eq!(world.run("report report.toml -o again.html").code, 1);
    assert!(read(&world, "again.html") == page.into_bytes());

    world.ok("report n1s1 n2s1 -o two.html");
    let two = String::from_utf8(read(&world, "two.html")).unwrap();
    assert!(two.contains("<h1>n1s1, n2s1</h1>") && !two.contains("n1s2"));

    // The experiment that the page shows can be trained.
    let markdown = {
        world.ok("report tag:t -o report.md");
        String::from_utf8(read(&world, "report.md")).unwrap()
    };
    let experiment = markdown
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    fs::write(world.path("once-more.toml"), experiment).unwrap();
    world.ok("train once-more.toml --threads 1 --name once-more");
    let agree = world.json("why once-more n2s2 --json");
    assert_eq!(agree["points"]["agree"], true, "{agree}");
    for link in markdown.split("](").skip(1).map(|l| l.split(')').next().unwrap()) {
        assert!(world.path(link).exists(), "{link}");
    }
    for (args, expected) in [
        ("tag:t -o report.pdf", "expected .html or .md"),
        ("tag:t -o nowhere/report.html", "cannot write nowhere/report.html"),
        ("tag:nothing -o x.html", "none of"),
        ("none.toml -o x.html", "cannot read none.toml"),
    ] {
        let error = world.refused(&format!("report {args}"));
        assert!(error.contains(expected), "{args}: {error}");
    }
}
