//! Probes: the same held-out inputs each time, so that progress can be seen.

use std::fs;
use std::path::{Path, PathBuf};

use diptych_data::{Dataset, encode_png};
use diptych_domain::{ImagePair, ImageRole, Images, RunEvent};
use diptych_models::{InferMode, Model};
use rayon::prelude::*;

use crate::clock::wall;
use crate::error::RunnerError;
use crate::health::Shown;

/// The folder's name in a run's folder.
const FOLDER: &str = "images";

/// Fixed inputs with their targets, held in memory.
pub(crate) struct Probes {
    run_dir: PathBuf,
    names: Vec<String>,
    pairs: Vec<ImagePair>,
}

/// Which of `len` images to look at: `count` of them, evenly spaced, the first among them.
fn spaced(len: usize, count: usize) -> Vec<usize> {
    let count = count.min(len);
    (0..count).map(|i| i * len / count).collect()
}

impl Probes {
    pub fn load(run_dir: &Path, dataset: &Dataset, count: usize) -> Result<Self, RunnerError> {
        let chosen = spaced(dataset.len(), count);
        Ok(Self {
            run_dir: run_dir.to_owned(),
            names: chosen.iter().map(|i| dataset.name(*i).to_owned()).collect(),
            pairs: chosen
                .iter()
                .map(|i| dataset.load_eval(*i))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Inputs with their targets.
    pub fn pairs(&self) -> &[ImagePair] {
        &self.pairs
    }

    /// Writes inputs and targets at the start of a run, and where a run that continues another has none.
    pub fn write_inputs(&self, at: At, sink: &mut dyn FnMut(RunEvent)) -> Result<(), RunnerError> {
        let folder = Path::new(FOLDER).join("inputs");
        if at.step > 0 && self.run_dir.join(&folder).join(file(0, "input")).exists() {
            return Ok(());
        }
        // The first file goes last: it says that all of them are there.
        for (i, (name, pair)) in self.names.iter().zip(&self.pairs).enumerate().rev() {
            // Data of a single domain has no targets.
            for (role, images) in [("target", &pair.b), ("input", &pair.a)] {
                if images.n > 0 {
                    let png = encode_png(images, 0)?;
                    self.write(images, &png, &folder, at, (i, role, name), sink)?;
                }
            }
        }
        Ok(())
    }

    /// Applies the model to each example and writes what it shows of it, which it gives back. What a run shows after going back to a
    /// checkpoint does not overwrite what it showed before.
    pub fn write_outputs(
        &self,
        model: &mut dyn Model,
        at: At,
        rollbacks: u32,
        sink: &mut dyn FnMut(RunEvent),
    ) -> Result<Vec<Shown>, RunnerError> {
        let folder = match rollbacks {
            0 => format!("step-{:08}", at.step),
            n => format!("step-{:08}-rollback-{n}", at.step),
        };
        let folder = Path::new(FOLDER).join(folder);
        let shown = |pair| Ok(model.visuals(pair, InferMode::Paper)?);
        let all = self
            .pairs
            .iter()
            .map(shown)
            .collect::<Result<Vec<Shown>, RunnerError>>()?;
        let images: Vec<(usize, &str, &Images)> = all
            .iter()
            .enumerate()
            .flat_map(|(i, shown)| shown.iter().map(move |(role, images)| (i, *role, images)))
            .collect();
        let encoded: Vec<_> = images
            .par_iter()
            .map(|(.., images)| encode_png(images, 0))
            .collect();
        for ((i, role, images), png) in images.into_iter().zip(encoded) {
            self.write(images, &png?, &folder, at, (i, role, &self.names[i]), sink)?;
        }
        Ok(all)
    }

    fn write(
        &self,
        images: &Images,
        png: &[u8],
        folder: &Path,
        at: At,
        (probe, role, name): (usize, &str, &str),
        sink: &mut dyn FnMut(RunEvent),
    ) -> Result<(), RunnerError> {
        let path = folder.join(file(probe, role));
        let (target, dir) = (self.run_dir.join(&path), self.run_dir.join(folder));
        // Not synced: training does not wait for the disk, and a resumed run writes what was lost once more.
        fs::create_dir_all(dir)
            .and_then(|()| fs::write(&target, png))
            .map_err(|source| RunnerError::Write { path: target, source })?;
        sink(RunEvent::Image {
            step: at.step,
            epoch: at.epoch,
            wall: wall(),
            role: ImageRole(role.to_owned()),
            probe: u32::try_from(probe).unwrap_or(u32::MAX),
            caption: name.to_owned(),
            path,
            width: u32::try_from(images.w).unwrap_or(u32::MAX),
            height: u32::try_from(images.h).unwrap_or(u32::MAX),
        });
        Ok(())
    }
}

/// A place in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub step: u64,
    /// The epoch that the step is in.
    pub epoch: u64,
}

fn file(probe: usize, role: &str) -> String {
    format!("probe-{probe:02}-{role}.png")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_spaced_evenly() {
        assert_eq!(spaced(100, 4), [0, 25, 50, 75]);
        assert_eq!(spaced(3, 8), [0, 1, 2]);
        assert_eq!(spaced(5, 0), [0usize; 0]);
        assert_eq!(spaced(0, 3), [0usize; 0]);
    }
}
