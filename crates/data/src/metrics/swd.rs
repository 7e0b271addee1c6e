//! Sliced Wasserstein distance between the patches of two sets of images (Karras, Aila, Laine and Lehtinen 2018, section 5).

mod pyramid;

use diptych_domain::Images;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::MetricError;
use crate::stream::{below, stream};
use pyramid::Level;

/// The side of a patch in pixels.
const PATCH: usize = 7;
/// Patches of each image at each level.
const PATCHES: usize = 128;
/// Directions that distances are averaged over.
const DIRECTIONS: u64 = 128;
/// Levels end before a side would be shorter than this.
const SMALLEST: usize = 16;
/// Where patches lie and which way directions point is the same in every run.
const SEED: u64 = 0;

/// Patches of a set of images of one size, taken from every level of their Laplacian pyramids.
#[derive(Clone, Debug, PartialEq)]
pub struct Patches {
    /// `[c, h, w]` of every image.
    shape: [usize; 3],
    images: u64,
    levels: Vec<LevelPatches>,
}

#[derive(Clone, Debug, PartialEq)]
struct LevelPatches {
    /// The longer side at this level.
    side: usize,
    /// `c * 7 * 7` values a patch.
    values: Vec<f32>,
}

/// The distance at each level.
#[derive(Clone, Debug, PartialEq)]
pub struct Swd {
    /// The longer side in pixels and the distance, finest level first.
    pub levels: Vec<(usize, f64)>,
}

impl Swd {
    /// The mean over the levels. The paper's tables show it multiplied by 1000.
    pub fn mean(&self) -> f64 {
        self.levels.iter().map(|(_, d)| d).sum::<f64>() / self.levels.len() as f64
    }
}

impl Patches {
    /// No images yet; `None` where images of `[c, h, w]` are smaller than a patch.
    pub fn new(shape: [usize; 3]) -> Option<Self> {
        let [c, h, w] = shape;
        if c == 0 || h.min(w) < PATCH {
            return None;
        }
        let mut levels = Vec::new();
        let (mut h, mut w) = (h, w);
        loop {
            let (side, values) = (h.max(w), Vec::new());
            levels.push(LevelPatches { side, values });
            (h, w) = (h.div_ceil(2), w.div_ceil(2));
            if h.min(w) < SMALLEST {
                break;
            }
        }
        Some(Self {
            shape,
            images: 0,
            levels,
        })
    }

    /// Takes 128 patches of each level of each image, at random places that depend on the image's number alone.
    ///
    /// # Errors
    /// Images of another shape.
    pub fn add(&mut self, images: &Images) -> Result<(), MetricError> {
        let [c, h, w] = self.shape;
        if [images.c, images.h, images.w] != self.shape || images.data.len() != images.n * c * h * w {
            return Err(MetricError::Shapes {
                left: [1, c, h, w],
                right: images.shape(),
            });
        }
        for i in 0..images.n {
            let pyramid = pyramid::laplacian(images.image(i), self.shape, self.levels.len());
            for (number, (level, into)) in pyramid.iter().zip(&mut self.levels).enumerate() {
                let mut rng = stream(SEED, b"swdplace", number as u64, self.images);
                take(level, &mut rng, &mut into.values);
            }
            self.images += 1;
        }
        Ok(())
    }

    /// The distance between the two sets: at each level both sets' patches are normalised to mean 0 and deviation 1 in each
    /// channel, projected onto 128 directions, and the distances (Wasserstein, of order 1) between the projections are averaged.
    /// 0 for a set and itself. The normalisation makes it blind to colour casts and contrast.
    ///
    /// # Errors
    /// Images of different shapes, and sets without any.
    pub fn distance(&self, other: &Self) -> Result<Swd, MetricError> {
        let shape = |p: &Self| [p.images as usize, p.shape[0], p.shape[1], p.shape[2]];
        if self.shape != other.shape {
            return Err(MetricError::Shapes {
                left: shape(self),
                right: shape(other),
            });
        }
        for set in [self, other] {
            if set.images == 0 {
                let shape = shape(set);
                return Err(MetricError::Hollow { shape, len: 0 });
            }
        }
        let dims = self.shape[0] * PATCH * PATCH;
        let levels = self.levels.iter().zip(&other.levels).enumerate();
        let levels = levels.map(|(number, (a, b))| {
            let [a_values, b_values] = [a, b].map(|l| normalised(&l.values, self.shape[0]));
            let total: Vec<f64> = (0..DIRECTIONS)
                .into_par_iter()
                .map(|d| {
                    let direction = direction(&mut stream(SEED, b"swddirec", number as u64, d), dims);
                    wasserstein(
                        &mut project(&a_values, &direction),
                        &mut project(&b_values, &direction),
                    )
                })
                .collect();
            (a.side, total.iter().sum::<f64>() / DIRECTIONS as f64)
        });
        Ok(Swd {
            levels: levels.collect(),
        })
    }
}

/// Appends patches at random places.
fn take(level: &Level, rng: &mut ChaCha8Rng, into: &mut Vec<f32>) {
    for _ in 0..PATCHES {
        let (y, x) = (below(rng, level.h - PATCH + 1), below(rng, level.w - PATCH + 1));
        for plane in level.values.chunks_exact(level.h * level.w) {
            for row in y..y + PATCH {
                let at = row * level.w + x;
                into.extend_from_slice(&plane[at..at + PATCH]);
            }
        }
    }
}

/// The patches with mean 0 and deviation 1 in each channel; a channel without any deviation is all 0.
fn normalised(values: &[f32], channels: usize) -> Vec<f32> {
    let area = PATCH * PATCH;
    let mut out = values.to_vec();
    for k in 0..channels {
        let of_channel = || values.chunks_exact(area).skip(k).step_by(channels).flatten();
        let n = of_channel().count().max(1) as f64;
        let mean = of_channel().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = of_channel().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        let scale = if variance > 1e-12 {
            1.0 / variance.sqrt()
        } else {
            0.0
        };
        for patch in out.chunks_exact_mut(area).skip(k).step_by(channels) {
            patch
                .iter_mut()
                .for_each(|v| *v = ((f64::from(*v) - mean) * scale) as f32);
        }
    }
    out
}

/// A random direction: normal components (Box and Muller), scaled to length 1.
fn direction(rng: &mut ChaCha8Rng, dims: usize) -> Vec<f32> {
    let mut uniform = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let normal: Vec<f64> = (0..dims)
        .map(|_| (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos())
        .collect();
    let length = normal.iter().map(|v| v * v).sum::<f64>().sqrt();
    normal.iter().map(|v| (v / length) as f32).collect()
}

fn project(patches: &[f32], direction: &[f32]) -> Vec<f32> {
    patches
        .chunks_exact(direction.len())
        .map(|patch| patch.iter().zip(direction).map(|(p, d)| p * d).sum())
        .collect()
}

/// The Wasserstein distance of order 1 between two sets of points on a line, each of total weight 1: the mean difference of
/// sorted points, where both have as many. Neither may be empty.
fn wasserstein(a: &mut [f32], b: &mut [f32]) -> f64 {
    a.sort_unstable_by(f32::total_cmp);
    b.sort_unstable_by(f32::total_cmp);
    // A point of `a` weighs as many units as `b` has points, and the other way round.
    let (unit_a, unit_b) = (b.len() as u64, a.len() as u64);
    let (mut i, mut j) = (0, 0);
    let (mut left_a, mut left_b) = (unit_a, unit_b);
    let mut sum = 0.0;
    while i < a.len() && j < b.len() {
        let moved = left_a.min(left_b);
        sum += moved as f64 * (f64::from(a[i]) - f64::from(b[j])).abs();
        left_a -= moved;
        left_b -= moved;
        if left_a == 0 {
            (i, left_a) = (i + 1, unit_a);
        }
        if left_b == 0 {
            (j, left_b) = (j + 1, unit_b);
        }
    }
    sum / (a.len() as f64 * b.len() as f64)
}

#[cfg(test)]
mod tests;
