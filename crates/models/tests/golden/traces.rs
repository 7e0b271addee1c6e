//! Eight training steps of pix2pix or CycleGAN: every loss, and the weights after the last.

use diptych_domain::{ImagePair, Images, NamedTensor, TensorData};
use diptych_imgops::{AdamConfig, GanMode};
use diptych_models::networks::{Init, Norm};
use diptych_models::plugins::shared::{DiscriminatorKind, GeneratorKind, NetworkSettings};
use diptych_models::plugins::{cyclegan, pix2pix};
use diptych_models::{Model, ModelError};

use crate::archive::{Archive, relative_error};

/// Final weights may differ more than losses: Adam's first steps move every weight by about the learning rate, whatever
/// the gradient's size, so rounding noise in a gradient near zero becomes a step of full length.
const WEIGHT_TOLERANCE: f64 = 1e-2;

fn number(args: &[&str], i: usize) -> Result<usize, String> {
    args.get(i)
        .and_then(|a| a.parse().ok())
        .ok_or_else(|| format!("argument {i} of {args:?}"))
}

/// The networks' settings, and the arguments of `netG` and `netD`.
fn networks(archive: &Archive) -> Result<(NetworkSettings, Vec<&str>, Vec<&str>), String> {
    let (g, args) = archive.network("netG")?;
    let (d, dargs) = archive.network("netD")?;
    if d != "PatchGAN" || args.last() != dargs.last() {
        return Err(format!(
            "networks {g}{args:?} and {d}{dargs:?} are not understood"
        ));
    }
    let (generator, ngf) = match g {
        "UNet" => (GeneratorKind::UNet(number(&args, 2)?), number(&args, 3)?),
        "ResNet" => (GeneratorKind::ResNet(number(&args, 3)?), number(&args, 2)?),
        _ => return Err(format!("generator {g}{args:?} is not understood")),
    };
    let settings = NetworkSettings {
        generator,
        discriminator: DiscriminatorKind::Patch(number(&dargs, 2)?),
        ngf,
        ndf: number(&dargs, 1)?,
        norm: match args.last() {
            Some(&"batch") => Norm::Batch,
            Some(&"instance") => Norm::Instance,
            other => return Err(format!("norm {other:?} is not understood")),
        },
        dropout: false,
        gan_mode: match archive.text("gan_mode") {
            Ok("vanilla") => GanMode::Vanilla,
            // CycleGAN's files do not say: the reference's step knows no other.
            Ok("lsgan") | Err(_) => GanMode::Lsgan,
            Ok(other) => return Err(format!("GAN mode {other} is not understood")),
        },
        init: Init::Normal,
        init_gain: 0.02,
        adam: AdamConfig {
            lr: archive.number("lr")?,
            beta1: archive.number("beta1")?,
            beta2: 0.999,
            eps: 1e-8,
        },
    };
    Ok((settings, args, dargs))
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
    let (networks, g, d) = networks(archive)?;
    let (inp, out) = (number(&g, 0)?, number(&g, 1)?);
    let settings = pix2pix::Settings {
        inp,
        out,
        networks,
        lambda_l1: archive.number("lambda_l1")? as f32,
        lambda_gan: 1.0,
        conditional: number(&d, 0)? == inp + out,
    };
    let model = pix2pix::Pix2PixModel::new(archive.device.clone(), settings, 0);
    replay(archive, &mut model.map_err(text)?, &["G", "D"])
}

pub fn cyclegan(archive: &Archive) -> Result<f64, String> {
    let (networks, g, _) = networks(archive)?;
    let settings = cyclegan::Settings {
        channels_a: number(&g, 0)?,
        channels_b: number(&g, 1)?,
        crop: archive.get("in.A")?.shape.last().copied().unwrap_or_default(),
        networks,
        lambda_a: 10.0,
        lambda_b: 10.0,
        lambda_identity: archive.number("lambda_idt")? as f32,
        pool_size: 0,
    };
    let model = cyclegan::CycleGanModel::new(archive.device.clone(), settings, 0);
    replay(archive, &mut model.map_err(text)?, &["G_A", "G_B", "D_A", "D_B"])
}

fn text(e: ModelError) -> String {
    e.to_string()
}

/// Trains from the file's weights on its batches; the largest error among the losses. Every loss of the file has to be there.
fn replay(archive: &Archive, model: &mut dyn Model, networks: &[&str]) -> Result<f64, String> {
    for net in networks {
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
        let losses = model.losses().map_err(text)?;
        let wanted = archive.under(&format!("loss.{step}.")).len();
        if losses.len() != wanted {
            return Err(format!("{} losses, the file has {wanted}", losses.len()));
        }
        for (name, value) in losses {
            let want = archive.values(&format!("loss.{step}.{name}"))?;
            worst = worst.max(relative_error(&[value as f32], want));
        }
    }
    for net in networks {
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
