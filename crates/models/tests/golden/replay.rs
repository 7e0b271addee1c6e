//! Training again what a file recorded: every loss of every step, and the weights after the last.
//!
//! A step's gradients jump where a ReLU's input or a difference under an L1 loss changes its sign. In a network as small as
//! those of the files one such jump can be a percent of a gradient, and Adam carries it on: two runs of PyTorch itself, one
//! of them in f64, part by a percent in half of CycleGAN's traces. So where a trace differs by more than rounding explains
//! in a smooth function, it is trained a few times more from weights that differ in their last bits, to learn how far
//! rounding alone carries it from each step on.

use diptych_domain::{ImagePair, Images, NamedTensor, TensorData};
use diptych_models::{Model, ModelError};

use crate::LOSS_TOLERANCE;
use crate::archive::{Archive, relative_error};

/// Final weights may differ more than losses: Adam's first steps move every weight by about the learning rate, whatever
/// the gradient's size, so rounding noise in a gradient near zero becomes a step of full length.
const WEIGHT_TOLERANCE: f64 = 1e-2;
/// Trainings from disturbed weights.
const DISTURBED: u64 = 12;
/// Relative size of the disturbance: of the order of the error of a network's output.
const DISTURBANCE: f32 = 1e-6;
/// How many times as far as the disturbed trainings a trace may be off.
const MARGIN: f64 = 3.0;

/// The largest error among a trace's losses, measured by its bound, and that bound.
pub struct Agreement {
    pub error: f64,
    pub bound: f64,
}

/// What a training did.
struct Course {
    /// The losses of each step, by name.
    losses: Vec<Vec<(String, f32)>>,
    /// The weights at the end, with their network in front.
    weights: Vec<NamedTensor>,
}

/// How far two courses are apart.
#[derive(Default)]
struct Distance {
    /// For each step the largest error among its losses and those before.
    losses: Vec<f64>,
    /// The largest error among the final weights, and where.
    weights: (f64, String),
}

/// Trains from the file's weights on its batches and compares.
pub fn compare(
    archive: &Archive,
    networks: &[&str],
    build: impl Fn() -> Result<Box<dyn Model>, ModelError>,
) -> Result<Agreement, String> {
    let train = |disturbance| {
        let mut model = build().map_err(text)?;
        Course::run(archive, networks, model.as_mut(), disturbance)
    };
    let (wanted, got) = (Course::read(archive, networks)?, train(None)?);
    let mut found = got.distance(&wanted)?;
    let mut allowed = Distance {
        losses: vec![LOSS_TOLERANCE; found.losses.len()],
        weights: (WEIGHT_TOLERANCE, String::new()),
    };
    if found.exceeds(&allowed) {
        for seed in 0..DISTURBED {
            let moved = train(Some(seed))?.distance(&got)?;
            for (bound, loss) in allowed.losses.iter_mut().zip(moved.losses) {
                *bound = bound.max(MARGIN * loss);
            }
            allowed.weights.0 = allowed.weights.0.max(MARGIN * moved.weights.0);
        }
    }
    let (error, at) = std::mem::take(&mut found.weights);
    if error > allowed.weights.0 {
        return Err(format!("{at} ends {error:.2e} off"));
    }
    let worst = found.losses.into_iter().zip(allowed.losses);
    let (error, bound) = worst
        .max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
        .ok_or("a trace without steps")?;
    Ok(Agreement { error, bound })
}

impl Course {
    /// The course that the file recorded.
    fn read(archive: &Archive, networks: &[&str]) -> Result<Self, String> {
        let steps = archive.get("in.A")?.shape[0];
        let losses = (0..steps).map(|step| {
            let tensors = archive.under(&format!("loss.{step}."));
            let value = |t: NamedTensor| Some((t.name.clone(), *values(&t)?.first()?));
            tensors.into_iter().filter_map(value).collect()
        });
        let weights = networks.iter().flat_map(|net| {
            let named = move |t: NamedTensor| NamedTensor {
                name: format!("{net}.{}", t.name),
                ..t
            };
            archive.under(&format!("end.{net}.")).into_iter().map(named)
        });
        Ok(Self {
            losses: losses.collect(),
            weights: weights.collect(),
        })
    }

    /// The course that `model` takes from the file's weights, disturbed or as they are.
    fn run(
        archive: &Archive,
        networks: &[&str],
        model: &mut dyn Model,
        disturbance: Option<u64>,
    ) -> Result<Self, String> {
        for net in networks {
            let mut tensors = archive.under(&format!("net.{net}."));
            if let Some(seed) = disturbance {
                tensors.sort_by(|a, b| a.name.cmp(&b.name));
                tensors.iter_mut().for_each(|t| disturb(t, seed));
            }
            model.set_weights(net, &tensors).map_err(text)?;
        }
        let mut losses = Vec::new();
        for step in 0..archive.get("in.A")?.shape[0] {
            let pair = ImagePair {
                a: batch(archive, "in.A", step)?,
                b: batch(archive, "in.B", step)?,
                names: Vec::new(),
            };
            model.train_step(&pair, step as u64 + 1).map_err(text)?;
            let named = |(name, value): (&str, f64)| (name.to_owned(), value as f32);
            losses.push(model.losses().map_err(text)?.into_iter().map(named).collect());
        }
        let mut weights = Vec::new();
        for net in networks {
            for mut tensor in model.weights(net).map_err(text)? {
                tensor.name = format!("{net}.{}", tensor.name);
                weights.push(tensor);
            }
        }
        Ok(Self { losses, weights })
    }

    /// How far this course is from another, which must have the same losses and weights.
    fn distance(&self, other: &Self) -> Result<Distance, String> {
        let mut distance = Distance::default();
        let mut worst = 0.0f64;
        for (step, (ours, theirs)) in self.losses.iter().zip(&other.losses).enumerate() {
            if ours.len() != theirs.len() {
                return Err(format!(
                    "step {step} has {} losses, not {}",
                    ours.len(),
                    theirs.len()
                ));
            }
            for (name, value) in ours {
                let found = theirs.iter().find(|(n, _)| n == name);
                let (_, want) = found.ok_or_else(|| format!("no loss {name} at step {step}"))?;
                worst = worst.max(relative_error(&[*value], &[*want]));
            }
            distance.losses.push(worst);
        }
        if self.weights.len() != other.weights.len() {
            return Err(format!(
                "{} tensors at the end, not {}",
                self.weights.len(),
                other.weights.len()
            ));
        }
        for want in &other.weights {
            let found = self.weights.iter().find(|t| t.name == want.name);
            let found = found.ok_or_else(|| format!("no tensor {}", want.name))?;
            let error = match (values(found), values(want)) {
                // Biases and batch-norm shifts start at zero and have moved by a few learning rates only: their relative
                // error says nothing where the gradient's sign is rounding noise.
                _ if want.name.ends_with(".bias") => continue,
                (Some(a), Some(b)) => relative_error(a, b),
                _ if found.data == want.data => continue,
                _ => return Err(format!("{}: {:?} for {:?}", want.name, found.data, want.data)),
            };
            if error > distance.weights.0 {
                distance.weights = (error, want.name.clone());
            }
        }
        Ok(distance)
    }
}

impl Distance {
    fn exceeds(&self, allowed: &Self) -> bool {
        let losses = self.losses.iter().zip(&allowed.losses);
        self.weights.0 > allowed.weights.0 || losses.into_iter().any(|(error, bound)| error > bound)
    }
}

fn values(tensor: &NamedTensor) -> Option<&[f32]> {
    match &tensor.data {
        TensorData::F32(v) => Some(v),
        TensorData::I64(_) => None,
    }
}

/// Changes every value by up to the disturbance, relative to itself.
fn disturb(tensor: &mut NamedTensor, seed: u64) {
    if let TensorData::F32(values) = &mut tensor.data {
        let mut state = seed ^ values.len() as u64;
        for v in values {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *v *= 1.0 + DISTURBANCE * ((state >> 40) as f32 / (1u32 << 23) as f32 - 1.0);
        }
    }
}

/// Batch `step` of a stack `[steps, n, c, h, w]`.
fn batch(archive: &Archive, key: &str, step: usize) -> Result<Images, String> {
    let [_, n, c, h, w] = archive.get(key)?.shape[..] else {
        return Err(format!("{key} is no stack of batches"));
    };
    let len = n * c * h * w;
    Ok(Images {
        n,
        c,
        h,
        w,
        data: archive.values(key)?[step * len..(step + 1) * len].to_vec(),
    })
}

fn text(e: ModelError) -> String {
    e.to_string()
}
