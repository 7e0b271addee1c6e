//! pix2pix's settings, out of a resolved experiment.

use diptych_domain::spec::ExperimentSpec;
use diptych_imgops::{GanMode, ImageDevice, OpError};

use crate::networks::patchgan::{PatchGan, PatchGanConfig};
use crate::networks::pixel::PixelGan;
use crate::networks::resnet::{ResNet, ResNetConfig};
use crate::networks::unet::{UNet, UNetConfig};
use crate::networks::{Discriminator, Generator, Init, Norm, ParamSet};
use crate::plugin::ModelError;
use crate::plugins::values::Values;

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

/// Everything that the model is built from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Channels of the input images.
    pub inp: usize,
    /// Channels of the output images.
    pub out: usize,
    /// The generator.
    pub generator: GeneratorKind,
    /// The discriminator.
    pub discriminator: DiscriminatorKind,
    /// Generator width.
    pub ngf: usize,
    /// Discriminator width.
    pub ndf: usize,
    /// The norm of both.
    pub norm: Norm,
    /// Dropout in the generator.
    pub dropout: bool,
    /// The GAN loss.
    pub gan_mode: GanMode,
    /// Weight of the L1 loss.
    pub lambda_l1: f32,
    /// Weight of the generator's GAN loss.
    pub lambda_gan: f32,
    /// Whether the discriminator sees the input.
    pub conditional: bool,
    /// Initialisation.
    pub init: Init,
    /// Its gain.
    pub init_gain: f32,
    /// Adam's learning rate to start with.
    pub lr: f64,
    /// Adam's first decay.
    pub beta1: f64,
    /// Adam's second decay.
    pub beta2: f64,
}

/// How often a side can be halved.
fn halvings(side: usize) -> usize {
    if side == 0 {
        0
    } else {
        side.trailing_zeros() as usize
    }
}

impl Settings {
    /// Reads a spec whose `params` are resolved.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where they are not, or where the encoder-decoder cannot be fitted to the crop size.
    pub fn from_spec(spec: &ExperimentSpec) -> Result<Self, ModelError> {
        let v = Values(&spec.params);
        let (inp, out) = spec.data.channels();
        let crop = spec.data.crop_size as usize;
        let generator = match v.word("generator")? {
            "encoder_decoder" => {
                let downs = halvings(crop).min(9);
                if downs < 2 {
                    return Err(ModelError::Setting {
                        key: "data.crop_size".into(),
                        value: crop.to_string(),
                        problem: "the encoder-decoder halves the image to its bottleneck; use a power of two such as 64, 128 or 256".into(),
                    });
                }
                GeneratorKind::EncoderDecoder(downs)
            }
            "resnet_6blocks" => GeneratorKind::ResNet(6),
            "resnet_9blocks" => GeneratorKind::ResNet(9),
            word => {
                let side = word
                    .strip_prefix("unet_")
                    .and_then(|s| s.parse().ok())
                    .unwrap_or(256usize);
                GeneratorKind::UNet(halvings(side))
            }
        };
        Ok(Self {
            inp,
            out,
            generator,
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
            gan_mode: if v.word("gan_mode")? == "lsgan" {
                GanMode::Lsgan
            } else {
                GanMode::Vanilla
            },
            lambda_l1: v.number("lambda_l1")? as f32,
            lambda_gan: v.number("lambda_gan")? as f32,
            conditional: v.flag("conditional")?,
            init: match v.word("init")? {
                "xavier" => Init::Xavier,
                "kaiming" => Init::Kaiming,
                "orthogonal" => Init::Orthogonal,
                _ => Init::Normal,
            },
            init_gain: v.number("init_gain")? as f32,
            lr: spec.optim.lr,
            beta1: spec.optim.beta1,
            beta2: spec.optim.beta2,
        })
    }

    /// Checks that both networks can take square crops of this side.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for `data.crop_size`, naming sizes that fit.
    pub fn check_size(&self, crop: usize) -> Result<(), ModelError> {
        let refuse = |problem: String| {
            Err(ModelError::Setting {
                key: "data.crop_size".into(),
                value: crop.to_string(),
                problem,
            })
        };
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

    /// Adds the generator's tensors to `params`.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn generator<D: ImageDevice>(&self, params: &mut ParamSet<D>) -> Result<Generator, OpError> {
        let unet = |downs, skips| UNetConfig {
            inp: self.inp,
            out: self.out,
            downs,
            ngf: self.ngf,
            norm: self.norm,
            dropout: self.dropout,
            skips,
        };
        Ok(match self.generator {
            GeneratorKind::UNet(downs) => Generator::UNet(UNet::new(params, unet(downs, true))?),
            GeneratorKind::EncoderDecoder(downs) => Generator::UNet(UNet::new(params, unet(downs, false))?),
            GeneratorKind::ResNet(blocks) => {
                let (inp, out, ngf, norm, dropout) = (self.inp, self.out, self.ngf, self.norm, self.dropout);
                Generator::ResNet(ResNet::new(
                    params,
                    ResNetConfig {
                        inp,
                        out,
                        ngf,
                        blocks,
                        norm,
                        dropout,
                    },
                )?)
            }
        })
    }

    /// Adds the discriminator's tensors to `params`.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn discriminator<D: ImageDevice>(&self, params: &mut ParamSet<D>) -> Result<Discriminator, OpError> {
        let inp = if self.conditional {
            self.inp + self.out
        } else {
            self.out
        };
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
