//! Training traces of pix2pix and CycleGAN: the models that their files describe.

use diptych_domain::Size;
use diptych_imgops::{AdamConfig, GanMode};
use diptych_models::networks::{Init, Norm, Upscale};
use diptych_models::plugins::shared::{DiscriminatorKind, GeneratorKind, NetworkSettings};
use diptych_models::plugins::{cyclegan, pix2pix};

use crate::archive::Archive;
use crate::replay::{Agreement, compare};

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
        paper_dropout: false,
        upscale: Upscale::Transposed,
        lambda_gp: 0.0,
        gan_mode: match archive.text("gan_mode") {
            Ok("vanilla") => GanMode::Vanilla,
            // CycleGAN's files do not say: the reference's step knows no other.
            Ok("lsgan") | Err(_) => GanMode::Lsgan,
            // The reference's critic goes without a penalty.
            Ok("wgangp") => GanMode::Wgan,
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

pub fn pix2pix(archive: &Archive) -> Result<Agreement, String> {
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
    compare(archive, &["G", "D"], || {
        let model = pix2pix::Pix2PixModel::new(archive.device.clone(), settings.clone(), 0)?;
        Ok(Box::new(model))
    })
}

pub fn cyclegan(archive: &Archive) -> Result<Agreement, String> {
    let (networks, g, _) = networks(archive)?;
    let side = |axis: usize| -> Result<u32, String> {
        let shape = &archive.get("in.A")?.shape;
        Ok(shape.get(axis).map_or(0, |side| *side as u32))
    };
    let settings = cyclegan::Settings {
        channels_a: number(&g, 0)?,
        channels_b: number(&g, 1)?,
        crop: Size {
            width: side(3)?,
            height: side(2)?,
        },
        networks,
        lambda_gan: 1.0,
        lambda_a: 10.0,
        lambda_b: 10.0,
        lambda_identity: archive.number("lambda_idt")? as f32,
        pool_size: 0,
    };
    compare(archive, &["G_A", "G_B", "D_A", "D_B"], || {
        let model = cyclegan::CycleGanModel::new(archive.device.clone(), settings.clone(), 0)?;
        Ok(Box::new(model))
    })
}
