use std::path::{Path, PathBuf};

use diptych_data::palette::{self, Found};
use diptych_data::{Dataset, Side, Split};
use diptych_domain::spec::Layout;
use diptych_models::InferMode;
use diptych_runner::{Control, EvalReport, SetScores, evaluate, evaluate_set};
use serde_json::{Value, json};

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::{Failure, ResultExt};
use crate::generator::{Generator, Way};
use crate::render::table::{Align, Table};
use crate::render::{human, terminal};
use crate::session::Session;
use crate::{generator, interrupt, output};

/// Compute a run's metrics on a held-out split
#[derive(clap::Args)]
#[command(
    after_help = "Outputs are compared with their targets: L1, PSNR, SSIM and, where the targets are label maps, how far the classes
agree (docs/measures.md). Without pairs the set of all outputs is compared with the other domain's images: sliced Wasserstein
distance and intersection of the colour histograms, one row for each way that the model translates.

Label maps have a palette: --palette, data.palette, palette.txt in the data set's folder, or the targets' own colours where
these are few. `diptych data palette` gathers one from label maps that were kept as JPEG.

Examples:
  diptych evaluate brisk-otter
  diptych evaluate brisk-otter --split test --which best --json
  diptych evaluate brisk-otter --palette facades.txt
  diptych evaluate calm-heron --eval"
)]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    /// The split: val is the held-out one, `val` or `test`
    #[arg(long, default_value = "val", value_parser = ["val", "test", "train"])]
    split: String,
    /// Running statistics and no dropout
    #[arg(long)]
    eval: bool,
    /// The checkpoint: last, best, or a step
    #[arg(long, default_value = "last")]
    which: String,
    /// The classes of the targets, a colour and a name a line
    #[arg(long, value_name = "FILE")]
    palette: Option<PathBuf>,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let compute = args.compute.settle()?;
    let load = |way| generator::of_run(&session, &context.registry, &compute, &args.run, &args.which, way);
    let forth = load(Way::Forth)?;
    let control = Control::new();
    let stop = control.clone();
    interrupt::install(move || stop.request_stop())?;
    match forth.spec.data.layout {
        Layout::Aligned => pairs(forth, &args, &control),
        Layout::Unaligned => {
            let plugin = context.registry.get(&forth.spec.model).usage()?;
            let back = plugin.reverse_generator().map(|_| load(Way::Back)).transpose()?;
            sets(forth, back, &args, &control)
        }
        Layout::Single => Err(Failure::usage(format!(
            "{} trained on a single domain: there is nothing to compare its outputs with; `diptych translate {0} INPUT -o DIR` \
             shows them",
            forth.origin
        ))),
    }
}

/// Outputs against their targets.
fn pairs(mut generator: Generator, args: &Args, control: &Control) -> Result<(), Failure> {
    let data = &generator.spec.data;
    let dataset = Dataset::open(data, split(args)).usage()?;
    let found = classes(&generator, args)?;
    let palette = found.as_ref().map(|f| &f.palette);
    let report = evaluate(generator.model.as_mut(), &dataset, mode(args), palette, control)?
        .ok_or_else(|| Failure::interrupted("interrupted"))?;
    if args.json {
        let mut document = described(&generator, args);
        document["mean"] = serde_json::to_value(report.mean)?;
        document["images"] = serde_json::to_value(&report.images)?;
        if let Some(palette) = palette {
            let classes = palette.classes().iter().map(|c| c.name.as_str());
            document["classes"] = classes.collect::<Vec<_>>().into();
        }
        return output::json(&document);
    }
    note(&generator, args);
    if let Some(found) = &found {
        let n = found.palette.classes().len();
        let origin = found
            .file
            .as_ref()
            .map_or("the training targets' own colours".to_owned(), |f| {
                f.display().to_string()
            });
        output::note(format!("{n} classes: {origin}"));
    }
    output::line(table(&report).render_styled(terminal::width(), terminal::colours()))
}

fn table(report: &EvalReport) -> Table {
    let names = report.mean.values().into_iter().map(|(name, _)| heading(name));
    let mut table =
        Table::new(std::iter::once(("IMAGE", Align::Left)).chain(names.map(|n| (n, Align::Right))));
    let mut row = |name: &str, values: Vec<(&str, f64)>| {
        let numbers = values.into_iter().map(|(_, v)| human::number(v));
        table.row(std::iter::once(name.to_owned()).chain(numbers));
    };
    for image in &report.images {
        row(&image.name, image.scores.values());
    }
    row(&format!("mean of {}", report.images.len()), report.mean.values());
    table
}

/// A metric as a column's heading.
fn heading(name: &str) -> &'static str {
    match name {
        "l1" => "L1",
        "psnr" => "PSNR",
        "ssim" => "SSIM",
        "pixel_accuracy" => "PIXEL ACC",
        "class_accuracy" => "CLASS ACC",
        "class_iou" => "IOU",
        _ => "?",
    }
}

/// The palette of the targets. One that is asked for here must fit them.
fn classes(generator: &Generator, args: &Args) -> Result<Option<Found>, Failure> {
    let data = &generator.spec.data;
    let train = Dataset::open(data, Split::Train).usage()?;
    // A file named on the command line is looked for here, one in the experiment beside the data.
    let file = match &args.palette {
        Some(file) => Some(std::path::absolute(file)?),
        None => Some(PathBuf::from(&data.palette)).filter(|p| !p.as_os_str().is_empty()),
    };
    let Some(found) = palette::find(Path::new(&data.root), file.as_deref(), &train).usage()? else {
        return Ok(None);
    };
    if found.fits() {
        return Ok(Some(found));
    }
    let problem = format!(
        "{:.0} % of the targets' pixels are near a colour of {}; of label maps nearly all are",
        100.0 * found.coverage,
        found
            .file
            .as_deref()
            .unwrap_or(Path::new("the palette"))
            .display()
    );
    if args.palette.is_some() {
        return Err(Failure::usage(problem));
    }
    output::note(format!("{problem}: classes are not scored"));
    Ok(None)
}

/// The set of all outputs against the other domain's images.
fn sets(forth: Generator, back: Option<Generator>, args: &Args, control: &Control) -> Result<(), Failure> {
    if args.palette.is_some() {
        return Err(Failure::usage(format!(
            "{} trained on data without pairs: classes can be scored only where each output has its target",
            forth.origin
        )));
    }
    let both = back.is_some();
    let mut rows: Vec<(&str, &str, SetScores)> = Vec::new();
    let ways = [(Some(forth), "A"), (back, "B")];
    let mut document = Value::Null;
    for (generator, name) in ways {
        let Some(mut generator) = generator else { continue };
        let dataset = Dataset::open(&generator.spec.data, split(args)).usage()?;
        let mode = mode(args);
        let mut infer = |image: &_| generator.model.infer(image, mode);
        let scores = evaluate_set(&mut infer, &dataset, Side::Input, control)?
            .ok_or_else(|| Failure::interrupted("interrupted"))?;
        if rows.is_empty() {
            document = described(&generator, args);
            if !args.json {
                note(&generator, args);
            }
        }
        let way = match (both, name) {
            (false, _) => "outputs",
            (true, "A") => "A: there",
            (true, _) => "B: back",
        };
        rows.push((name, way, scores));
    }
    if args.json {
        let mean = rows.iter().flat_map(|(name, _, scores)| {
            let suffix = if both { format!("_{name}") } else { String::new() };
            let keyed = scores.values().into_iter();
            keyed.map(move |(key, value)| (format!("{key}{suffix}"), json!(value)))
        });
        document["mean"] = Value::Object(mean.collect());
        document["sets"] = rows
            .iter()
            .map(|(name, _, scores)| json!({ "way": if both { name } else { "" }, "scores": scores }))
            .collect();
        return output::json(&document);
    }
    let mut table = Table::new([
        ("WAY", Align::Left),
        ("SWD", Align::Right),
        ("HISTOGRAM", Align::Right),
        ("OUTPUTS", Align::Right),
        ("IMAGES", Align::Right),
    ]);
    for (_, way, scores) in &rows {
        table.row([
            (*way).to_owned(),
            scores.swd.map_or("-".into(), human::number),
            human::number(scores.histogram_intersection),
            scores.images.to_string(),
            scores.references.to_string(),
        ]);
    }
    output::line(table.render_styled(terminal::width(), terminal::colours()))
}

fn split(args: &Args) -> Split {
    match args.split.as_str() {
        "train" => Split::Train,
        _ => Split::Val,
    }
}

fn mode(args: &Args) -> InferMode {
    generator::mode(args.eval)
}

fn described(generator: &Generator, args: &Args) -> Value {
    json!({
        "run": generator.origin,
        "step": generator.step,
        "split": args.split,
        "eval": args.eval,
    })
}

fn note(generator: &Generator, args: &Args) {
    output::note(format!(
        "{} at step {}, split {}",
        generator.origin, generator.step, args.split
    ));
}
