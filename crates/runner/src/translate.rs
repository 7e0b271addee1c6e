//! Applying a generator to files: one image or a folder of them, of any size.

mod files;
mod pad;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use diptych_data::{BitDepth, read_image_with_depth, save_image, save_image16};
use diptych_models::{InferMode, Model};
use serde::Serialize;

use crate::control::Control;
use crate::error::RunnerError;
use files::Job;
use pad::Fitter;

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
    /// Stops between two images.
    pub control: Control,
}

/// An image that was translated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Translated {
    /// What was read.
    pub input: PathBuf,
    /// What was written.
    pub output: PathBuf,
    /// Width in pixels: that of the input.
    pub width: u32,
    /// Height in pixels: that of the input.
    pub height: u32,
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
}

/// Translates every image of `options.input` into a PNG of the same size and depth. Names and subfolders are kept
/// (`a/b.jpg` becomes `a/b.png`; where that would write one file twice, the second becomes `a/b.jpg.png`). Sizes that the
/// network cannot take are padded by reflection and cropped back. `tell` hears how many of how many are through.
///
/// # Errors
/// Where the input does not exist or has no images, or the output folder cannot be made. Errors with single images are in the
/// report; among them outputs that would overwrite an input.
pub fn translate(
    model: &mut dyn Model,
    options: &TranslateOptions,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<TranslateReport, RunnerError> {
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
        match one(model, &job, options.channels, &mut fitter) {
            Ok((width, height)) => report.done.push(Translated {
                input: job.input,
                output: job.output,
                width,
                height,
            }),
            Err(error) => report.failed.push(Untranslated {
                input: job.input,
                error,
            }),
        }
        tell(i + 1, total);
    }
    Ok(report)
}

fn one(
    model: &mut dyn Model,
    job: &Job,
    channels: usize,
    fitter: &mut Fitter,
) -> Result<(u32, u32), RunnerError> {
    if job.clash {
        return Err(RunnerError::Overwrite {
            path: job.output.clone(),
        });
    }
    let (images, depth) = read_image_with_depth(&job.input, channels)?;
    let output = fitter.infer(model, &images)?;
    if let Some(folder) = job.output.parent() {
        make_folder(folder)?;
    }
    let save = match depth {
        BitDepth::Eight => save_image,
        BitDepth::Sixteen => save_image16,
    };
    Ok(save(&job.output, &output, 0)?)
}

fn make_folder(path: &Path) -> Result<(), RunnerError> {
    fs::create_dir_all(path).map_err(|source| RunnerError::Write {
        path: path.to_owned(),
        source,
    })
}
