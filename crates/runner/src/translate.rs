//! Applying a generator to files: one image or a folder of them, of any size.

mod files;
mod pad;
mod tiles;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use diptych_data::Picture;
use diptych_domain::Images;
use diptych_models::{InferMode, Model};
use serde::Serialize;

use crate::control::Control;
use crate::error::RunnerError;
use files::Job;
use pad::Fitter;
pub use tiles::Tiling;

/// Images of more pixels than this are tiled where nothing else is asked for.
const LARGE: usize = 1 << 22;
/// The tiles of those.
const AUTO: usize = 1024;

/// Whether and how large images are cut into tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tiles {
    /// Those of more than 2^22 pixels, into tiles of 1024.
    #[default]
    Auto,
    /// None.
    Never,
    /// All that are larger than a tile. Without an overlap: the receptive field and 32 pixels to blend, up to a quarter of the tile.
    Of {
        /// The side of a tile in pixels.
        size: usize,
        /// Pixels that neighbours have in common.
        overlap: Option<usize>,
    },
}

/// What to translate.
#[derive(Clone, Debug)]
pub struct TranslateOptions {
    /// An image, or a folder that is searched with its subfolders.
    pub input: PathBuf,
    /// The folder that takes the outputs; made where it does not exist.
    pub output: PathBuf,
    /// Channels that the model takes (1 to 4).
    pub channels: usize,
    /// How the generator is applied.
    pub mode: InferMode,
    /// Tiles for large images.
    pub tiles: Tiles,
    /// The longer side of the images that the model was trained on.
    pub trained: usize,
    /// Stops between two images.
    pub control: Control,
}

/// An image that was translated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Translated {
    /// What was read.
    pub input: PathBuf,
    /// What was written.
    pub output: PathBuf,
    /// Width in pixels: that of the input.
    pub width: u32,
    /// Height in pixels: that of the input.
    pub height: u32,
    /// How many tiles it was cut into (1: none).
    pub tiles: usize,
    /// How far tiles differ where they overlap, 0 to 1, at the worst place; 0 for a single tile. Norms see one tile at a time, so that
    /// tones may change from tile to tile.
    pub seam: f64,
}

/// An image that could not be translated.
#[derive(Debug)]
pub struct Untranslated {
    /// The image.
    pub input: PathBuf,
    /// Why not.
    pub error: RunnerError,
}

/// What became of each image, in the order of their paths.
#[derive(Debug, Default)]
pub struct TranslateReport {
    /// Written.
    pub done: Vec<Translated>,
    /// Failed; the others were translated all the same.
    pub failed: Vec<Untranslated>,
    /// Not tried, because of a stop.
    pub left: usize,
    /// The side of the square of pixels that an output pixel depends on, where a tile was smaller than that.
    pub cut_short: Option<usize>,
}

/// Translates every image of `options.input` into a PNG of the same size and depth. Names and subfolders are kept
/// (`a/b.jpg` becomes `a/b.png`; where that would write one file twice, the second becomes `a/b.jpg.png`). Sizes that the
/// network cannot take are padded by reflection and cropped back; large images are cut into tiles. 16 bits stay 16 bits, and an alpha
/// channel that the model does not take is carried over. `tell` hears how many of how many are through.
///
/// # Errors
/// Where the input does not exist or has no images, the output folder cannot be made, or tiles are asked for that are too small
/// for the network. Errors with single images are in the
/// report; among them outputs that would overwrite an input.
pub fn translate(
    model: &mut dyn Model,
    options: &TranslateOptions,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<TranslateReport, RunnerError> {
    let plan = Plan::new(model, options)?;
    let jobs = files::jobs(&options.input, &options.output)?;
    make_folder(&options.output)?;
    let mut report = TranslateReport::default();
    let mut fitter = Fitter::new(options.channels, options.mode);
    let total = jobs.len();
    for (i, job) in jobs.into_iter().enumerate() {
        if options.control.stop_requested() {
            report.left = total - i;
            break;
        }
        match one(model, &job, options.channels, &plan, &mut fitter) {
            Ok(done) => {
                if done.tiles > 1 {
                    report.cut_short = report.cut_short.or(plan.cut_short);
                }
                report.done.push(done);
            }
            Err(error) => report.failed.push(Untranslated {
                input: job.input,
                error,
            }),
        }
        tell(i + 1, total);
    }
    Ok(report)
}

/// Which images are cut into tiles, and into which.
struct Plan {
    /// Images of more pixels than this are cut.
    limit: usize,
    tiling: Tiling,
    /// Half of the receptive field.
    blind: usize,
    /// The receptive field, where a tile is smaller.
    cut_short: Option<usize>,
}

impl Plan {
    fn new(model: &dyn Model, options: &TranslateOptions) -> Result<Self, RunnerError> {
        let field = model.receptive_field();
        let (limit, size, overlap) = match options.tiles {
            Tiles::Never => (usize::MAX, AUTO, None),
            Tiles::Auto => (LARGE, AUTO.max(options.trained), None),
            Tiles::Of { size, overlap } => (0, size, overlap),
        };
        let needed = field.unwrap_or(1).min(options.trained.max(1)).max(16);
        if size < needed {
            return Err(RunnerError::TileTooSmall {
                size,
                needed,
                field: field.unwrap_or(1),
            });
        }
        let overlap = overlap.unwrap_or_else(|| field.map_or(64, |f| f + 32).min(size / 4));
        if overlap > size / 2 {
            return Err(RunnerError::Overlap { overlap, size });
        }
        Ok(Self {
            limit,
            tiling: Tiling { size, overlap },
            blind: field.unwrap_or(0) / 2,
            cut_short: field.filter(|field| *field > size),
        })
    }

    fn cuts(&self, images: &Images) -> bool {
        images.h * images.w > self.limit && images.h.max(images.w) > self.tiling.size
    }
}

fn one(
    model: &mut dyn Model,
    job: &Job,
    channels: usize,
    plan: &Plan,
    fitter: &mut Fitter,
) -> Result<Translated, RunnerError> {
    if job.clash {
        return Err(RunnerError::Overwrite {
            path: job.output.clone(),
        });
    }
    let picture = Picture::read(&job.input, channels)?;
    let (output, tiles, seam) = if plan.cuts(&picture.images) {
        let tiled = tiles::infer(fitter, model, &picture.images, plan.tiling, plan.blind)?;
        (tiled.output, tiled.tiles, tiled.seam)
    } else {
        (fitter.infer(model, &picture.images)?, 1, 0.0)
    };
    if let Some(folder) = job.output.parent() {
        make_folder(folder)?;
    }
    let (width, height) = picture.save(&job.output, &output)?;
    Ok(Translated {
        input: job.input.clone(),
        output: job.output.clone(),
        width,
        height,
        tiles,
        seam,
    })
}

fn make_folder(path: &Path) -> Result<(), RunnerError> {
    fs::create_dir_all(path).map_err(|source| RunnerError::Write {
        path: path.to_owned(),
        source,
    })
}
