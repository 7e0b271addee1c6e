//! Comparing a generator's outputs with the targets of a held-out split.

use diptych_data::{Dataset, metrics};
use diptych_domain::Images;
use diptych_models::{InferMode, Model};
use serde::Serialize;

use crate::control::Control;
use crate::error::RunnerError;

/// How one image came out, or the mean over many. Both images are taken as in [-1, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Mean absolute difference (0: the same).
    pub l1: f64,
    /// Peak signal-to-noise ratio in dB (more is better; infinite for equal images).
    pub psnr: f64,
    /// Structural similarity (1: the same).
    pub ssim: f64,
}

/// One image's scores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageScores {
    /// The image's name in its data set.
    pub name: String,
    /// Its scores.
    #[serde(flatten)]
    pub scores: Scores,
}

/// The outcome of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalReport {
    /// Each image, in the data set's order.
    pub images: Vec<ImageScores>,
    /// The means.
    pub mean: Scores,
}

/// Applies the model to every image of `dataset`, one at a time (in [`InferMode::Paper`] an image's output depends on
/// the images beside it in a batch), and scores the outputs.
///
/// Ends early with `None` where `control` asks for a stop.
///
/// # Errors
/// Where an image cannot be read, the model cannot take it, or its output has another shape than the target.
pub fn evaluate(
    model: &mut dyn Model,
    dataset: &Dataset,
    mode: InferMode,
    control: &Control,
) -> Result<Option<EvalReport>, RunnerError> {
    let mut images = Vec::with_capacity(dataset.len());
    for i in 0..dataset.len() {
        if control.stop_requested() {
            return Ok(None);
        }
        let pair = dataset.load_eval(i)?;
        let output = model.infer(&pair.a, mode)?;
        let name = dataset.name(i).to_owned();
        let scores = score(&output, &pair.b).map_err(|source| RunnerError::Metric {
            image: name.clone(),
            source,
        })?;
        images.push(ImageScores { name, scores });
    }
    let mean = mean(&images);
    Ok(Some(EvalReport { images, mean }))
}

fn score(output: &Images, target: &Images) -> Result<Scores, metrics::MetricError> {
    let first = |values: Vec<f64>| values.first().copied().unwrap_or(f64::NAN);
    Ok(Scores {
        l1: first(metrics::l1(output, target)?),
        psnr: first(metrics::psnr(output, target)?),
        ssim: first(metrics::ssim(output, target)?),
    })
}

fn mean(images: &[ImageScores]) -> Scores {
    let n = images.len().max(1) as f64;
    let mean = |pick: fn(&Scores) -> f64| images.iter().map(|i| pick(&i.scores)).sum::<f64>() / n;
    Scores {
        l1: mean(|s| s.l1),
        psnr: mean(|s| s.psnr),
        ssim: mean(|s| s.ssim),
    }
}
