//! Comparing a generator's outputs with their targets, one by one.

use std::ops::Range;

use diptych_data::metrics::Confusion;
use diptych_data::palette::Palette;
use diptych_data::{Dataset, metrics};
use diptych_domain::{ImagePair, Images};
use diptych_models::{InferMode, Model};
use rayon::prelude::*;
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
    /// Agreement of the classes, where the targets are label maps.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelScores>,
}

/// How far the classes that outputs show, each pixel's by the nearest colour of the palette, agree with the targets' (Long,
/// Shelhamer and Darrell 2015, section 5). Of many images: counted over all their pixels together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LabelScores {
    /// The part of the pixels that show their class.
    pub pixel_accuracy: f64,
    /// The same within each class, averaged over the classes.
    pub class_accuracy: f64,
    /// Intersection over union of each class, averaged over the classes.
    pub class_iou: f64,
}

impl Scores {
    /// The scores under the names of their metrics (`eval/<name>`).
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        let mut values = vec![("l1", self.l1), ("psnr", self.psnr), ("ssim", self.ssim)];
        if let Some(labels) = &self.labels {
            values.extend([
                ("pixel_accuracy", labels.pixel_accuracy),
                ("class_accuracy", labels.class_accuracy),
                ("class_iou", labels.class_iou),
            ]);
        }
        values
    }
}

impl From<&Confusion> for LabelScores {
    fn from(confusion: &Confusion) -> Self {
        Self {
            pixel_accuracy: confusion.pixel_accuracy(),
            class_accuracy: confusion.class_accuracy(),
            class_iou: confusion.class_iou(),
        }
    }
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
/// the images beside it in a batch), and scores the outputs; those that are label maps of `palette` also by their classes.
///
/// While the model works on some images, the ones before are scored and the next ones read.
///
/// Ends early with `None` where `control` asks for a stop.
///
/// # Errors
/// Where an image cannot be read, the model cannot take it, or its output has another shape than the target.
pub fn evaluate(
    model: &mut dyn Model,
    dataset: &Dataset,
    mode: InferMode,
    palette: Option<&Palette>,
    control: &Control,
) -> Result<Option<EvalReport>, RunnerError> {
    let mut judged = Vec::with_capacity(dataset.len());
    let mut outputs: Vec<Output<'_>> = Vec::new();
    // The first image tells how large they are.
    let (mut begin, mut count) = (0, 1);
    while begin < dataset.len() {
        let next = begin..(begin + count).min(dataset.len());
        let (scored, pairs) = rayon::join(
            || score_all(&outputs, palette),
            || load_all(dataset, next.clone()),
        );
        judged.extend(scored?);
        outputs.clear();
        for (i, pair) in next.clone().zip(pairs?) {
            if control.stop_requested() {
                return Ok(None);
            }
            outputs.push(Output {
                name: dataset.name(i),
                image: model.infer(&pair.a, mode)?,
                target: pair.b,
            });
        }
        let values = outputs.first().map_or(1, |o| o.image.data.len().max(1));
        (begin, count) = (next.end, (VALUES_AT_ONCE / values).clamp(1, MOST_AT_ONCE));
    }
    judged.extend(score_all(&outputs, palette)?);
    let mut counted = palette.map(|p| Confusion::new(p.classes().len()));
    let mut images = Vec::with_capacity(judged.len());
    for (scores, confusion) in judged {
        if let (Some(counted), Some(confusion)) = (&mut counted, confusion) {
            counted.merge(&confusion);
        }
        images.push(scores);
    }
    let mean = Scores {
        labels: counted.as_ref().map(LabelScores::from),
        ..mean(&images)
    };
    Ok(Some(EvalReport { images, mean }))
}

/// Images that are read, or scored, at once: as many as have so many values, and no more than the second number.
const VALUES_AT_ONCE: usize = 1 << 23;
const MOST_AT_ONCE: usize = 16;

/// What the model has made of an image.
struct Output<'a> {
    name: &'a str,
    image: Images,
    target: Images,
}

fn load_all(dataset: &Dataset, which: Range<usize>) -> Result<Vec<ImagePair>, RunnerError> {
    Ok(which
        .into_par_iter()
        .map(|i| dataset.load_eval(i))
        .collect::<Result<_, _>>()?)
}

/// The scores of each output, with the counts of its classes where there is a palette.
fn score_all(
    outputs: &[Output<'_>],
    palette: Option<&Palette>,
) -> Result<Vec<(ImageScores, Option<Confusion>)>, RunnerError> {
    outputs
        .par_iter()
        .map(|output| {
            let name = output.name.to_owned();
            let mut scores = score(&output.image, &output.target).map_err(|source| RunnerError::Metric {
                image: name.clone(),
                source,
            })?;
            let confusion = palette.map(|palette| {
                let mut confusion = Confusion::new(palette.classes().len());
                confusion.add(
                    &palette.labels(&output.target, 0),
                    &palette.labels(&output.image, 0),
                );
                confusion
            });
            scores.labels = confusion.as_ref().map(LabelScores::from);
            Ok((ImageScores { name, scores }, confusion))
        })
        .collect()
}

fn score(output: &Images, target: &Images) -> Result<Scores, metrics::MetricError> {
    let first = |values: Vec<f64>| values.first().copied().unwrap_or(f64::NAN);
    Ok(Scores {
        l1: first(metrics::l1(output, target)?),
        psnr: first(metrics::psnr(output, target)?),
        ssim: first(metrics::ssim(output, target)?),
        labels: None,
    })
}

fn mean(images: &[ImageScores]) -> Scores {
    let n = images.len().max(1) as f64;
    let mean = |pick: fn(&Scores) -> f64| images.iter().map(|i| pick(&i.scores)).sum::<f64>() / n;
    Scores {
        l1: mean(|s| s.l1),
        psnr: mean(|s| s.psnr),
        ssim: mean(|s| s.ssim),
        labels: None,
    }
}
