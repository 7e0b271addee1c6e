//! Whole networks: value, gradients of `mean(out * weights)` for the input and every parameter, running statistics.

use dfdx::shapes::HasShape;
use dfdx::tensor::{OwnedTape, Trace};
use diptych_domain::{NamedTensor, TensorData};
use diptych_imgops::testing::TestDevice;
use diptych_imgops::{AdamConfig, Images4, OpError, Upsampling, backward, weighted_mean};
use diptych_models::networks::patchgan::{PatchGan, PatchGanConfig};
use diptych_models::networks::pixel::PixelGan;
use diptych_models::networks::resnet::{ResNet, ResNetConfig};
use diptych_models::networks::unet::{UNet, UNetConfig, UNetDropout};
use diptych_models::networks::{Discriminator, Generator, Norm, ParamSet, Pass, Statistics, Upscale};
use diptych_models::optimiser::Adam;

use crate::archive::{Archive, relative_error};

/// Any network.
pub enum Net {
    Generator(Generator),
    Discriminator(Discriminator),
}

pub fn norm(word: &str) -> Result<Norm, String> {
    match word {
        "batch" => Ok(Norm::Batch),
        "instance" => Ok(Norm::Instance),
        "none" => Ok(Norm::None),
        _ => Err(format!("norm {word} is not understood")),
    }
}

/// Builds `UNet(inp, out, downs, ngf, norm)`, `ResNet(inp, out, ngf, blocks, norm)`, `PatchGAN(inp, ndf, layers, norm)`
/// or `PixelGAN(inp, ndf, norm)`.
pub fn build(
    params: &mut ParamSet<TestDevice>,
    kind: &str,
    args: &[&str],
    upscale: Upscale,
) -> Result<Net, String> {
    let number = |i: usize| -> Result<usize, String> {
        args.get(i)
            .and_then(|a| a.parse().ok())
            .ok_or_else(|| format!("argument {i} of {kind}{args:?}"))
    };
    let norm = norm(args.last().ok_or("a network without arguments")?)?;
    let text = |e: OpError| e.to_string();
    Ok(match kind {
        "UNet" => {
            let (inp, out, downs, ngf) = (number(0)?, number(1)?, number(2)?, number(3)?);
            let config = UNetConfig {
                inp,
                out,
                downs,
                ngf,
                norm,
                dropout: UNetDropout::Off,
                upscale,
                skips: true,
            };
            Net::Generator(Generator::UNet(UNet::new(params, config).map_err(text)?))
        }
        "ResNet" => {
            let (inp, out, ngf, blocks) = (number(0)?, number(1)?, number(2)?, number(3)?);
            let config = ResNetConfig {
                inp,
                out,
                ngf,
                blocks,
                norm,
                dropout: false,
                upscale,
            };
            Net::Generator(Generator::ResNet(ResNet::new(params, config).map_err(text)?))
        }
        "PatchGAN" => {
            let (inp, ndf, layers) = (number(0)?, number(1)?, number(2)?);
            let net = PatchGan::new(
                params,
                PatchGanConfig {
                    inp,
                    ndf,
                    layers,
                    norm,
                },
            )
            .map_err(text)?;
            Net::Discriminator(Discriminator::Patch(net))
        }
        "PixelGAN" => {
            let net = PixelGan::new(params, number(0)?, number(1)?, norm).map_err(text)?;
            Net::Discriminator(Discriminator::Pixel(net))
        }
        _ => return Err(format!("network {kind} is not understood")),
    })
}

fn values(t: &NamedTensor) -> &[f32] {
    match &t.data {
        TensorData::F32(v) => v,
        TensorData::I64(_) => &[],
    }
}

/// An optimiser that changes nothing. With beta1 = 0 its first moment after one update is the gradient itself: a public way
/// to read it.
pub const READING: AdamConfig = AdamConfig {
    lr: 0.0,
    beta1: 0.0,
    beta2: 0.0,
    eps: 1e-8,
};

/// The largest error among the gradients that the file has for parameters; `adam` has just made an update with ours.
pub fn gradients(
    archive: &Archive,
    params: &ParamSet<TestDevice>,
    adam: &Adam<TestDevice>,
) -> Result<f64, String> {
    let mut worst = 0.0f64;
    let wanted = archive.under("grad.");
    // A bias in front of an instance norm has a true gradient of zero: what both sides compute is rounding, to be judged
    // against the size of the network's other gradients.
    let scale = wanted
        .iter()
        .flat_map(values)
        .fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
    for want in wanted.iter().filter(|t| t.name != "x") {
        let got = adam
            .read(params, &format!("m.{}", want.name))
            .map_err(|e| e.to_string())?;
        let cancelled =
            want.name.ends_with(".bias") && values(want).iter().all(|v| f64::from(v.abs()) < 1e-6 * scale);
        let error = if cancelled {
            values(&got).iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs()))) / scale
        } else {
            relative_error(values(&got), values(want))
        };
        if error > crate::OP_TOLERANCE {
            crate::say(&format!("  {}: gradient error {error:.2e}", want.name));
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

pub fn run(archive: &Archive) -> Result<f64, String> {
    let (kind, args) = archive.network("net")?;
    let mut params = ParamSet::new(archive.device.clone());
    let upscale = match archive.text("upsampling") {
        Err(_) => Upscale::Transposed,
        Ok("nearest") => Upscale::Resize(Upsampling::Nearest),
        Ok("bilinear") => Upscale::Resize(Upsampling::Bilinear),
        Ok(other) => return Err(format!("upsampling {other} is not understood")),
    };
    let net = build(&mut params, kind, &args, upscale)?;
    params
        .write_all(&archive.under("net."))
        .map_err(|e| e.to_string())?;
    let text = |e: OpError| e.to_string();
    let mut adam = Adam::new(&mut params, READING).map_err(text)?;
    let grads = adam.lend(&params).map_err(text)?;
    let x = archive.images("in.x")?;
    let mut pass = Pass::new(&mut params, Statistics::Train, true, 0);
    pass.input_grad = true;
    let input: Images4<TestDevice, OwnedTape<f32, TestDevice>> = x.trace(grads);
    let y = match &net {
        Net::Generator(g) => g.forward(input, &mut pass),
        Net::Discriminator(d) => d.forward(input, &mut pass),
    }
    .map_err(text)?;
    let (a, b, c, d) = *y.shape();
    if archive.get("out")?.shape != [a, b, c, d] {
        return Err(format!(
            "output shape {:?} for {:?}",
            y.shape(),
            archive.get("out")?.shape
        ));
    }
    let mut worst = relative_error(&y.as_vec(), archive.values("out")?);
    let loss = weighted_mean(y, &archive.images("in.weights")?, 1.0).map_err(text)?;
    let grads = backward(loss).map_err(text)?;
    worst = worst.max(relative_error(&grads.get(&x).as_vec(), archive.values("grad.x")?));
    adam.collect(&params, grads).map_err(text)?;
    adam.step(&mut params).map_err(text)?;
    worst = worst.max(gradients(archive, &params, &adam)?);
    for want in archive.under("end.") {
        let index = params
            .find(&want.name)
            .ok_or_else(|| format!("no tensor {}", want.name))?;
        worst = worst.max(relative_error(values(&params.read(index)), values(&want)));
    }
    Ok(worst)
}
