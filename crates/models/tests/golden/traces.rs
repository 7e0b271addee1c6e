//! Eight training steps of pix2pix: every loss, and the weights after the last.

use diptych_domain::{ImagePair, Images, NamedTensor, TensorData};
use diptych_imgops::GanMode;
use diptych_models::Model;
use diptych_models::networks::{Init, Norm};
use diptych_models::plugins::pix2pix::{DiscriminatorKind, GeneratorKind, Pix2PixModel, Settings};

use crate::archive::{Archive, relative_error};

/// Final weights may differ more than losses: Adam's first steps move every weight by about the learning rate, whatever
/// the gradient's size, so rounding noise in a gradient near zero becomes a step of full length.
const WEIGHT_TOLERANCE: f64 = 1e-2;

fn settings(archive: &Archive) -> Result<Settings, String> {
    let number = |args: &[&str], i: usize| -> Result<usize, String> {
        args.get(i)
            .and_then(|a| a.parse().ok())
            .ok_or_else(|| format!("argument {i} of {args:?}"))
    };
    let (g, args) = archive.network("netG")?;
    let (d, dargs) = archive.network("netD")?;
    if g != "UNet" || d != "PatchGAN" || args.last() != dargs.last() {
        return Err(format!(
            "networks {g}{args:?} and {d}{dargs:?} are not understood"
        ));
    }
    Ok(Settings {
        inp: number(&args, 0)?,
        out: number(&args, 1)?,
        generator: GeneratorKind::UNet(number(&args, 2)?),
        discriminator: DiscriminatorKind::Patch(number(&dargs, 2)?),
        ngf: number(&args, 3)?,
        ndf: number(&dargs, 1)?,
        norm: match args.last() {
            Some(&"batch") => Norm::Batch,
            Some(&"instance") => Norm::Instance,
            other => return Err(format!("norm {other:?} is not understood")),
        },
        dropout: false,
        gan_mode: match archive.text("gan_mode")? {
            "vanilla" => GanMode::Vanilla,
            "lsgan" => GanMode::Lsgan,
            other => return Err(format!("GAN mode {other} is not understood")),
        },
        lambda_l1: archive.number("lambda_l1")? as f32,
        lambda_gan: 1.0,
        conditional: number(&dargs, 0)? == number(&args, 0)? + number(&args, 1)?,
        init: Init::Normal,
        init_gain: 0.02,
        lr: archive.number("lr")?,
        beta1: archive.number("beta1")?,
        beta2: 0.999,
    })
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

pub fn pix2pix(archive: &Archive) -> Result<f64, String> {
    let text = |e: diptych_models::ModelError| e.to_string();
    let mut model = Pix2PixModel::new(archive.device.clone(), settings(archive)?, 0).map_err(text)?;
    for net in ["G", "D"] {
        model
            .set_weights(net, &archive.under(&format!("net.{net}.")))
            .map_err(text)?;
    }
    let mut worst = 0.0f64;
    for step in 0..archive.get("in.A")?.shape[0] {
        let pair = ImagePair {
            a: batch(archive, "in.A", step)?,
            b: batch(archive, "in.B", step)?,
            names: Vec::new(),
        };
        model.train_step(&pair, step as u64 + 1).map_err(text)?;
        for (name, value) in model.losses().map_err(text)? {
            let want = archive.values(&format!("loss.{step}.{name}"))?;
            worst = worst.max(relative_error(&[value as f32], want));
        }
    }
    for net in ["G", "D"] {
        let got = model.weights(net).map_err(text)?;
        for want in archive.under(&format!("end.{net}.")) {
            let found = got
                .iter()
                .find(|t| t.name == want.name)
                .ok_or_else(|| format!("no tensor {}", want.name))?;
            match (&found.data, &want.data) {
                (TensorData::F32(a), TensorData::F32(b)) => {
                    let error = relative_error(a, b);
                    if error > WEIGHT_TOLERANCE && !is_noise(&want) {
                        return Err(format!("{net}.{} ends {error:.2e} off", want.name));
                    }
                }
                (a, b) if a != b => return Err(format!("{net}.{}: {a:?} for {b:?}", want.name)),
                _ => {}
            }
        }
    }
    Ok(worst)
}

/// Biases and batch-norm shifts start at zero and have moved by a few learning rates only: their relative error says
/// nothing where the gradient's sign is rounding noise.
fn is_noise(t: &NamedTensor) -> bool {
    t.name.ends_with(".bias")
}
