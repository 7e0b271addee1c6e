//! Timing full training steps, the way the reference implementation is timed.

use std::time::Instant;

use diptych_domain::{ImagePair, Images, Size};
use diptych_models::device::DeviceCounts;
use diptych_models::{BuildContext, Model, ModelError, Plugin};
use serde::Serialize;

use crate::error::RunnerError;

/// Steps before the timed ones.
const WARM_UP: u64 = 2;

/// What a benchmark measured. The field names are those of `bench --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// The plugin.
    pub model: String,
    /// Size of the images: pixels a side, or width and height.
    pub size: Size,
    /// Images a step.
    pub batch: u32,
    /// Timed steps.
    pub steps: u64,
    /// Median of the timed steps.
    pub seconds_per_step: f64,
    /// Lower quartile of the seconds per step.
    pub q1: f64,
    /// Upper quartile of the seconds per step.
    pub q3: f64,
    /// Images in a median step over its seconds.
    pub images_per_second: f64,
    /// The most memory that the process has held, in bytes; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// On a GPU: seconds of a step where losses are read after all of them, as in training between two logged steps.
    pub seconds_per_step_unread: Option<f64>,
    /// On a GPU: what a step asks of it.
    pub gpu: Option<GpuWork>,
    /// The device.
    pub device: String,
    /// Threads of the CPU's pool.
    pub threads: usize,
}

/// Times `steps` full training steps (all networks' updates, losses read) on random images of the spec's crop size and batch
/// size, after two steps of warm-up.
///
/// # Errors
/// Where the model cannot be built or fails; or where a loss is not finite, for then the time means nothing.
pub fn bench(plugin: &dyn Plugin, context: &BuildContext, steps: u64) -> Result<BenchReport, RunnerError> {
    let (mut model, batch) = prepare(plugin, context)?;
    let data = &context.spec.data;
    let mut times = Vec::new();
    for step in 1..=WARM_UP + steps.max(1) {
        let seconds = timed(model.as_mut(), &batch, step, false)?;
        if step > WARM_UP {
            times.push(seconds);
        }
    }
    let steps = times.len() as u64;
    let unread = unread(model.as_mut(), &batch, context, WARM_UP + steps)?;
    let [q1, median, q3] = quartiles(&mut times);
    Ok(BenchReport {
        model: plugin.name().to_owned(),
        size: data.crop_size,
        batch: data.batch_size,
        steps,
        seconds_per_step: median,
        q1,
        q3,
        images_per_second: f64::from(data.batch_size) / median,
        peak_bytes: peak_bytes(),
        seconds_per_step_unread: unread.map(|(seconds, _)| seconds),
        gpu: unread.map(|(_, work)| work),
        device: context.device.to_string(),
        threads: rayon::current_num_threads(),
    })
}

/// What a step asks of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GpuWork {
    /// Kernels of ours.
    pub launches: f64,
    /// Convolutions given to cuDNN, which launches one to three kernels for each.
    pub convolutions: f64,
    /// Fills with zeros.
    pub fills: f64,
    /// Copies to the host, in each of which the host waits.
    pub reads: f64,
    /// Sequences that were given to the driver as one graph.
    pub graphs: f64,
    /// Launches and convolutions that were given to the driver one by one.
    pub single: f64,
    /// Allocations by the driver.
    pub allocations: f64,
    /// The most device memory that the process has held, in bytes.
    pub peak_bytes: u64,
}

/// Seconds a step, and what a step asks of the GPU, where losses are read at the end only; `None` on the CPU.
fn unread(
    model: &mut dyn Model,
    batch: &ImagePair,
    context: &BuildContext,
    done: u64,
) -> Result<Option<(f64, GpuWork)>, RunnerError> {
    let Some(before) = diptych_models::device::counts(context.device) else {
        return Ok(None);
    };
    let steps = done.max(10);
    let begun = Instant::now();
    for step in 1..=steps {
        model.train_step(batch, done + step)?;
    }
    let after = diptych_models::device::counts(context.device).unwrap_or(before);
    model.losses()?;
    let seconds = begun.elapsed().as_secs_f64() / steps as f64;
    let each = |count: fn(&DeviceCounts) -> u64| (count(&after) - count(&before)) as f64 / steps as f64;
    let work = GpuWork {
        launches: each(|c| c.launches),
        convolutions: each(|c| c.convolutions),
        fills: each(|c| c.fills),
        reads: each(|c| c.reads),
        graphs: each(|c| c.graphs),
        single: each(|c| c.single),
        allocations: each(|c| c.allocations),
        peak_bytes: after.peak_bytes,
    };
    Ok(Some((seconds, work)))
}

/// What watching a model's health costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HealthCost {
    /// Timed steps of each kind.
    pub steps: u64,
    /// Median of the steps as they are.
    pub seconds_per_step: f64,
    /// Median of the steps whose health is measured, as logged steps' is.
    pub seconds_watched: f64,
    /// The second over the first.
    pub ratio: f64,
}

/// Times `steps` steps as they are and as many whose health is measured, in turn, so that whatever else the machine does meets
/// both alike.
///
/// # Errors
/// As [`bench()`].
pub fn bench_health(
    plugin: &dyn Plugin,
    context: &BuildContext,
    steps: u64,
) -> Result<HealthCost, RunnerError> {
    let (mut model, batch) = prepare(plugin, context)?;
    let steps = steps.max(1);
    let (mut plain, mut watched) = (Vec::new(), Vec::new());
    for step in 1..=WARM_UP + 2 * steps {
        let watch = step.is_multiple_of(2);
        let seconds = timed(model.as_mut(), &batch, step, watch)?;
        if step > WARM_UP {
            if watch { &mut watched } else { &mut plain }.push(seconds);
        }
    }
    let [seconds_per_step, seconds_watched] = [quartiles(&mut plain)[1], quartiles(&mut watched)[1]];
    Ok(HealthCost {
        steps,
        seconds_per_step,
        seconds_watched,
        ratio: seconds_watched / seconds_per_step,
    })
}

/// The model and the random images that it is timed on.
fn prepare(plugin: &dyn Plugin, context: &BuildContext) -> Result<(Box<dyn Model>, ImagePair), RunnerError> {
    plugin.validate(&context.spec)?;
    let mut model = plugin.build(context)?;
    model.set_learning_rate(context.spec.optim.lr);
    let data = &context.spec.data;
    let (size, n) = (data.crop_size, data.batch_size as usize);
    let (height, width) = (size.height as usize, size.width as usize);
    let (channels_in, channels_out) = data.channels();
    let batch = ImagePair {
        a: random(1, [n, channels_in, height, width]),
        b: random(2, [n, channels_out, height, width]),
        names: vec![String::new(); n],
    };
    Ok((model, batch))
}

/// The seconds of one step, its losses (and its health) read.
fn timed(model: &mut dyn Model, batch: &ImagePair, step: u64, watch: bool) -> Result<f64, RunnerError> {
    let begun = Instant::now();
    model.watch(watch);
    model.train_step(batch, step)?;
    let losses = model.losses()?;
    if watch {
        model.health()?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    match losses.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => {
            Err(ModelError::Input(format!("loss {name} is {value} at step {step} on random images")).into())
        }
        None => Ok(seconds),
    }
}

/// Uniform values in [-1, 1), the same each time.
fn random(seed: u64, [n, c, h, w]: [usize; 4]) -> Images {
    let mut images = Images::zeros(n, c, h, w);
    let mut state = seed;
    for value in &mut images.data {
        // A 64-bit linear congruential generator; its upper bits are good enough for pixels.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *value = (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0;
    }
    images
}

/// The three quartiles by the exclusive method: quantile `i / 4` lies at rank `i (n + 1) / 4`, between its neighbours in
/// proportion. One value is all three; none gives NaN.
fn quartiles(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match values {
        [] => [f64::NAN; 3],
        [only] => [*only; 3],
        _ => [1, 2, 3].map(|i| {
            let rank = (i * (n + 1) / 4).clamp(1, n - 1);
            let part = (i * (n + 1)) as f64 / 4.0 - rank as f64;
            values[rank - 1] + part * (values[rank] - values[rank - 1])
        }),
    }
}

/// The most memory that this process has held so far, in bytes.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use diptych_domain::spec::DataSpec;
    use diptych_domain::{DeviceChoice, ExperimentSpec, ParamValue, Params};

    use super::*;
    use crate::testing::Fake;

    fn context(nan_at: i64) -> BuildContext {
        let spec = ExperimentSpec {
            model: "fake".into(),
            name: None,
            seed: 1,
            data: DataSpec {
                crop_size: Size::square(8),
                batch_size: 3,
                ..DataSpec::default()
            },
            params: Params::from([("nan_at".into(), ParamValue::Int(nan_at))]),
            optim: Default::default(),
            log: Default::default(),
        };
        BuildContext {
            spec,
            device: DeviceChoice::Cpu,
        }
    }

    #[test]
    fn quartiles_are_those_of_the_exclusive_method() {
        assert_eq!(quartiles(&mut [4.0, 1.0, 3.0, 2.0, 5.0]), [1.5, 3.0, 4.5]);
        assert_eq!(quartiles(&mut [1.0, 2.0, 3.0, 4.0]), [1.25, 2.5, 3.75]);
        assert_eq!(quartiles(&mut [1.0, 2.0]), [0.75, 1.5, 2.25]);
        assert_eq!(quartiles(&mut [7.0]), [7.0; 3]);
        assert!(quartiles(&mut [])[0].is_nan());
    }

    #[test]
    fn a_report_is_complete() {
        let report = bench(&Fake, &context(0), 3).unwrap();
        assert_eq!((report.steps, report.size, report.batch), (3, Size::square(8), 3));
        assert!(report.q1 <= report.seconds_per_step && report.seconds_per_step <= report.q3);
        assert!((report.images_per_second * report.seconds_per_step - 3.0).abs() < 1e-9);
        assert_eq!(report.device, "cpu");
        assert!(report.threads > 0);
        #[cfg(target_os = "linux")]
        assert!(report.peak_bytes.unwrap() > 1 << 20);
    }

    #[test]
    fn steps_that_diverge_are_not_timed() {
        let error = bench(&Fake, &context(4), 3).unwrap_err();
        assert_eq!(error.to_string(), "loss L1 is NaN at step 4 on random images");
    }

    #[test]
    fn what_health_costs_is_timed_in_turn_with_what_it_is_added_to() {
        let cost = bench_health(&Fake, &context(0), 3).unwrap();
        assert_eq!(cost.steps, 3);
        assert_eq!(cost.ratio, cost.seconds_watched / cost.seconds_per_step);
        assert!(bench_health(&Fake, &context(4), 3).is_err());
    }

    #[test]
    fn random_images_fill_their_range() {
        let images = random(1, [1, 3, 32, 32]);
        let mean = images.data.iter().sum::<f32>() / images.data.len() as f32;
        assert!(mean.abs() < 0.05, "{mean}");
        assert!(images.data.iter().all(|v| (-1.0..1.0).contains(v)));
    }
}
