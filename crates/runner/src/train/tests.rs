mod course;
mod endings;
mod health;
mod resume;
mod rollback;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use diptych_domain::spec::{DataSpec, LogSpec, OptimSpec, Policy};
use diptych_domain::{
    CheckpointKind, DeviceChoice, ExperimentSpec, LogLevel, ParamValue, RunEvent, RunStatus,
};
use tempfile::TempDir;

use super::*;
use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointFolder};
use crate::testing::Fake;

const SIDE: usize = 4;

/// Pairs whose right half is the left one inverted; every image differs.
fn write_pairs(folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        let image = image::RgbImage::from_fn(2 * SIDE as u32, SIDE as u32, |x, y| {
            let left = x % SIDE as u32;
            let v = |k: u32| ((left * 40 + y * 17 + k * 29 + i as u32 * 53) % 256) as u8;
            image::Rgb([0, 1, 2].map(|k| if x < SIDE as u32 { v(k) } else { 255 - v(k) }))
        });
        image.save(folder.join(format!("{i:02}.png"))).unwrap();
    }
}

struct Bench {
    data: TempDir,
    spec: ExperimentSpec,
}

impl Bench {
    /// 5 training pairs in batches of 1 (5 steps an epoch), 2 held out, 4 epochs.
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        write_pairs(&data.path().join("train"), 5);
        write_pairs(&data.path().join("val"), 2);
        let spec = ExperimentSpec {
            model: "fake".into(),
            name: None,
            seed: 3,
            data: DataSpec {
                root: data.path().to_str().unwrap().into(),
                load_size: (SIDE as u32).into(),
                crop_size: (SIDE as u32).into(),
                flip: false,
                workers: 1,
                ..DataSpec::default()
            },
            params: BTreeMap::new(),
            optim: OptimSpec {
                lr: 0.05,
                epochs: 2,
                decay_epochs: 2,
                ..OptimSpec::default()
            },
            log: LogSpec {
                every: 3,
                images_every: 7,
                probes: 2,
                checkpoint_every: 2,
                evaluate_every: 1,
                keep_every: 3,
            },
        };
        Self { data, spec }
    }

    fn with(mut self, change: impl FnOnce(&mut ExperimentSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    fn param(self, name: &str, value: i64) -> Self {
        self.with(|s| {
            s.params.insert(name.into(), ParamValue::Int(value));
        })
    }

    fn train(&self, run_dir: &Path) -> (Vec<RunEvent>, TrainOutcome) {
        let (events, outcome) = self.attempt(&TrainOptions::new(run_dir, DeviceChoice::Cpu));
        (events, outcome.unwrap())
    }

    fn attempt(&self, options: &TrainOptions) -> (Vec<RunEvent>, Result<TrainOutcome, RunnerError>) {
        let mut events = Vec::new();
        let outcome = train(&Fake, &self.spec, options, &mut |e| events.push(e));
        (events, outcome)
    }

    /// Trains until the step after `stop` steps would begin, as Ctrl-C would.
    fn train_until(&self, run_dir: &Path, stop: u64) -> (Vec<RunEvent>, TrainOutcome) {
        let options = TrainOptions::new(run_dir, DeviceChoice::Cpu);
        let bench = self.clone_with_every_step_logged();
        let mut events = Vec::new();
        let outcome = train(&Fake, &bench, &options, &mut |e| {
            if matches!(e, RunEvent::Metrics { step, .. } if step >= stop) {
                options.control.request_stop();
            }
            events.push(e);
        });
        (events, outcome.unwrap())
    }

    fn clone_with_every_step_logged(&self) -> ExperimentSpec {
        let mut spec = self.spec.clone();
        spec.log.every = 1;
        spec
    }
}

/// The tensors of a checkpoint file, to the bit.
fn tensors(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    bytes[8 + usize::try_from(header).unwrap()..].to_vec()
}

fn last(run: &Path) -> PathBuf {
    run.join("checkpoints/last.safetensors")
}

/// Everything that must be the same in each run, however often it was stopped: values by step and key, without times.
fn numbers(events: &[RunEvent]) -> BTreeMap<(u64, String), u64> {
    let mut numbers = BTreeMap::new();
    for event in events {
        match event {
            RunEvent::Started { step: start, .. } => numbers.retain(|(step, _), _| step <= start),
            RunEvent::Metrics { step, values, .. } => {
                for (key, value) in values {
                    if !key.as_str().starts_with("perf/") {
                        numbers.insert((*step, key.to_string()), value.to_bits());
                    }
                }
            }
            _ => {}
        }
    }
    numbers
}

fn kinds(events: &[RunEvent]) -> Vec<(u64, CheckpointKind)> {
    events
        .iter()
        .filter_map(|e| match e {
            RunEvent::Checkpoint { step, kind, .. } => Some((*step, *kind)),
            _ => None,
        })
        .collect()
}
