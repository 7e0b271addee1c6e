use std::path::{Path, PathBuf};

use diptych_data::{Dataset, Split, batches_per_epoch};
use diptych_domain::{DeviceChoice, ExperimentSpec, suggest};
use diptych_models::BuildContext;
use diptych_runner::CheckpointMeta;
use diptych_runner::plateau::Plateau;

use crate::Context;
use crate::compute::Compute;
use crate::failure::{Failure, ResultExt, chain};
use crate::launch::{self, Label};
use crate::session::Session;
use crate::weights_file::{self, Provenance};
use crate::{checkpoints, experiment, output};

/// Exchange network weights with other tools
#[derive(clap::Subcommand)]
pub enum Command {
    Export(ExportArgs),
    Import(ImportArgs),
}

/// Write a run's networks as safetensors under their public tensor names
#[derive(clap::Args)]
#[command(
    after_help = "Writes latest_net_G.safetensors, latest_net_D.safetensors and so on: one file a network. The experiment \
                        goes into each file's metadata.

Examples:
  diptych weights export brisk-otter -o weights
  diptych weights export brisk-otter -o weights --which best
  diptych weights export .diptych/runs/0193/checkpoints/best.safetensors -o weights"
)]
pub struct ExportArgs {
    /// The run (name, id, or the start of either), or a checkpoint file
    source: String,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The checkpoint: last, best, or a step
    #[arg(long, default_value = "last")]
    which: String,
}

/// Make a run that starts from weights
#[derive(clap::Args)]
#[command(
    after_help = "The run holds the weights as its first checkpoint: `translate` and `evaluate` use them as they are, and \
                        `resume` trains on from them. Networks that no file gives start as in a new run.

Examples:
  diptych weights import latest_net_G.safetensors --experiment experiments/facades.toml --set data.root=D
  diptych weights import G=gen.safetensors D=disc.safetensors --experiment facades.toml --name tuned"
)]
pub struct ImportArgs {
    /// NETWORK=FILE, or files named like latest_net_G.safetensors
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The experiment whose networks these are [default: the one in the first file's metadata]
    #[arg(long, value_name = "FILE")]
    experiment: Option<PathBuf>,
    /// Change a key of the experiment; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The run's name
    #[arg(long)]
    name: Option<String>,
    /// A tag to find the run by; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}

pub fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Export(args) => export(context, &args),
        Command::Import(args) => import(context, args),
    }
}

fn export(context: &Context, args: &ExportArgs) -> Result<(), Failure> {
    let file = Path::new(&args.source);
    let checkpoint = if file.is_file() {
        checkpoints::open(file)?
    } else {
        let session = Session::open(context)?;
        let run = session.find(&args.source)?;
        checkpoints::find(&run.name, &session.home.run_dir(&run.id), &args.which)?
    };
    let meta = checkpoint.meta();
    let spec: ExperimentSpec = serde_json::from_str(&meta.spec).context("the checkpoint's experiment")?;
    std::fs::create_dir_all(&args.output).context(args.output.display())?;
    for network in &meta.networks {
        let path = args.output.join(format!("latest_net_{network}.safetensors"));
        let provenance = Provenance {
            network: network.clone(),
            step: meta.step,
            spec: spec.clone(),
        };
        weights_file::write(&path, &checkpoint.network(network)?, &provenance)?;
        output::line(path.display().to_string())?;
    }
    Ok(())
}

fn import(context: &Context, args: ImportArgs) -> Result<(), Failure> {
    let mut networks = Vec::new();
    for text in &args.files {
        let (network, path) = named(text)?;
        let (tensors, provenance) = weights_file::read(&path).usage()?;
        networks.push((network, path, tensors, provenance));
    }
    let stored = networks
        .iter()
        .find_map(|(.., p)| p.as_ref().map(|p| p.spec.clone()));
    let (spec, plugin) = match (&args.experiment, stored) {
        (Some(file), _) => experiment::load(&context.registry, file, &args.set)?,
        (None, Some(spec)) => experiment::change(&context.registry, spec, &args.set)?,
        (None, None) => {
            return Err(Failure::usage(
                "the files do not say which experiment they come from: give it with --experiment FILE",
            ));
        }
    };
    let known = plugin.networks(&spec.params);
    let compute = Compute {
        device: DeviceChoice::Cpu,
        threads: rayon::current_num_threads(),
        exact: false,
        gpu: Default::default(),
    };
    let mut model = plugin.build(&BuildContext {
        spec: spec.clone(),
        device: compute.device,
    })?;
    for (network, path, tensors, _) in &networks {
        if !known.contains(&network.as_str()) {
            let hint = suggest::hint(network, known.iter().copied());
            return Err(Failure::usage(format!(
                "{}: {} has no network `{network}`{hint}; it has {}",
                path.display(),
                plugin.name(),
                known.join(", ")
            )));
        }
        let wrong = |e| Failure::usage(format!("{}: {}", path.display(), chain(&e)));
        model.set_weights(network, tensors).map_err(wrong)?;
    }

    let images = Dataset::open(&spec.data, Split::Train).usage()?.len();
    let session = Session::open(context)?;
    let label = Label {
        name: args.name,
        tags: args.tag,
        note: format!("from {}", args.files.join(", ")),
    };
    let run = launch::create(&session, &spec, &compute, label)?;
    let meta = CheckpointMeta {
        model: spec.model.clone(),
        spec: spec.canonical_json()?,
        seed: spec.seed,
        step: 0,
        epoch: 0,
        steps_per_epoch: batches_per_epoch(images, spec.data.batch_size as usize),
        closed_epochs: 0,
        best: None,
        plateau: Plateau::default(),
        rollbacks: 0,
        alarms: String::new(),
        networks: known.iter().map(|&n| n.to_owned()).collect(),
    };
    launch::begin_with(&session, &run, model.as_ref(), &meta)?;
    output::note(format!(
        "made run {}; `diptych translate {0} INPUT -o DIR` uses these weights, `diptych resume {0}` trains on",
        run.name
    ));
    Ok(())
}

/// `NETWORK=FILE`, or a file named like `latest_net_G.safetensors`.
fn named(text: &str) -> Result<(String, PathBuf), Failure> {
    if let Some((network, file)) = text.split_once('=')
        && !network.is_empty()
        && !network.contains(['/', '.'])
    {
        return Ok((network.to_owned(), file.into()));
    }
    let path = PathBuf::from(text);
    match weights_file::network_of(&path) {
        Some(network) => Ok((network.to_owned(), path)),
        None => Err(Failure::usage(format!(
            "{text}: which network is it? Write NETWORK={text}, such as G={text}, or name it like latest_net_G.safetensors"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_by_prefix_or_file_name() {
        let name = |text: &str| {
            named(text)
                .map(|(n, p)| (n, p.display().to_string()))
                .map_err(|e| e.to_string())
        };
        assert_eq!(
            name("G=a/b.safetensors"),
            Ok(("G".into(), "a/b.safetensors".into()))
        );
        assert_eq!(
            name("a=1/latest_net_G_A.safetensors"),
            Ok(("a".into(), "1/latest_net_G_A.safetensors".into()))
        );
        assert_eq!(
            name("x/5_net_D.safetensors"),
            Ok(("D".into(), "x/5_net_D.safetensors".into()))
        );
        assert!(
            name("x/weights.safetensors")
                .unwrap_err()
                .contains("which network is it?")
        );
    }
}
