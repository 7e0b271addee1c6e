use std::time::Instant;

use diptych_domain::params::{ParamKind, ParamValue, Params};
use diptych_domain::spec::Draft;
use diptych_domain::{ImagePair, Images};
use diptych_models::{BuildContext, Plugin};
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
  diptych bench --size 128 --set params.norm=instance"
)]
pub struct Args {
    /// The model
    #[arg(long, default_value = "pix2pix")]
    model: String,
    /// Side of the square images
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=16384))]
    size: u32,
    /// Images a step
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: u32,
    /// Channels of the networks' first layers
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(i64).range(1..=4096))]
    width: i64,
    /// Residual blocks, for models with a ResNet generator
    #[arg(long)]
    blocks: Option<u32>,
    /// Timed steps
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Change any key of the experiment, such as params.norm=instance
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const WARM_UP: u64 = 2;

#[derive(Serialize)]
struct Report {
    model: String,
    size: u32,
    batch: u32,
    width: i64,
    steps: u32,
    seconds_per_step: f64,
    q1: f64,
    q3: f64,
    images_per_second: f64,
    peak_bytes: u64,
    device: String,
    threads: usize,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let plugin = context.registry.get(&args.model).usage()?;
    let spec = spec(plugin, &args)?;
    let compute = args.compute.settle()?;
    let (a, b) = spec.data.channels();
    let batch = ImagePair {
        a: noise(args.batch as usize, a, args.size as usize, 1),
        b: noise(args.batch as usize, b, args.size as usize, 2),
        names: vec!["noise".into(); args.batch as usize],
    };
    let mut model = plugin.build(&BuildContext {
        spec,
        device: compute.device,
    })?;
    let mut times = Vec::with_capacity(args.steps as usize);
    for step in 1..=WARM_UP + u64::from(args.steps) {
        let start = Instant::now();
        model.train_step(&batch, step)?;
        // Reading the losses waits for the device.
        if let Some((name, value)) = model.losses()?.into_iter().find(|(_, v)| !v.is_finite()) {
            return Err(Failure::new(format!("step {step}: {name} is {value}")));
        }
        if step > WARM_UP {
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let [q1, median, q3] = quartiles(&mut times);
    let report = Report {
        model: args.model,
        size: args.size,
        batch: args.batch,
        width: args.width,
        steps: args.steps,
        seconds_per_step: median,
        q1,
        q3,
        images_per_second: f64::from(args.batch) / median,
        peak_bytes: peak_bytes(),
        device: compute.device.to_string(),
        threads: compute.threads,
    };
    if args.json {
        return output::json(&report);
    }
    output::line(format!(
        "{} {}x{} batch {} width {} on {} with {} threads\n\
         {:.4} s a step (quartiles {:.4} to {:.4}), {} images/s, peak memory {}",
        report.model,
        report.size,
        report.size,
        report.batch,
        report.width,
        report.device,
        report.threads,
        median,
        q1,
        q3,
        human::number(report.images_per_second),
        human::bytes(report.peak_bytes),
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
    let decls = plugin.params();
    let params: Params = decls
        .iter()
        .map(|d| (d.name.to_owned(), d.default.clone()))
        .collect();
    for decl in &decls {
        match (&decl.kind, decl.name) {
            (ParamKind::Int { .. }, "ngf" | "ndf") => {
                sets.push(format!("params.{}={}", decl.name, args.width))
            }
            (ParamKind::Choice(words), "generator") => {
                let unet = format!("unet_{}", args.size);
                let is_unet = matches!(&params[decl.name], ParamValue::Text(t) if t.starts_with("unet"));
                if let Some(blocks) = args.blocks {
                    sets.push(format!("params.generator=resnet_{blocks}blocks"));
                } else if is_unet && words.contains(&unet.as_str()) {
                    sets.push(format!("params.generator={unet}"));
                }
            }
            _ => {}
        }
    }
    if let Some(layout) = plugin.layouts().first() {
        let layout = serde_json::to_value(layout)?;
        sets.push(format!("data.layout={}", layout.as_str().unwrap_or("aligned")));
    }
    sets.extend(args.set.iter().cloned());
    let text = format!("model = {:?}", args.model);
    let mut draft = Draft::parse("bench", &text, &sets);
    let spec = draft.resolve(plugin.name(), &decls).usage()?;
    plugin.validate(&spec).usage()?;
    Ok(spec)
}

/// Values in [-1, 1) that depend on the seed alone.
fn noise(n: usize, c: usize, side: usize, seed: u64) -> Images {
    let mut images = Images::zeros(n, c, side, side);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for value in &mut images.data {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *value = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
    }
    images
}

/// Quartiles at `i * (n + 1) / 4`, between neighbours linearly, as Python's `statistics.quantiles` takes them.
fn quartiles(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    [1, 2, 3].map(|i| {
        if n < 2 {
            return values.first().copied().unwrap_or(f64::NAN);
        }
        let place = i * (n + 1);
        let below = (place / 4).clamp(1, n - 1);
        let delta = place as f64 / 4.0 - below as f64;
        values[below - 1] * (1.0 - delta) + values[below] * delta
    })
}

/// The largest resident size so far, in bytes; 0 where the system does not say.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|l| l.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.map_or(0, |k| k * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_those_of_the_peer() {
        // python3 -c 'import statistics; print(statistics.quantiles([...], n=4))'
        assert_eq!(quartiles(&mut [5.0, 1.0, 2.0, 4.0, 3.0]), [1.5, 3.0, 4.5]);
        assert_eq!(quartiles(&mut [1.0, 2.0]), [0.75, 1.5, 2.25]);
        assert_eq!(quartiles(&mut [7.0]), [7.0; 3]);
    }

    #[test]
    fn noise_fills_its_range_and_repeats() {
        let images = noise(1, 3, 32, 1);
        assert_eq!(images, noise(1, 3, 32, 1));
        assert_ne!(images, noise(1, 3, 32, 2));
        assert!(images.data.iter().all(|v| (-1.0..1.0).contains(v)));
        let mean = images.data.iter().sum::<f32>() / images.data.len() as f32;
        assert!(mean.abs() < 0.1, "{mean}");
    }
}
