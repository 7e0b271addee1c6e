//! A sweep file, checked to the last cell before anything starts.

use std::collections::BTreeMap;
use std::path::Path;

use diptych_data::batches_per_epoch;
use diptych_domain::ExperimentSpec;
use diptych_domain::cell::{FactorValue, label, run_name};
use diptych_domain::spec::Sweep;
use diptych_domain::spec::sweep::PlannedCell;
use diptych_models::Registry;

use crate::experiment;
use crate::failure::Failure;
use crate::launch::{self, Splits};

/// A sweep whose cells are all sound.
#[derive(Debug)]
pub struct Plan {
    /// Its name, under which its cells are recorded.
    pub name: String,
    /// What varies, in order.
    pub factors: Vec<String>,
    /// Every combination.
    pub cells: Vec<Cell>,
}

/// One combination of the factors' values.
#[derive(Debug)]
pub struct Cell {
    /// Each factor and its value here.
    pub factors: Vec<FactorValue>,
    /// The experiment.
    pub spec: ExperimentSpec,
    /// Steps of the whole run.
    pub steps: u64,
    /// Which of the data sets.
    pub data: usize,
}

impl Cell {
    /// The cell in words.
    pub fn label(&self) -> String {
        label(&self.factors)
    }

    /// What a new run of it is called.
    pub fn run_name(&self, sweep: &str) -> String {
        run_name(sweep, &self.factors)
    }
}

/// Reads and checks a sweep file with assignments on top of it. `name` is what the sweep is to be called instead of what the
/// file says. The training splits come beside the plan, for their fingerprints.
pub fn load(
    registry: &Registry,
    path: &Path,
    sets: &[String],
    name: Option<&str>,
) -> Result<(Plan, Vec<Splits>), Failure> {
    if name.is_some_and(|name| name.trim().is_empty()) {
        return Err(Failure::usage(
            "--name: it is empty; expected what the sweep is to be called",
        ));
    }
    let text = experiment::read(path)?;
    let (sweep, planned) = check(registry, &path.display().to_string(), &text, sets)?;
    let (data, cells) = with_data(planned)?;
    let draft = sweep.draft();
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let own = name.or(draft.name()).map(str::to_owned).or(stem);
    let plan = Plan {
        name: own.unwrap_or_else(|| "sweep".into()),
        factors: sweep.factors().iter().map(|f| f.name.clone()).collect(),
        cells,
    };
    Ok((plan, data))
}

/// The cells of a sweep's text, without a look at their data.
pub fn check(
    registry: &Registry,
    file: &str,
    text: &str,
    sets: &[String],
) -> Result<(Sweep, Vec<PlannedCell>), Failure> {
    let mut sweep = Sweep::parse(file, text, sets);
    // Where the model varies, each cell's own check names what its model lacks.
    if !sweep.factors().iter().any(|f| f.name == "model")
        && let Some(plugin) = sweep.draft().model().and_then(|m| registry.get(m).ok())
    {
        sweep.check_params(plugin.name(), &plugin.params());
    }
    let planned = sweep
        .plan(|draft| experiment::resolve(registry, draft).map(|(spec, _)| spec))
        .map_err(|e| Failure::usage(e.to_string()))?;
    Ok((sweep, planned))
}

/// Opens every data set that the cells train on, once each.
fn with_data(planned: Vec<PlannedCell>) -> Result<(Vec<Splits>, Vec<Cell>), Failure> {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut data = Vec::new();
    let mut cells = Vec::new();
    for cell in planned {
        let d = &cell.spec.data;
        let key = serde_json::to_string(&(&d.root, d.layout, d.max_images, d.channels_a, d.channels_b))?;
        let at = match known.get(&key) {
            Some(at) => *at,
            None => {
                data.push(launch::open_data(&cell.spec)?);
                known.insert(key, data.len() - 1);
                data.len() - 1
            }
        };
        let per_epoch = batches_per_epoch(data[at].train.len(), d.batch_size as usize);
        cells.push(Cell {
            steps: per_epoch * cell.spec.optim.total_epochs(),
            factors: cell.factors,
            spec: cell.spec,
            data: at,
        });
    }
    Ok((data, cells))
}
