//! A trained generator, ready to be applied: from a run, a checkpoint or a weights file.

use std::path::Path;

use diptych_domain::spec::Direction;
use diptych_domain::{ExperimentSpec, NamedTensor};
use diptych_models::{BuildContext, InferMode, Model, ModelError, Plugin, Registry};
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

/// Which way to translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the experiment's input domain to its target's.
    Forth,
    /// The other way round.
    Back,
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
    way: Way,
) -> Result<Generator, Failure> {
    let run = session.find(run)?;
    let checkpoint = checkpoints::find(&run.name, &session.home.run_dir(&run.id), which)?;
    of_checkpoint(registry, compute, &run.spec, &checkpoint, run.name, way)
}

/// The generator in a checkpoint of the experiment `spec`.
pub fn of_checkpoint(
    registry: &Registry,
    compute: &Compute,
    spec: &ExperimentSpec,
    checkpoint: &Checkpoint,
    origin: String,
    way: Way,
) -> Result<Generator, Failure> {
    let plugin = registry.get(&spec.model).usage()?;
    checkpoint.expect_model(plugin.name()).usage()?;
    let network = network(plugin, way)?;
    let tensors = checkpoint.network(network).usage()?;
    let (model, spec) = build(plugin, spec.clone(), compute, way, &tensors)
        .map_err(|e| Failure::usage(format!("{}: {e}", checkpoint.path().display())))?;
    Ok(Generator {
        model,
        spec,
        step: checkpoint.meta().step,
        origin,
    })
}

/// The generator in a weights file; its experiment is the one in the file, or `experiment`. A file that says that it holds
/// the generator of the other way is applied that way.
pub fn of_weights(
    registry: &Registry,
    compute: &Compute,
    path: &Path,
    experiment: Option<&Path>,
    way: Way,
) -> Result<Generator, Failure> {
    let (tensors, provenance) = weights_file::read(path).usage()?;
    let held = provenance.as_ref().map(|p| p.network.clone());
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
    let way = match held.as_deref() {
        Some(name) if plugin.reverse_generator() == Some(name) => Way::Back,
        Some(name) if way == Way::Back => {
            let wanted = network(plugin, way)?;
            let file = path.display();
            return Err(Failure::usage(format!(
                "{file} holds {name}; to translate back takes {wanted}"
            )));
        }
        _ => way,
    };
    network(plugin, way)?;
    let (model, spec) = build(plugin, spec, compute, way, &tensors)
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    Ok(Generator {
        model,
        spec,
        step,
        origin: path.display().to_string(),
    })
}

/// The network that translates this way.
fn network(plugin: &dyn Plugin, way: Way) -> Result<&'static str, Failure> {
    match way {
        Way::Forth => Ok(plugin.generator()),
        Way::Back => plugin
            .reverse_generator()
            .ok_or_else(|| Failure::usage(format!("{} translates one way only", plugin.name()))),
    }
}

/// A model with these weights for its generator. What translates back is what translates forth in the same experiment of the
/// opposite direction, channels included.
fn build(
    plugin: &dyn Plugin,
    mut spec: ExperimentSpec,
    compute: &Compute,
    way: Way,
    tensors: &[NamedTensor],
) -> Result<(Box<dyn Model>, ExperimentSpec), ModelError> {
    if way == Way::Back {
        spec.data.direction = match spec.data.direction {
            Direction::AToB => Direction::BToA,
            Direction::BToA => Direction::AToB,
        };
    }
    let mut model = plugin.build(&BuildContext {
        spec: spec.clone(),
        device: compute.device,
    })?;
    model.set_weights(plugin.generator(), tensors)?;
    Ok((model, spec))
}
