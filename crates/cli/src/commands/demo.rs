use std::path::Path;

use diptych_data::synth::{self, SynthKind, SynthOptions};
use diptych_data::{Dataset, Split, grid, write_atomic};
use diptych_domain::spec::Draft;
use diptych_domain::{ExperimentSpec, ImagePair, Images, RunStatus};
use diptych_models::{BuildContext, InferMode, Model, Plugin};
use diptych_runner::{Control, Scores, evaluate};

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::Failure;
use crate::launch::{self, Label};
use crate::render::table::{Align, Table};
use crate::render::{human, preview, terminal};
use crate::session::Session;
use crate::{checkpoints, experiment, output};

/// Make a small data set, train pix2pix on it for about a minute, and show what it learnt
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych demo
  diptych demo --home /tmp/try
  diptych demo --epochs 30")]
pub struct Args {
    /// Passes over the training pairs: more learn more and take longer
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    epochs: u32,
    #[command(flatten)]
    compute: ComputeArgs,
}

const SIDE: u32 = 64;
const TRAIN: usize = 200;
const VAL: usize = 12;
/// Held-out pairs on the contact sheet.
const SHOWN: usize = 5;

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let compute = args.compute.settle()?;
    let session = Session::open(context)?;
    let root = session.home.path().join("demo-data");
    let kind = SynthKind::Facades;
    let options = SynthOptions {
        count_train: TRAIN,
        count_val: VAL,
        size: SIDE,
        seed: 1,
    };
    synth::generate(kind, &options, &root)?;
    output::note(format!(
        "1/3  {TRAIN} training and {VAL} held-out pairs, drawn by procedure: flat colours that mark parts of a house front, \
         and a textured drawing of it\n     in {}",
        root.display()
    ));

    let (spec, plugin) = experiment::check(&context.registry, draft(&root, kind, args.epochs))?;
    let val = Dataset::open(&spec.data, Split::Val)?;
    let shown: Vec<ImagePair> = (0..SHOWN).map(|i| val.load_eval(i)).collect::<Result<_, _>>()?;
    let mut model = build(plugin, &spec, &compute)?;
    let before = look(model.as_mut(), &val, &shown)?;

    output::note("2/3  pix2pix learns to draw what the colours mean");
    let label = Label {
        name: Some("demo".into()),
        tags: vec!["demo".into()],
        note: "made by `diptych demo`".into(),
    };
    let run = launch::create(&session, &spec, &compute, label)?;
    let outcome = launch::train(&session, plugin, &run, &compute)?;
    if outcome.status != RunStatus::Finished {
        return launch::conclude(&session, &run, &outcome);
    }

    let run_dir = session.home.run_dir(&run.id);
    checkpoints::find(&run.name, &run_dir, "last")?.restore_network(model.as_mut(), plugin.generator())?;
    let after = look(model.as_mut(), &val, &shown)?;
    let sheet = run_dir.join("demo.png");
    let rows: Vec<Vec<&Images>> = (0..shown.len())
        .map(|i| vec![&shown[i].a, &before.outputs[i], &after.outputs[i], &shown[i].b])
        .collect();
    write_atomic(&sheet, &grid(&rows, 4)?)?;

    output::note(
        "3/3  on the held-out pairs, before and after (L1: less is better; PSNR, SSIM: more is better)",
    );
    let mut out = scores(&before.scores, &after.scores);
    if terminal::true_colour() {
        out.push_str("\ninput, before, after, target:\n");
        let columns = ((terminal::width().saturating_sub(3)) / 4).clamp(8, 32);
        for row in &rows[..2] {
            out.push_str(&preview::half_blocks(row, columns));
        }
    }
    let name = &run.name;
    out.push_str(&format!(
        "\ncontact sheet (input, before, after, target): {}\n\nNext:\n  \
         diptych show {name}                      settings, metrics, checkpoints\n  \
         diptych runs 'tag:demo'                everything is kept, and can be queried\n  \
         diptych translate {name} {}/val --side b -o out\n  \
         diptych train experiments/facades-small.toml --set data.root=DIR     on your own pairs",
        sheet.display(),
        root.display()
    ));
    output::line(out)
}

fn draft(root: &Path, kind: SynthKind, epochs: u32) -> Draft {
    let text = format!(
        "model = \"pix2pix\"\nname = \"demo\"\n\
         [data]\nroot = {:?}\nlayout = \"aligned\"\ndirection = \"{}\"\nload_size = {}\ncrop_size = {SIDE}\n\
         [params]\ngenerator = \"unet_{SIDE}\"\nngf = 16\nndf = 16\n\
         [optim]\nlr = 5e-4\nepochs = {}\ndecay_epochs = {}\n\
         [log]\nevery = 5\nimages_every = 200\nprobes = {SHOWN}\n",
        root.display().to_string(),
        kind.direction(),
        SIDE + 8,
        epochs - epochs / 2,
        epochs / 2,
    );
    Draft::parse("the demo's experiment", &text, &[] as &[&str])
}

fn build(
    plugin: &dyn Plugin,
    spec: &ExperimentSpec,
    compute: &crate::compute::Compute,
) -> Result<Box<dyn Model>, Failure> {
    Ok(plugin.build(&BuildContext {
        spec: spec.clone(),
        device: compute.device,
    })?)
}

/// How a generator does on held-out pairs.
struct Look {
    scores: Scores,
    outputs: Vec<Images>,
}

fn look(model: &mut dyn Model, val: &Dataset, shown: &[ImagePair]) -> Result<Look, Failure> {
    let report = evaluate(model, val, InferMode::Paper, None, &Control::new())?;
    let outputs = shown
        .iter()
        .map(|pair| model.infer(&pair.a, InferMode::Paper))
        .collect::<Result<_, _>>()?;
    Ok(Look {
        scores: report.map(|r| r.mean).unwrap_or_default(),
        outputs,
    })
}

fn scores(before: &Scores, after: &Scores) -> String {
    let mut table = Table::new([
        ("", Align::Left),
        ("BEFORE", Align::Right),
        ("AFTER", Align::Right),
    ]);
    for (name, of) in [
        ("L1", (|s| s.l1) as fn(&Scores) -> f64),
        ("PSNR", |s| s.psnr),
        ("SSIM", |s| s.ssim),
    ] {
        table.row([
            name.to_owned(),
            human::number(of(before)),
            human::number(of(after)),
        ]);
    }
    table.render(terminal::width())
}

#[cfg(test)]
mod tests {
    use diptych_models::Registry;

    use super::*;

    #[test]
    fn the_demos_experiment_is_valid_for_any_number_of_epochs() {
        for epochs in [1, 2, 7] {
            let draft = draft(Path::new("some \"folder\""), SynthKind::Facades, epochs);
            let (spec, _) = experiment::check(&Registry::builtin(), draft).unwrap();
            assert_eq!(spec.optim.total_epochs(), u64::from(epochs));
        }
    }
}
