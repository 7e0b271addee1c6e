//! How long a sweep's trainings will take, from a few timed steps of each kind.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use diptych_domain::spec::OptimSpec;
use diptych_models::{BuildContext, Registry};
use diptych_runner::sweep::{architecture, makespan};

use super::plan::Plan;
use super::survey::Standing;
use crate::compute::Compute;
use crate::failure::{Failure, ResultExt};
use crate::output;

/// Timed steps of each architecture, after two for warming up.
const STEPS: u64 = 3;
/// After this much time the architectures that are left are taken to be like the mean of the others.
const PATIENCE: Duration = Duration::from_secs(60);

/// An estimate. Evaluations, probes and checkpoints are not in it.
#[derive(Debug)]
pub struct Estimate {
    /// Seconds for what is left of each cell; NaN where nothing could be timed.
    pub cells: Vec<f64>,
    /// Seconds for all of them; NaN where one's are.
    pub total: f64,
    /// The most memory that this process has held while it timed them, in bytes: what one training takes, or more.
    pub peak: Option<u64>,
    /// Architectures that were timed.
    pub timed: usize,
    /// Architectures that there are.
    pub architectures: usize,
}

/// Times a few steps of every architecture that has steps left, with the threads that each training will have.
pub fn estimate(
    registry: &Registry,
    plan: &Plan,
    standings: &[Standing],
    compute: &Compute,
    jobs: usize,
) -> Result<Estimate, Failure> {
    let begun = Instant::now();
    let mut seconds: HashMap<String, Option<f64>> = HashMap::new();
    let mut peak = None;
    let left: Vec<u64> = plan
        .cells
        .iter()
        .zip(standings)
        .map(|(cell, standing)| standing.steps_left(cell.steps))
        .collect();
    for (cell, _) in plan.cells.iter().zip(&left).filter(|(_, left)| **left > 0) {
        let key = architecture(&cell.spec);
        if seconds.contains_key(&key) {
            continue;
        }
        if begun.elapsed() > PATIENCE {
            seconds.insert(key, None);
            continue;
        }
        let plugin = registry.get(&cell.spec.model).usage()?;
        let mut spec = cell.spec.clone();
        // A rate under which the random images diverge takes as long as any other.
        spec.optim = OptimSpec::default();
        let context = BuildContext {
            spec,
            device: compute.device,
        };
        match diptych_runner::bench(plugin, &context, STEPS) {
            Ok(report) => {
                peak = peak.max(report.peak_bytes);
                seconds.insert(key, Some(report.seconds_per_step))
            }
            // An ablation may diverge on noise and yet train.
            Err(e) => {
                output::note(format!("warning: {}: not timed: {e}", cell.label()));
                seconds.insert(key, None)
            }
        };
    }
    let known: Vec<f64> = seconds.values().copied().flatten().collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64; // NaN where there is none
    let cells: Vec<f64> = plan
        .cells
        .iter()
        .zip(&left)
        .map(|(cell, left)| match left {
            0 => 0.0,
            left => {
                let step = seconds.get(&architecture(&cell.spec)).copied().flatten();
                *left as f64 * step.unwrap_or(mean)
            }
        })
        .collect();
    Ok(Estimate {
        total: makespan(&cells, jobs),
        cells,
        peak,
        timed: known.len(),
        architectures: seconds.len(),
    })
}
