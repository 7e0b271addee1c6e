use diptych_data::{Dataset, Split};
use diptych_domain::spec::Layout;
use diptych_runner::{Control, Scores, evaluate};
use serde_json::json;

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::{Failure, ResultExt};
use crate::generator::Way;
use crate::render::table::{Align, Table};
use crate::render::{human, terminal};
use crate::session::Session;
use crate::{generator, interrupt, output};

/// Compute a run's metrics on a held-out split
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych evaluate brisk-otter
  diptych evaluate brisk-otter --split test --which best --json")]
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
    #[command(flatten)]
    compute: ComputeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let compute = args.compute.settle()?;
    let mut generator = generator::of_run(
        &session,
        &context.registry,
        &compute,
        &args.run,
        &args.which,
        Way::Forth,
    )?;
    if generator.spec.data.layout != Layout::Aligned {
        return Err(Failure::usage(format!(
            "{} trained on data without pairs: there are no targets to compare its outputs with; `diptych translate {0} \
             INPUT -o DIR` shows them",
            generator.origin
        )));
    }
    let split = match args.split.as_str() {
        "train" => Split::Train,
        _ => Split::Val,
    };
    let dataset = Dataset::open(&generator.spec.data, split).usage()?;
    let control = Control::new();
    let stop = control.clone();
    interrupt::install(move || stop.request_stop())?;
    let report = evaluate(
        generator.model.as_mut(),
        &dataset,
        generator::mode(args.eval),
        &control,
    )?
    .ok_or_else(|| Failure::interrupted("interrupted"))?;
    if args.json {
        return output::json(&json!({
            "run": generator.origin,
            "step": generator.step,
            "split": args.split,
            "eval": args.eval,
            "mean": report.mean,
            "images": report.images,
        }));
    }
    let mut table = Table::new([
        ("IMAGE", Align::Left),
        ("L1", Align::Right),
        ("PSNR", Align::Right),
        ("SSIM", Align::Right),
    ]);
    let mut row = |name: &str, s: &Scores| {
        table.row([
            name.to_owned(),
            human::number(s.l1),
            human::number(s.psnr),
            human::number(s.ssim),
        ]);
    };
    for image in &report.images {
        row(&image.name, &image.scores);
    }
    row(&format!("mean of {}", report.images.len()), &report.mean);
    output::note(format!(
        "{} at step {}, split {}",
        generator.origin, generator.step, args.split
    ));
    output::line(table.render_styled(terminal::width(), terminal::colours()))
}
