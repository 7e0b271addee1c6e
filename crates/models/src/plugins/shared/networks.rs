//! Settings of generators and discriminators, out of a resolved experiment.

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{Params, Size};
use diptych_imgops::{AdamConfig, GanMode, ImageDevice, OpError, Upsampling};

use super::errors::setting;
use super::trained::Start;
use super::values::Values;
use crate::networks::patchgan::{PatchGan, PatchGanConfig};
use crate::networks::pixel::PixelGan;
use crate::networks::resnet::{ResNet, ResNetConfig, SIDE_MULTIPLE, SMALLEST_SIDE};
use crate::networks::unet::{UNet, UNetConfig, UNetDropout};
use crate::networks::{Discriminator, Generator, Init, Norm, ParamSet, Upscale, fitted_side};
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

impl GeneratorKind {
    /// What sides have to be multiples of, and the smallest one.
    fn sides(self) -> (usize, usize) {
        match self {
            Self::UNet(downs) | Self::EncoderDecoder(downs) => (1 << downs, 1 << downs),
            Self::ResNet(_) => (SIDE_MULTIPLE, SMALLEST_SIDE),
        }
    }
}

/// U-Nets halve no more often than this: 512 pixels to one.
const MOST_HALVINGS: usize = 9;

/// How often a side can be halved.
fn halvings(side: u32) -> usize {
    if side == 0 {
        0
    } else {
        side.trailing_zeros() as usize
    }
}

/// How often both sides can be halved.
fn common_halvings(size: Size) -> usize {
    halvings(size.width).min(halvings(size.height))
}

impl NetworkSettings {
    /// Reads a spec, and `params`: resolved, and with all of the networks' settings among them.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where they are not, or where the encoder-decoder cannot be fitted to the crop size.
    pub fn from_spec(spec: &ExperimentSpec, params: &Params) -> Result<Self, ModelError> {
        let v = Values(params);
        Ok(Self {
            generator: generator_kind(v.word("generator")?, spec.data.crop_size)?,
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

    /// The side that the generator works on where an image's is `side`.
    fn fitted_side(&self, side: u32) -> usize {
        let (multiple, smallest) = self.generator.sides();
        fitted_side(side as usize, multiple, smallest)
    }

    /// The size that the generator works on where that is not the crop's own: it continues images by reflection to the next
    /// multiple that it takes, and cuts its output back.
    pub fn padded(&self, crop: Size) -> Option<Size> {
        let side = |side| u32::try_from(self.fitted_side(side)).unwrap_or(u32::MAX);
        let fitted = Size {
            width: side(crop.width),
            height: side(crop.height),
        };
        (fitted != crop).then_some(fitted)
    }

    /// Checks that every network can take crops of this size.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for `data.crop_size`, naming sizes that fit.
    pub fn check_size(&self, crop: Size) -> Result<(), ModelError> {
        let refuse = |problem: String| Err(setting("data.crop_size", crop, problem));
        let shorter = crop.shorter() as usize;
        // Reflection does not repeat the edge, so it adds less than there is.
        if self.fitted_side(crop.shorter()) >= 2 * shorter {
            let (multiple, smallest) = self.generator.sides();
            let which = if crop.is_square() {
                "each side"
            } else {
                "the shorter side"
            };
            let other = match self.generator {
                GeneratorKind::UNet(_) => smaller_unet(crop),
                _ => None,
            };
            return refuse(format!(
                "the generator needs multiples of {multiple} and continues images to them by reflection, which cannot double \
                 them: use {smallest}, or {} or more, for {which}{}",
                smallest / 2 + 1,
                other.map_or_else(String::new, |side| format!("; or generator = \"unet_{side}\"")),
            ));
        }
        if let DiscriminatorKind::Patch(layers) = self.discriminator {
            // The output side is crop / 2^layers - 2.
            let smallest = 3 << layers;
            if shorter < smallest {
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

/// The largest U-Net that takes these crops: as they are, or else continued by reflection.
fn smaller_unet(crop: Size) -> Option<usize> {
    let as_it_is = 1 << common_halvings(crop).min(MOST_HALVINGS);
    let reflected = (crop.shorter() as usize)
        .next_power_of_two()
        .min(1 << MOST_HALVINGS);
    [as_it_is, reflected].into_iter().find(|side| *side >= 32)
}

fn generator_kind(word: &str, crop: Size) -> Result<GeneratorKind, ModelError> {
    Ok(match word {
        "encoder_decoder" => {
            let downs = common_halvings(crop).min(MOST_HALVINGS);
            if downs < 2 {
                return Err(setting(
                    "data.crop_size",
                    crop,
                    format!(
                        "the encoder-decoder halves the image to its bottleneck, and how often is read off the size, so that it \
                         is never padded: use a power of two such as {}",
                        nearest_power(crop.shorter())
                    ),
                ));
            }
            GeneratorKind::EncoderDecoder(downs)
        }
        "resnet_6blocks" => GeneratorKind::ResNet(6),
        "resnet_9blocks" => GeneratorKind::ResNet(9),
        word => {
            let side = word.strip_prefix("unet_").and_then(|s| s.parse().ok());
            GeneratorKind::UNet(halvings(side.unwrap_or(256)))
        }
    })
}

/// The power of two, 32 at least, that is nearest to `side`; the larger of two.
fn nearest_power(side: u32) -> u32 {
    let above = side.clamp(32, 1 << 14).next_power_of_two();
    let below = (above / 2).max(32);
    if side.abs_diff(below) < side.abs_diff(above) {
        below
    } else {
        above
    }
}
