//! The networks of both papers, generic over the device, with the public checkpoints' tensor names.

mod dual;
pub mod init;
pub mod layers;
pub mod params;
pub mod pass;
pub mod patchgan;
pub mod pixel;
pub mod receptive;
pub mod resnet;
pub mod unet;

use dfdx::shapes::HasShape;
use dfdx::tensor::{NoneTape, PutTape, SplitTape};
use diptych_imgops::{Flow, ImageDevice, Images4, OpError, fit};

use dual::Dual;
pub use init::Init;
pub use layers::Upscale;
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

/// What turns images into images: a generator, a discriminator, or a network of one's own.
pub trait Network {
    /// The output for `x` `[n, c, h, w]`, on the tape of `x` if it has one.
    ///
    /// # Errors
    /// [`OpError::Shape`] where the input does not fit; [`OpError::Device`] where the device fails.
    fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError>;
}

impl Network for Generator {
    fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        self.forward(x, pass)
    }
}

impl Network for Discriminator {
    fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        self.forward(x, pass)
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
    /// Translates `[n, in, h, w]` to `[n, out, h, w]`, in (-1, 1), for any `h` and `w`: sides that the network does not take are
    /// continued by reflection ([`Generator::fitted_side`]), and the output is cut back.
    ///
    /// # Errors
    /// Where the channels do not fit, the input is empty, or the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let (_, _, h, w) = *x.shape();
        let size = (self.fitted_side(h), self.fitted_side(w));
        let x = if pass.input_grad {
            fit(x, size)?
        } else {
            let (x, tape) = x.split_tape();
            fit::<D, NoneTape>(x, size)?.put_tape(tape)
        };
        let y = match self {
            Self::UNet(net) => net.forward(x, pass)?,
            Self::ResNet(net) => net.forward(x, pass)?,
        };
        fit(y, (h, w))
    }

    /// The side that the network works on where an image's is `side`: the next multiple that it takes.
    pub fn fitted_side(&self, side: usize) -> usize {
        match self {
            Self::UNet(net) => fitted_side(side, net.side_multiple(), net.side_multiple()),
            Self::ResNet(_) => fitted_side(side, resnet::SIDE_MULTIPLE, resnet::SMALLEST_SIDE),
        }
    }

    /// The side of the square of input pixels that an output pixel depends on, norms aside.
    pub fn receptive_field(&self) -> usize {
        match self {
            Self::UNet(net) => net.receptive_field(),
            Self::ResNet(net) => net.receptive_field(),
        }
    }
}

/// The next multiple of `multiple` that is `side` and `smallest` or more.
pub(crate) fn fitted_side(side: usize, multiple: usize, smallest: usize) -> usize {
    side.max(smallest).next_multiple_of(multiple)
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

    /// How the logits change, in first order, where the image `x` changes along `tangent` of the same shape. Also gives the
    /// tape of the values on the way, which is to be run backwards together with that of the result: derivatives of norms
    /// depend on them. Where no layer [is curved](Self::is_curved) they may go without a tape.
    ///
    /// # Errors
    /// Where the input does not fit, or the device fails.
    pub fn derivative<D: ImageDevice, V: Flow<D>, T: Flow<D>>(
        &self,
        x: Images4<D, V>,
        tangent: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<(Images4<D, T>, V), OpError> {
        let x = Dual { value: x, tangent };
        match self {
            Self::Patch(net) => net.derivative(x, pass),
            Self::Pixel(net) => net.derivative(x, pass),
        }
    }

    /// Whether the derivative changes with the input other than in jumps: not so for convolutions and leaky ReLU alone.
    pub fn is_curved(&self) -> bool {
        match self {
            Self::Patch(net) => net.is_curved(),
            Self::Pixel(net) => net.is_curved(),
        }
    }
}

#[cfg(test)]
mod tests;
