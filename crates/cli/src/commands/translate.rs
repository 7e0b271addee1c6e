use std::path::{Path, PathBuf};

use diptych_data::{Picture, list_images};
use diptych_domain::Images;
use diptych_runner::Control;
use diptych_runner::translate::{Tiles, TranslateOptions, translate};
use indicatif::ProgressBar;

use crate::Context;
use crate::compute::ComputeArgs;
use crate::failure::{Failure, ResultExt, chain};
use crate::generator::Way;
use crate::session::Session;
use crate::{generator, interrupt, launch, output};

/// Tiles that differ by more than this where they overlap, 0 to 1, are worth a warning.
const VISIBLE: f64 = 0.02;

/// Apply a run's generator to an image or a folder of images, of any size
#[derive(clap::Args)]
#[command(
    after_help = "Images keep their size: sides that the network cannot take are padded by reflection and cut again.
As in the paper, batch norm uses each image's own statistics and dropout stays on; --eval switches both off.
16 bits stay 16 bits, and an alpha channel that the model does not take is carried over.

Images of more than 4 megapixels are cut into tiles of 1024 pixels that overlap and are blended; --tile chooses other tiles,
--tile 0 none. Norms then see one tile at a time: where tiles differ visibly in their overlaps, a warning says so.

Examples:
  diptych translate brisk-otter sketch.png -o out
  diptych translate brisk-otter datasets/facades/val -o out --side b --which best
  diptych translate calm-heron photos -o paintings
  diptych translate calm-heron paintings -o photos-again --back
  diptych translate brisk-otter panorama.tif -o out --tile 512 --overlap 192
  diptych translate latest_net_G.safetensors photos -o out --experiment experiments/facades.toml"
)]
pub struct Args {
    /// The run (name, id, or the start of either), or a .safetensors file with a generator's weights
    source: String,
    /// An image, or a folder of images
    input: PathBuf,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Running statistics and no dropout
    #[arg(long)]
    eval: bool,
    /// Translate the other way, from the target's domain to the input's, with models that learn both (CycleGAN)
    #[arg(long)]
    back: bool,
    /// The checkpoint: last, best, or a step
    #[arg(long, default_value = "last")]
    which: String,
    /// The images are A|B pairs side by side: translate this half
    #[arg(long, value_parser = ["a", "b"], value_name = "a|b")]
    side: Option<String>,
    /// Cut images that are larger than this into tiles of so many pixels a side; 0 never
    #[arg(long, value_name = "SIZE")]
    tile: Option<usize>,
    /// Pixels that neighbouring tiles have in common [default: the receptive field and 32, up to a quarter of the tile]
    #[arg(long, value_name = "N", requires = "tile")]
    overlap: Option<usize>,
    /// The experiment that a weights file was trained by, where the file does not say
    #[arg(long, value_name = "FILE")]
    experiment: Option<PathBuf>,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    if !args.input.exists() {
        return Err(Failure::usage(format!(
            "{}: no such file or folder",
            args.input.display()
        )));
    }
    let compute = args.compute.settle()?;
    let file = Path::new(&args.source);
    let way = if args.back { Way::Back } else { Way::Forth };
    let mut generator = if file.extension().is_some_and(|e| e == "safetensors") {
        generator::of_weights(&context.registry, &compute, file, args.experiment.as_deref(), way)?
    } else {
        let session = Session::open(context)?;
        generator::of_run(
            &session,
            &context.registry,
            &compute,
            &args.source,
            &args.which,
            way,
        )?
    };
    let halves = args
        .side
        .as_deref()
        .map(|side| Halves::cut(&args.input, side))
        .transpose()?;
    let control = Control::new();
    let stop = control.clone();
    interrupt::install(move || stop.request_stop())?;
    let options = TranslateOptions {
        input: halves.as_ref().map_or(args.input, |h| h.input.clone()),
        output: args.output,
        channels: generator.spec.data.channels().0,
        mode: generator::mode(args.eval),
        tiles: match args.tile {
            None => Tiles::Auto,
            Some(0) => Tiles::Never,
            Some(size) => Tiles::Of {
                size,
                overlap: args.overlap,
            },
        },
        trained: generator.spec.data.crop_size.longer() as usize,
        control,
    };
    let bar = ProgressBar::new(0);
    let report = translate(generator.model.as_mut(), &options, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })
    .map_err(launch::failure)?;
    bar.finish_and_clear();
    for failed in &report.failed {
        output::note(format!("error: {}", chain(&failed.error)));
    }
    for done in &report.done {
        output::line(done.output.display().to_string())?;
    }
    if let Some(field) = report.cut_short {
        output::note(format!(
            "warning: the generator's outputs depend on {field} pixels around them, and tiles are smaller: they differ from those of \
             the whole image"
        ));
    }
    for done in report.done.iter().filter(|d| d.seam > VISIBLE) {
        output::note(format!(
            "warning: {}: its {} tiles differ by up to {:.1} % where they overlap, since norms see one tile at a time; larger tiles, \
             a larger --overlap, --tile 0 or, with batch norm, --eval help",
            done.output.display(),
            done.tiles,
            100.0 * done.seam
        ));
    }
    output::note(format!(
        "{} images by {} at step {}",
        report.done.len(),
        generator.origin,
        generator.step
    ));
    if report.left > 0 {
        return Err(Failure::interrupted(format!(
            "interrupted: {} images are left",
            report.left
        )));
    }
    match report.failed.len() {
        0 => Ok(()),
        n if report.done.is_empty() => Err(Failure::usage(format!("none of {n} images could be translated"))),
        n => Err(Failure::new(format!("{n} images could not be translated"))),
    }
}

/// One half of each side-by-side pair, in a temporary folder that goes when this is dropped.
struct Halves {
    input: PathBuf,
    folder: PathBuf,
}

impl Halves {
    fn cut(input: &Path, side: &str) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("diptych-{}-halves", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut halves = Self {
            input: folder.clone(),
            folder,
        };
        let (base, files) = if input.is_dir() {
            (input, list_images(input).usage()?)
        } else {
            halves
                .input
                .push(input.with_extension("png").file_name().unwrap_or_default());
            (input.parent().unwrap_or(Path::new("")), vec![input.to_owned()])
        };
        for file in files {
            // With alpha it is four channels, else three: what is set aside here would be lost.
            let mut pair = Picture::read(&file, 3).usage()?;
            if pair.alpha.is_some() {
                pair = Picture::read(&file, 4).usage()?;
            }
            if pair.images.w < 2 {
                return Err(Failure::usage(format!(
                    "{}: too narrow to be a pair",
                    file.display()
                )));
            }
            let relative = file.strip_prefix(base).unwrap_or(&file).with_extension("png");
            let path = halves.folder.join(relative);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            pair.save(&path, &half(&pair.images, side))?;
        }
        Ok(halves)
    }
}

impl Drop for Halves {
    fn drop(&mut self) {
        // What is left of it the system clears with its other temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The left (`a`) or right (`b`) half; an odd column belongs to the right, as in training.
fn half(pair: &Images, side: &str) -> Images {
    let middle = pair.w / 2;
    let columns = if side == "a" { 0..middle } else { middle..pair.w };
    let mut half = Images::zeros(1, pair.c, pair.h, columns.len());
    for (to, from) in half
        .data
        .chunks_exact_mut(columns.len())
        .zip(pair.data.chunks_exact(pair.w))
    {
        to.copy_from_slice(&from[columns.clone()]);
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_training() {
        let mut pair = Images::zeros(1, 1, 2, 3);
        pair.data = vec![1., 2., 3., 4., 5., 6.];
        assert_eq!(half(&pair, "a").data, [1., 4.]);
        assert_eq!(half(&pair, "b").data, [2., 3., 5., 6.]);
    }
}
