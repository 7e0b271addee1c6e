use diptych_data::{Dataset, Split, batches_per_epoch};
use diptych_domain::ExperimentSpec;
use diptych_domain::RunSummary;
use diptych_models::{BuildContext, Model, Plugin};
use diptych_runner::plateau::Plateau;
use diptych_runner::{Checkpoint, CheckpointError, CheckpointMeta};

use crate::Context;
use crate::compute::{Compute, ComputeArgs};
use crate::failure::{Failure, ResultExt, chain};
use crate::launch::{self, Label};
use crate::session::Session;
use crate::{checkpoints, experiment};

/// Start a new run from a checkpoint of another, with other settings if wanted
#[derive(clap::Args)]
#[command(
    after_help = "The fork goes on from the checkpoint as its parent would have: with unchanged settings bit for bit. \
        Settings that change the architecture (the shapes in the checkpoint) are refused. The parent's points up \
        to the step are copied, so that the fork's history is whole, and stays so where the parent is deleted; \
        `diptych show` names the parent. Without --name it is called after its parent, with a number.

The arithmetic (`--exact`) and, unless given, the number of threads are the parent's. A checkpoint of every k-th \
        epoch is kept for good with `log.keep_every = k`.

Examples:
  diptych fork brisk-otter --at latest --set optim.epochs=200
  diptych fork brisk-otter --at 8000 --set optim.lr=1e-4 --name gentler --tag lr"
)]
pub struct Args {
    /// The run to fork: its name, its id, or the start of either
    run: String,
    /// The step of one of its checkpoints, or latest, or best
    #[arg(long, value_name = "STEP")]
    at: String,
    /// Change a key of the experiment, such as optim.lr=1e-4; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    label: Label,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let parent = session.find(&args.run)?;
    let checkpoint = checkpoints::exactly(&parent.name, &session.home.run_dir(&parent.id), &args.at)?;
    // Before the new model finds fault with all the old one's parameters.
    let keys = args.set.iter().filter_map(|s| s.split_once('='));
    if keys
        .into_iter()
        .any(|(key, value)| key.trim() == "model" && value.trim().trim_matches('"') != parent.model)
    {
        return Err(Failure::usage(format!(
            "--set: `model`: a fork goes on with its parent's networks, which are those of {}; `diptych train` starts anew",
            parent.model
        )));
    }
    let (spec, plugin) = experiment::change(&context.registry, parent.spec.clone(), &args.set)?;
    let compute = launch::compute_of(&session, &parent, args.compute)?;
    let model = restored(plugin, &parent, &spec, &compute, &checkpoint)?;
    let meta = continued(checkpoint.meta(), &parent.spec, &spec)?;
    let label = named(args.label, &parent, &spec);
    let run = launch::create_fork(&session, &spec, &compute, label, (&parent, meta.step))?;
    launch::begin_with(&session, &run, model.as_ref(), &meta)?;
    drop(model);
    let outcome = launch::train(&session, plugin, &run, &compute)?;
    launch::conclude(&session, &run, &outcome)
}

/// A fork is called after its parent unless another name is given to it or to its experiment.
fn named(mut label: Label, parent: &RunSummary, spec: &ExperimentSpec) -> Label {
    if label.name.is_none() && spec.name == parent.spec.name {
        label.name = Some(parent.name.clone());
    }
    label
}

/// The changed experiment's model with the checkpoint's state; where that does not fit, the setting that is to blame.
fn restored(
    plugin: &dyn Plugin,
    parent: &RunSummary,
    spec: &ExperimentSpec,
    compute: &Compute,
    checkpoint: &Checkpoint,
) -> Result<Box<dyn Model>, Failure> {
    let build = |spec: &ExperimentSpec| {
        plugin.build(&BuildContext {
            spec: spec.clone(),
            device: compute.device,
        })
    };
    let mut model = build(spec)?;
    let misfit = match checkpoint.restore(model.as_mut()) {
        Ok(()) => return Ok(model),
        Err(e @ CheckpointError::Architecture { .. }) => e,
        Err(e) => return Err(Failure::usage(chain(&e))),
    };
    drop(model);
    let changed = experiment::changed(&parent.spec, spec);
    let alone = |key: &&String| {
        let mut one = parent.spec.clone();
        experiment::copy_key(spec, &mut one, key);
        let fits = plugin.validate(&one).is_ok() && build(&one).is_ok_and(|m| checkpoint.fits(m.as_ref()));
        !fits
    };
    let blamed: Vec<&String> = changed.iter().filter(alone).collect();
    let keys = if blamed.is_empty() {
        changed.iter().collect()
    } else {
        blamed
    };
    let keys: Vec<String> = keys
        .into_iter()
        .map(|key| match diptych_domain::spec::keys::value(spec, key) {
            Some(value) => format!("`{key} = {value}`"),
            None => format!("`{key}`"),
        })
        .collect();
    Err(Failure::usage(match keys.is_empty() {
        true => chain(&misfit),
        false => format!(
            "--set: {}: a fork keeps its parent's architecture, which this changes; `diptych train` starts anew ({})",
            keys.join(", "),
            chain(&misfit)
        ),
    }))
}

/// What the fork's first checkpoint says. Where nothing but the schedule or the like differs, everything goes on as it was.
fn continued(
    meta: &CheckpointMeta,
    before: &ExperimentSpec,
    spec: &ExperimentSpec,
) -> Result<CheckpointMeta, Failure> {
    let images = Dataset::open(&spec.data, Split::Train).usage()?.len();
    let steps_per_epoch = batches_per_epoch(images, spec.data.batch_size as usize);
    let epoch = meta.step / steps_per_epoch.max(1);
    let total = spec.optim.total_epochs() * steps_per_epoch;
    if meta.step >= total {
        return Err(Failure::usage(format!(
            "there is nothing left to train: step {} of {total}; give the fork more epochs, such as --set optim.epochs={}",
            meta.step,
            epoch.saturating_sub(spec.optim.decay_epochs.into()) + 100
        )));
    }
    // A best score, and what the plateau policy makes of it, holds for the images that it was measured on.
    let measured_alike = {
        let (mut a, mut b) = (before.data.clone(), spec.data.clone());
        for data in [&mut a, &mut b] {
            (data.batch_size, data.workers, data.flip, data.max_images) = (1, 0, false, 0);
        }
        a == b
    };
    let same_epochs = steps_per_epoch == meta.steps_per_epoch;
    Ok(CheckpointMeta {
        spec: spec.canonical_json()?,
        seed: spec.seed,
        epoch,
        steps_per_epoch,
        closed_epochs: if same_epochs { meta.closed_epochs } else { epoch },
        best: meta.best.filter(|_| measured_alike),
        plateau: if measured_alike {
            meta.plateau
        } else {
            Plateau::default()
        },
        ..meta.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_called_after_its_parent() {
        let parent: RunSummary = serde_json::from_value(serde_json::json!({
            "id": "0193", "name": "long", "status": "finished", "message": null, "model": "pix2pix", "tags": [], "note": "",
            "created": 0.0, "updated": 0.0, "epoch": 0, "step": 0, "total_steps": 0, "device": "cpu", "code_version": "",
            "data_fingerprint": null, "archived": false, "parent": null,
            "spec": {"model": "pix2pix", "name": "mini", "data": {"root": "/d"}}, "metrics": {},
        }))
        .unwrap();
        let name = |label: Label, spec: &ExperimentSpec| named(label, &parent, spec).name;
        assert_eq!(name(Label::default(), &parent.spec).as_deref(), Some("long"));
        let given = Label {
            name: Some("gentler".into()),
            ..Label::default()
        };
        assert_eq!(name(given, &parent.spec).as_deref(), Some("gentler"));
        // `--set name=other`: the store takes the experiment's name.
        let mut renamed = parent.spec.clone();
        renamed.name = Some("other".into());
        assert_eq!(name(Label::default(), &renamed), None);
    }
}
