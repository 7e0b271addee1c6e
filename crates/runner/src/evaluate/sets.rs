//! Comparing the set of a generator's outputs with the other domain's images, where nothing has a counterpart.

use diptych_data::metrics::{Histogram, MetricError, Patches};
use diptych_data::{DataError, Dataset, Side};
use diptych_domain::Images;
use diptych_models::ModelError;
use serde::Serialize;

use crate::control::Control;
use crate::error::RunnerError;

/// How near the translated images of a split, taken together, are to the other domain's images of that split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetScores {
    /// Sliced Wasserstein distance (0: the same patches), the mean over the levels; nothing where images are smaller than a patch
    /// of 7 x 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swd: Option<f64>,
    /// The distance at each level, finest first.
    pub swd_levels: Vec<SwdLevel>,
    /// Intersection of the colour histograms (1: the same colours in the same amounts).
    pub histogram_intersection: f64,
    /// How many images were translated.
    pub images: usize,
    /// How many images of the other domain they were compared with.
    pub references: usize,
}

/// One level of a sliced Wasserstein distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SwdLevel {
    /// The images' longer side at this level, in pixels.
    pub side: usize,
    /// The distance.
    pub swd: f64,
}

impl SetScores {
    /// The scores under the names of their metrics (`eval/<name>`).
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        let swd = self.swd.map(|swd| ("swd", swd));
        let colours = ("histogram_intersection", self.histogram_intersection);
        swd.into_iter().chain([colours]).collect()
    }
}

/// Translates every image of the side `from` of `dataset` by `translate`, one at a time, and compares the outputs with every image of
/// the other side.
///
/// Ends early with `None` where `control` asks for a stop.
///
/// # Errors
/// Where an image cannot be read, the model cannot take it, or outputs have another shape than the other domain.
pub fn evaluate_set(
    translate: &mut dyn FnMut(&Images) -> Result<Images, ModelError>,
    dataset: &Dataset,
    from: Side,
    control: &Control,
) -> Result<Option<SetScores>, RunnerError> {
    let onto = match from {
        Side::Input => Side::Target,
        Side::Target => Side::Input,
    };
    let outputs = gather(dataset, from, control, &mut |image| Ok(translate(image)?))?;
    let references = gather(dataset, onto, control, &mut |image| Ok(image.clone()))?;
    let (Some(outputs), Some(references)) = (outputs, references) else {
        return Ok(None);
    };
    let swd = match (&outputs.patches, &references.patches) {
        (Some(a), Some(b)) => Some(a.distance(b).map_err(unequal)?),
        _ => None,
    };
    Ok(Some(SetScores {
        swd: swd.as_ref().map(|swd| swd.mean()),
        swd_levels: swd
            .iter()
            .flat_map(|swd| &swd.levels)
            .map(|&(side, swd)| SwdLevel { side, swd })
            .collect(),
        histogram_intersection: outputs.colours.intersection(&references.colours),
        images: outputs.count,
        references: references.count,
    }))
}

/// What is kept of a set of images.
struct Gathered {
    patches: Option<Patches>,
    colours: Histogram,
    count: usize,
}

fn gather(
    dataset: &Dataset,
    side: Side,
    control: &Control,
    change: &mut dyn FnMut(&Images) -> Result<Images, RunnerError>,
) -> Result<Option<Gathered>, RunnerError> {
    let count = dataset.side_len(side);
    if count == 0 {
        return Err(DataError::NoSuchImage { index: 0, len: 0 }.into());
    }
    let (mut patches, mut colours) = (None, Histogram::default());
    for i in 0..count {
        if control.stop_requested() {
            return Ok(None);
        }
        let image = change(&dataset.load_side(side, i)?)?;
        colours.add(&image);
        if i == 0 {
            patches = Patches::new([image.c, image.h, image.w]);
        }
        if let Some(patches) = &mut patches {
            patches.add(&image).map_err(unequal)?;
        }
    }
    Ok(Some(Gathered {
        patches,
        colours,
        count,
    }))
}

fn unequal(source: MetricError) -> RunnerError {
    RunnerError::Metric {
        image: "the translated images".to_owned(),
        source,
    }
}
