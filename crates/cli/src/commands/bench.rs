use diptych_domain::Size;
use diptych_domain::spec::Draft;
use diptych_models::{BenchRequest, BuildContext, Plugin};
use diptych_runner::BenchReport;
use serde::Serialize;

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::{Failure, ResultExt};
use crate::output;
use crate::render::human;

/// Time full training steps of a model on random images
#[derive(clap::Args)]
#[command(
    after_help = "Prints the median and quartiles of the timed steps after two for warming up.

Examples:
  diptych bench --model pix2pix --size 256 --batch 1
  diptych bench --size 64 --width 16 --steps 20 --threads 2 --json
  diptych bench --model cyclegan --size 128 --blocks 6 --idt 0
  diptych bench --size 128 --set params.norm=instance
  diptych bench --size 256x128
  diptych bench --size 256 --steps 20 --health"
)]
pub struct Args {
    /// The model
    #[arg(long, default_value = "pix2pix")]
    model: String,
    /// Size of the images: pixels a side, or WIDTHxHEIGHT
    #[arg(long, default_value_t = Size::square(256), value_parser = size)]
    size: Size,
    /// Images a step
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: u32,
    /// Channels of the networks' first layers
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    width: u32,
    /// Residual blocks, for models with a ResNet generator
    #[arg(long)]
    blocks: Option<u32>,
    /// Weight of the identity loss, for models that have one
    #[arg(long, value_name = "WEIGHT")]
    idt: Option<f64>,
    /// Timed steps
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Instead, what measuring the model's health adds to a step
    #[arg(long)]
    health: bool,
    /// Change any key of the experiment, such as params.norm=instance
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The measurements, and the width that the networks got.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    measured: BenchReport,
    width: u32,
}

/// What `--size` takes.
fn size(text: &str) -> Result<Size, String> {
    let size: Size = text.parse()?;
    if size.shorter() == 0 || size.longer() > 16_384 {
        return Err("expected sides of 1 to 16384 pixels".into());
    }
    Ok(size)
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let plugin = context.registry.get(&args.model).usage()?;
    let spec = spec(plugin, &args)?;
    let compute = args.compute.settle()?;
    let context = BuildContext {
        spec,
        device: compute.device,
    };
    if args.health {
        let cost = diptych_runner::bench_health(plugin, &context, args.steps.into())?;
        if args.json {
            return output::json(&cost);
        }
        return output::line(format!(
            "{:.4} s a step, {:.4} s with its health measured: {:.3} times, at the steps that are logged",
            cost.seconds_per_step, cost.seconds_watched, cost.ratio
        ));
    }
    let report = Report {
        measured: diptych_runner::bench(plugin, &context, args.steps.into())?,
        width: args.width,
    };
    if args.json {
        return output::json(&report);
    }
    let m = &report.measured;
    let mut gpu = String::new();
    if let (Some(seconds), Some(work)) = (m.seconds_per_step_unread, &m.gpu) {
        gpu = format!(
            "\n{seconds:.5} s a step where losses are read at the end; a step has {} launches of ours and {} convolutions, \
             given to the driver as {} graphs and {} one by one, {} fills, {} reads and {} allocations; {} of GPU memory at most",
            work.launches,
            work.convolutions,
            work.graphs,
            work.single,
            work.fills,
            work.reads,
            work.allocations,
            human::bytes(work.peak_bytes)
        );
    }
    output::line(format!(
        "{} {}x{} batch {} width {} on {} with {} threads\n\
         {:.4} s a step (quartiles {:.4} to {:.4}), {} images/s, peak memory {}{gpu}",
        m.model,
        m.size.width,
        m.size.height,
        m.batch,
        report.width,
        m.device,
        m.threads,
        m.seconds_per_step,
        m.q1,
        m.q3,
        human::number(m.images_per_second),
        m.peak_bytes.map_or_else(|| "unknown".into(), human::bytes),
    ))
}

/// The experiment to time: the plugin's defaults, its networks as wide and as deep as asked.
fn spec(plugin: &dyn Plugin, args: &Args) -> Result<diptych_domain::ExperimentSpec, Failure> {
    let mut sets = vec![
        format!("data.load_size={}", args.size),
        format!("data.crop_size={}", args.size),
        format!("data.batch_size={}", args.batch),
        "data.root=noise".into(),
    ];
    let request = BenchRequest {
        size: args.size,
        width: args.width,
        blocks: args.blocks,
        identity: args.idt,
    };
    for (name, value) in plugin.bench_params(&request).usage()? {
        sets.push(format!("params.{name}={value}"));
    }
    if let Some(layout) = plugin.layouts().first() {
        let layout = serde_json::to_value(layout)?;
        sets.push(format!("data.layout={}", layout.as_str().unwrap_or("aligned")));
    }
    sets.extend(args.set.iter().cloned());
    let text = format!("model = {:?}", args.model);
    let mut draft = Draft::parse("bench", &text, &sets);
    let spec = draft.resolve(plugin.name(), &plugin.params()).usage()?;
    plugin.validate(&spec).usage()?;
    Ok(spec)
}
