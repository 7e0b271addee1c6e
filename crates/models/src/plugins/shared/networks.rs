//! Settings of generators and discriminators, out of a resolved experiment.

use diptych_domain::Params;
use diptych_domain::spec::ExperimentSpec;
use diptych_imgops::{AdamConfig, GanMode, ImageDevice, OpError, Upsampling};

use super::errors::setting;
use super::trained::Start;
use super::values::Values;
use crate::networks::patchgan::{PatchGan, PatchGanConfig};
use crate::networks::pixel::PixelGan;
use crate::networks::resnet::{ResNet, ResNetConfig};
use crate::networks::unet::{UNet, UNetConfig, UNetDropout};
use crate::networks::{Discriminator, Generator, Init, Norm, ParamSet, Upscale};
use crate::plugin::ModelError;

/// A generator's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratorKind {
    /// A U-Net that halves this often.
    UNet(usize),
    /// The U-Net without skips.
    EncoderDecoder(usize),
    /// A ResNet with so many blocks.
    ResNet(usize),
}

/// A discriminator's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscriminatorKind {
    /// A PatchGAN with so many layers of stride 2.
    Patch(usize),
    /// 1x1 convolutions.
    Pixel,
}

/// What networks are built from and how they are trained.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSettings {
    /// Every generator.
    pub generator: GeneratorKind,
    /// Every discriminator.
    pub discriminator: DiscriminatorKind,
    /// Generator width.
    pub ngf: usize,
    /// Discriminator width.
    pub ndf: usize,
    /// The norm of all.
    pub norm: Norm,
    /// Dropout in generators.
    pub dropout: bool,
    /// Whether U-Nets have it where the paper says, not where the reference does. The encoder-decoder, which the reference does
    /// not have, always follows the paper.
    pub paper_dropout: bool,
    /// How generators double sides.
    pub upscale: Upscale,
    /// The GAN loss.
    pub gan_mode: GanMode,
    /// Weight of the gradient penalty that goes with [`GanMode::Wgan`].
    pub lambda_gp: f32,
    /// Initialisation.
    pub init: Init,
    /// Its gain.
    pub init_gain: f32,
    /// Adam's settings to start with.
    pub adam: AdamConfig,
}

/// How often a side can be halved.
fn halvings(side: usize) -> usize {
    if side == 0 {
        0
    } else {
        side.trailing_zeros() as usize
    }
}

impl NetworkSettings {
    /// Reads a spec, and `params`: resolved, and with all of the networks' settings among them.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where they are not, or where the encoder-decoder cannot be fitted to the crop size.
    pub fn from_spec(spec: &ExperimentSpec, params: &Params) -> Result<Self, ModelError> {
        let v = Values(params);
        Ok(Self {
            generator: generator_kind(v.word("generator")?, spec.data.crop_size as usize)?,
            discriminator: match v.word("discriminator")? {
                "pixel" => DiscriminatorKind::Pixel,
                _ => DiscriminatorKind::Patch(v.count("n_layers")?),
            },
            ngf: v.count("ngf")?,
            ndf: v.count("ndf")?,
            norm: match v.word("norm")? {
                "batch" => Norm::Batch,
                "instance" => Norm::Instance,
                _ => Norm::None,
            },
            dropout: v.flag("dropout")?,
            paper_dropout: v.word("dropout_levels")? == "paper",
            upscale: match v.word("upsampling")? {
                "nearest" => Upscale::Resize(Upsampling::Nearest),
                "bilinear" => Upscale::Resize(Upsampling::Bilinear),
                _ => Upscale::Transposed,
            },
            gan_mode: match v.word("gan_mode")? {
                "lsgan" => GanMode::Lsgan,
                "wgangp" => GanMode::Wgan,
                _ => GanMode::Vanilla,
            },
            lambda_gp: v.number("lambda_gp")? as f32,
            init: match v.word("init")? {
                "xavier" => Init::Xavier,
                "kaiming" => Init::Kaiming,
                "orthogonal" => Init::Orthogonal,
                _ => Init::Normal,
            },
            init_gain: v.number("init_gain")? as f32,
            adam: AdamConfig {
                lr: spec.optim.lr,
                beta1: spec.optim.beta1,
                beta2: spec.optim.beta2,
                eps: 1e-8,
            },
        })
    }

    /// How each network starts.
    pub fn start(&self) -> Start {
        let (init, init_gain, adam) = (self.init, self.init_gain, self.adam);
        Start {
            init,
            init_gain,
            adam,
        }
    }

    /// The weight of the gradient penalty, where there is one.
    pub fn penalty(&self) -> Option<f32> {
        (self.gan_mode == GanMode::Wgan && self.lambda_gp > 0.0).then_some(self.lambda_gp)
    }

    /// Checks that every network can take square crops of this side.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for `data.crop_size`, naming sizes that fit.
    pub fn check_size(&self, crop: usize) -> Result<(), ModelError> {
        let refuse = |problem: String| Err(setting("data.crop_size", crop, problem));
        let multiple = match self.generator {
            GeneratorKind::UNet(downs) | GeneratorKind::EncoderDecoder(downs) => 1 << downs,
            GeneratorKind::ResNet(_) => 4,
        };
        if crop == 0 || !crop.is_multiple_of(multiple) {
            let below = crop / multiple * multiple;
            let near = if below > 0 {
                format!("{below} or {}", below + multiple)
            } else {
                multiple.to_string()
            };
            // A smaller U-Net may fit the crop as it is.
            let smaller = halvings(crop).min(9);
            let other = match self.generator {
                GeneratorKind::UNet(_) if smaller >= 5 => {
                    format!("; or generator = \"unet_{}\"", 1 << smaller)
                }
                _ => String::new(),
            };
            return refuse(format!(
                "the generator needs a multiple of {multiple}: use {near}{other}"
            ));
        }
        if let DiscriminatorKind::Patch(layers) = self.discriminator {
            // The output side is crop / 2^layers - 2.
            let smallest = 3 << layers;
            if crop < smallest {
                return refuse(format!(
                    "a PatchGAN of {layers} layers needs at least {smallest} pixels; use fewer params.n_layers or a larger crop"
                ));
            }
        }
        Ok(())
    }

    /// Adds the tensors of a generator from `inp` to `out` channels to `params`.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn generator<D: ImageDevice>(
        &self,
        params: &mut ParamSet<D>,
        inp: usize,
        out: usize,
    ) -> Result<Generator, OpError> {
        let (ngf, norm, dropout, upscale) = (self.ngf, self.norm, self.dropout, self.upscale);
        let unet = |downs, skips: bool| UNetConfig {
            inp,
            out,
            downs,
            ngf,
            norm,
            dropout: match (dropout, self.paper_dropout || !skips) {
                (false, _) => UNetDropout::Off,
                (true, false) => UNetDropout::Reference,
                (true, true) => UNetDropout::Paper,
            },
            upscale,
            skips,
        };
        Ok(match self.generator {
            GeneratorKind::UNet(downs) => Generator::UNet(UNet::new(params, unet(downs, true))?),
            GeneratorKind::EncoderDecoder(downs) => Generator::UNet(UNet::new(params, unet(downs, false))?),
            GeneratorKind::ResNet(blocks) => Generator::ResNet(ResNet::new(
                params,
                ResNetConfig {
                    inp,
                    out,
                    ngf,
                    blocks,
                    norm,
                    dropout,
                    upscale,
                },
            )?),
        })
    }

    /// Adds the tensors of a discriminator of `inp` channels to `params`.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn discriminator<D: ImageDevice>(
        &self,
        params: &mut ParamSet<D>,
        inp: usize,
    ) -> Result<Discriminator, OpError> {
        let (ndf, norm) = (self.ndf, self.norm);
        Ok(match self.discriminator {
            DiscriminatorKind::Patch(layers) => Discriminator::Patch(PatchGan::new(
                params,
                PatchGanConfig {
                    inp,
                    ndf,
                    layers,
                    norm,
                },
            )?),
            DiscriminatorKind::Pixel => Discriminator::Pixel(PixelGan::new(params, inp, ndf, norm)?),
        })
    }
}

fn generator_kind(word: &str, crop: usize) -> Result<GeneratorKind, ModelError> {
    Ok(match word {
        "encoder_decoder" => {
            let downs = halvings(crop).min(9);
            if downs < 2 {
                return Err(setting(
                    "data.crop_size",
                    crop,
                    "the encoder-decoder halves the image to its bottleneck; use a power of two such as 64, 128 or 256",
                ));
            }
            GeneratorKind::EncoderDecoder(downs)
        }
        "resnet_6blocks" => GeneratorKind::ResNet(6),
        "resnet_9blocks" => GeneratorKind::ResNet(9),
        word => {
            let side = word.strip_prefix("unet_").and_then(|s| s.parse().ok());
            GeneratorKind::UNet(halvings(side.unwrap_or(256usize)))
        }
    })
}
