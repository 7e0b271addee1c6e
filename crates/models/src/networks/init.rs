//! The four initialisations of the reference (SPEC section 5).

use diptych_domain::{NamedTensor, TensorData, stream_seed};
use diptych_imgops::ImageDevice;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::params::{ParamSet, Value, WeightsError};

/// How convolutions start. Batch-norm scales start at N(1, gain), every bias at 0, whatever the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// N(0, gain).
    Normal,
    /// N(0, gain * sqrt(2 / (fan_in + fan_out))) (Glorot and Bengio 2010).
    Xavier,
    /// N(0, sqrt(2 / fan_in)); the gain is ignored, as in the reference (He et al. 2015).
    Kaiming,
    /// A random matrix with orthonormal rows or columns, times the gain (Saxe et al. 2014).
    Orthogonal,
}

/// Draws every trained tensor anew. Each tensor has a stream of its own, seeded by its name, so that the values depend on
/// nothing else.
///
/// # Errors
/// Where the device fails.
pub fn initialise<D: ImageDevice>(
    params: &mut ParamSet<D>,
    init: Init,
    gain: f32,
    seed: u64,
) -> Result<(), WeightsError> {
    let plans: Vec<(usize, NamedTensor, bool)> = (0..params.params.len())
        .filter_map(|i| match params.params[i].value {
            Value::Weight(_) => Some((i, params.read(i), true)),
            // A norm's scale comes right before its shift and its running mean; a convolution's bias stays zero.
            Value::Vector(_) if is_norm_scale(params, i) => Some((i, params.read(i), false)),
            _ => None,
        })
        .collect();
    let drawn: Vec<(usize, NamedTensor)> = plans
        .into_par_iter()
        .map(|(i, mut tensor, is_weight)| {
            let mut rng = ChaCha8Rng::seed_from_u64(stream_seed(seed, &tensor.name, 0));
            if let TensorData::F32(values) = &mut tensor.data {
                if is_weight {
                    fill_weight(values, &tensor.shape, init, gain, &mut rng);
                } else {
                    normal(values, 1.0, gain, &mut rng);
                }
            }
            (i, tensor)
        })
        .collect();
    drawn.iter().try_for_each(|(i, tensor)| params.write(*i, tensor))
}

fn is_norm_scale<D: ImageDevice>(params: &ParamSet<D>, i: usize) -> bool {
    params.params[i].name.ends_with(".weight")
        && matches!(params.params.get(i + 2), Some(p) if matches!(p.value, Value::Running(_)))
}

fn normal(values: &mut [f32], mean: f32, std: f32, rng: &mut ChaCha8Rng) {
    for v in values {
        let z: f32 = StandardNormal.sample(rng);
        *v = mean + std * z;
    }
}

fn fill_weight(values: &mut [f32], shape: &[usize], init: Init, gain: f32, rng: &mut ChaCha8Rng) {
    // PyTorch takes fan_in from dimension 1 and fan_out from dimension 0, also for transposed convolutions, where that
    // is the wrong way round.
    let taps: usize = shape[2..].iter().product();
    let (fan_out, fan_in) = ((shape[0] * taps) as f32, (shape[1] * taps) as f32);
    match init {
        Init::Normal => normal(values, 0.0, gain, rng),
        Init::Xavier => normal(values, 0.0, gain * (2.0 / (fan_in + fan_out)).sqrt(), rng),
        Init::Kaiming => normal(values, 0.0, (2.0 / fan_in).sqrt(), rng),
        Init::Orthogonal => {
            normal(values, 0.0, 1.0, rng);
            orthogonalise(values, shape[0], shape[1] * taps);
            values.iter_mut().for_each(|v| *v *= gain);
        }
    }
}

/// Makes the rows (or, where there are fewer, the columns) of a row-major matrix orthonormal by modified Gram-Schmidt:
/// the Q of the QR decomposition whose R has a positive diagonal.
fn orthogonalise(values: &mut [f32], rows: usize, cols: usize) {
    let by_rows = rows <= cols;
    let (count, len) = if by_rows { (rows, cols) } else { (cols, rows) };
    let at = |i: usize, j: usize| if by_rows { i * cols + j } else { j * cols + i };
    let mut vectors: Vec<Vec<f64>> = (0..count)
        .map(|i| (0..len).map(|j| f64::from(values[at(i, j)])).collect())
        .collect();
    for i in 0..count {
        let (done, rest) = vectors.split_at_mut(i + 1);
        let pivot = &mut done[i];
        let norm = pivot.iter().map(|v| v * v).sum::<f64>().sqrt();
        pivot.iter_mut().for_each(|v| *v /= norm);
        rest.par_iter_mut().for_each(|v| {
            let dot: f64 = v.iter().zip(pivot.iter()).map(|(a, b)| a * b).sum();
            v.iter_mut().zip(pivot.iter()).for_each(|(a, b)| *a -= dot * b);
        });
    }
    for (i, vector) in vectors.iter().enumerate() {
        for (j, v) in vector.iter().enumerate() {
            values[at(i, j)] = *v as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::Norm;
    use crate::networks::patchgan::{PatchGan, PatchGanConfig};
    use dfdx::tensor::Cpu;

    fn discriminator(init: Init, seed: u64) -> ParamSet<Cpu> {
        let mut params = ParamSet::new(Cpu::default());
        PatchGan::new(
            &mut params,
            PatchGanConfig {
                inp: 3,
                ndf: 16,
                layers: 3,
                norm: Norm::Batch,
            },
        )
        .unwrap();
        initialise(&mut params, init, 0.02, seed).unwrap();
        params
    }

    fn values(params: &ParamSet<Cpu>, name: &str) -> Vec<f32> {
        match params.read(params.find(name).unwrap()).data {
            TensorData::F32(v) => v,
            TensorData::I64(_) => panic!("{name} is no counter"),
        }
    }

    fn std(v: &[f32]) -> f32 {
        let mean = v.iter().sum::<f32>() / v.len() as f32;
        (v.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / v.len() as f32).sqrt()
    }

    #[test]
    fn each_choice_has_its_spread_and_biases_start_at_zero() {
        // model.5 is [64, 32, 4, 4]: fan_in 512, fan_out 1024.
        for (init, want) in [
            (Init::Normal, 0.02),
            (Init::Xavier, 0.02 * (2.0f32 / 1536.0).sqrt()),
            (Init::Kaiming, (2.0f32 / 512.0).sqrt()),
        ] {
            let p = discriminator(init, 1);
            let got = std(&values(&p, "model.5.weight"));
            assert!((got / want - 1.0).abs() < 0.02, "{init:?}: {got} for {want}");
            assert!(values(&p, "model.0.bias").iter().all(|v| *v == 0.0));
            let scale = values(&p, "model.6.weight");
            assert!(
                (std(&scale) / 0.02 - 1.0).abs() < 0.3
                    && (scale.iter().sum::<f32>() / 64.0 - 1.0).abs() < 0.02
            );
        }
    }

    #[test]
    fn orthogonal_rows_have_the_gain_as_length_and_right_angles() {
        let p = discriminator(Init::Orthogonal, 3);
        let w = values(&p, "model.5.weight");
        let row = |i: usize| &w[i * 512..(i + 1) * 512];
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        for i in 0..64 {
            assert!((dot(row(i), row(i)).sqrt() - 0.02).abs() < 1e-6);
            assert!((0..i).all(|j| dot(row(i), row(j)).abs() < 1e-8));
        }
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        assert_eq!(
            discriminator(Init::Normal, 1).read_all(),
            discriminator(Init::Normal, 1).read_all()
        );
        assert_ne!(
            discriminator(Init::Normal, 1).read_all(),
            discriminator(Init::Normal, 2).read_all()
        );
    }
}
