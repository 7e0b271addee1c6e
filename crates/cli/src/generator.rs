//! A trained generator, ready to be applied: from a run, a checkpoint or a weights file.

use std::path::Path;

use diptych_domain::ExperimentSpec;
use diptych_models::{BuildContext, InferMode, Model, Registry};
use diptych_runner::Checkpoint;

use crate::checkpoints;
use crate::compute::Compute;
use crate::experiment;
use crate::failure::{Failure, ResultExt};
use crate::session::Session;
use crate::weights_file;

/// A generator with the experiment that it comes from.
pub struct Generator {
    /// Its networks; only the generator's weights are meaningful.
    pub model: Box<dyn Model>,
    /// The experiment.
    pub spec: ExperimentSpec,
    /// Steps trained.
    pub step: u64,
    /// Where it comes from, in words.
    pub origin: String,
}

/// `--eval` as a mode.
pub fn mode(eval: bool) -> InferMode {
    if eval { InferMode::Eval } else { InferMode::Paper }
}

/// The generator of a run.
pub fn of_run(
    session: &Session,
    registry: &Registry,
    compute: &Compute,
    run: &str,
    which: &str,
) -> Result<Generator, Failure> {
    let run = session.find(run)?;
    let checkpoint = checkpoints::find(&run.name, &session.home.run_dir(&run.id), which)?;
    of_checkpoint(registry, compute, &run.spec, &checkpoint, run.name)
}

/// The generator in a checkpoint of the experiment `spec`.
pub fn of_checkpoint(
    registry: &Registry,
    compute: &Compute,
    spec: &ExperimentSpec,
    checkpoint: &Checkpoint,
    origin: String,
) -> Result<Generator, Failure> {
    let plugin = registry.get(&spec.model).usage()?;
    checkpoint.expect_model(plugin.name()).usage()?;
    let mut model = plugin.build(&BuildContext {
        spec: spec.clone(),
        device: compute.device,
    })?;
    checkpoint
        .restore_network(model.as_mut(), plugin.generator())
        .usage()?;
    Ok(Generator {
        model,
        spec: spec.clone(),
        step: checkpoint.meta().step,
        origin,
    })
}

/// The generator in a weights file; its experiment is the one in the file, or `experiment`.
pub fn of_weights(
    registry: &Registry,
    compute: &Compute,
    path: &Path,
    experiment: Option<&Path>,
) -> Result<Generator, Failure> {
    let (tensors, provenance) = weights_file::read(path).usage()?;
    let (step, stored) = provenance.map_or((0, None), |p| (p.step, Some(p.spec)));
    let spec = match (experiment, stored) {
        (Some(file), _) => experiment::load(registry, file, &["data.root=.".into()])?.0,
        (None, Some(spec)) => spec,
        (None, None) => {
            return Err(Failure::usage(format!(
                "{} does not say which networks it holds: give the experiment it was trained by with --experiment FILE",
                path.display()
            )));
        }
    };
    let plugin = registry.get(&spec.model).usage()?;
    plugin.validate(&spec).usage()?;
    let mut model = plugin.build(&BuildContext {
        spec: spec.clone(),
        device: compute.device,
    })?;
    model
        .set_weights(plugin.generator(), &tensors)
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    Ok(Generator {
        model,
        spec,
        step,
        origin: path.display().to_string(),
    })
}
