//! The networks of both papers, generic over the device, with the public checkpoints' tensor names.

pub mod init;
pub mod layers;
pub mod params;
pub mod pass;
pub mod patchgan;
pub mod pixel;
pub mod receptive;
pub mod resnet;
pub mod unet;

use diptych_imgops::{Flow, ImageDevice, Images4, OpError};

pub use init::Init;
pub use params::ParamSet;
pub use pass::{Pass, Statistics};

use patchgan::PatchGan;
use pixel::PixelGan;
use resnet::ResNet;
use unet::UNet;

/// How a network normalises (SPEC section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Batch norm with learnt scale and shift; convolutions in front have no bias.
    Batch,
    /// Instance norm without parameters; convolutions in front have a bias.
    Instance,
    /// None; convolutions have no bias either, as in the reference.
    None,
}

impl Norm {
    /// Whether a convolution in front of this norm carries a bias.
    pub fn conv_bias(self) -> bool {
        self == Self::Instance
    }
}

/// A generator.
#[derive(Clone, Debug)]
pub enum Generator {
    /// U-Net or encoder-decoder.
    UNet(UNet),
    /// ResNet.
    ResNet(ResNet),
}

impl Generator {
    /// Translates `[n, in, h, w]` to `[n, out, h, w]`, in (-1, 1).
    ///
    /// # Errors
    /// Where the input does not fit, or the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        match self {
            Self::UNet(net) => net.forward(x, pass),
            Self::ResNet(net) => net.forward(x, pass),
        }
    }

    /// The side of the square of input pixels that an output pixel depends on, norms aside.
    pub fn receptive_field(&self) -> usize {
        match self {
            Self::UNet(net) => net.receptive_field(),
            Self::ResNet(net) => net.receptive_field(),
        }
    }

    /// Input sides must be multiples of this.
    pub fn side_multiple(&self) -> usize {
        match self {
            Self::UNet(net) => net.side_multiple(),
            Self::ResNet(_) => 4,
        }
    }
}

/// A discriminator.
#[derive(Clone, Debug)]
pub enum Discriminator {
    /// Patches.
    Patch(PatchGan),
    /// Single pixels.
    Pixel(PixelGan),
}

impl Discriminator {
    /// Scores `[n, in, h, w]`: logits `[n, 1, h', w']`, one a patch.
    ///
    /// # Errors
    /// Where the input does not fit, or the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        match self {
            Self::Patch(net) => net.forward(x, pass),
            Self::Pixel(net) => net.forward(x, pass),
        }
    }
}
