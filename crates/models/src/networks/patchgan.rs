//! The n-layer PatchGAN discriminator (SPEC section 4; pix2pix paper, section 3.2.2).

use dfdx::tensor::SplitTape;
use diptych_imgops::{Flow, ImageDevice, Images4, OpError};

use super::Norm;
use super::dual::Dual;
use super::layers::{Conv, ConvShape, LEAKY, NormLayer};
use super::params::ParamSet;
use super::pass::Pass;

/// What a PatchGAN is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchGanConfig {
    /// Input channels: for a conditional discriminator, those of input and output together.
    pub inp: usize,
    /// Channels after the first convolution; they double up to eight times this.
    pub ndf: usize,
    /// Layers of stride 2: receptive fields 16, 34, 70, 142, 286, 574 for 1 to 6.
    pub layers: usize,
    /// The norm.
    pub norm: Norm,
}

/// The network.
#[derive(Clone, Debug)]
pub struct PatchGan {
    first: Conv,
    middle: Vec<(Conv, NormLayer)>,
    last: Conv,
}

/// Side of the square of pixels that one logit sees: `9 * 2^n - 2`.
pub fn receptive_field(layers: usize) -> usize {
    9 * (1 << layers) - 2
}

impl PatchGan {
    /// Adds the network's tensors to `params`, in the public order.
    ///
    /// # Errors
    /// [`OpError::Shape`] for no layers or empty extents; [`OpError::Device`] where the device fails.
    pub fn new<D: ImageDevice>(params: &mut ParamSet<D>, c: PatchGanConfig) -> Result<Self, OpError> {
        if c.layers == 0 || c.inp == 0 || c.ndf == 0 {
            return Err(OpError::shape(
                "patchgan",
                format!("needs layers and channels, got {c:?}"),
            ));
        }
        let shape = ConvShape {
            inp: c.inp,
            out: c.ndf,
            kernel: 4,
            stride: 2,
            padding: 1,
            bias: true,
        };
        let first = Conv::new(params, "model.0", shape)?.first();
        let width = |i: usize| c.ndf << i.min(3);
        let mut middle = Vec::new();
        for i in 1..=c.layers {
            let (inp, out) = (width(i - 1), width(i));
            let stride = if i < c.layers { 2 } else { 1 };
            let shape = ConvShape {
                inp,
                out,
                kernel: 4,
                stride,
                padding: 1,
                bias: c.norm.conv_bias(),
            };
            let conv = Conv::new(params, &format!("model.{}", 3 * i - 1), shape)?;
            middle.push((
                conv,
                NormLayer::new(params, &format!("model.{}", 3 * i), c.norm, out)?,
            ));
        }
        let shape = ConvShape {
            inp: width(c.layers),
            out: 1,
            kernel: 4,
            stride: 1,
            padding: 1,
            bias: true,
        };
        let last = Conv::new(params, &format!("model.{}", 3 * c.layers + 2), shape)?;
        Ok(Self { first, middle, last })
    }

    /// Logits `[n, 1, h / 2^layers - 2, w / 2^layers - 2]`.
    ///
    /// # Errors
    /// [`OpError::Shape`] where the image is too small; [`OpError::Device`] where the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let mut y = self.first.forward(x, Some(LEAKY), pass)?;
        for (conv, norm) in &self.middle {
            y = norm.behind(Some(LEAKY), pass, |finish, pass| conv.forward(y, finish, pass))?;
        }
        self.last.forward(y, None, pass)
    }

    /// As [`super::Discriminator::derivative`].
    pub(crate) fn derivative<D: ImageDevice, V: Flow<D>, T: Flow<D>>(
        &self,
        x: Dual<D, V, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<(Images4<D, T>, V), OpError> {
        let mut y = self.first.dual(x, Some(LEAKY), pass)?;
        for (conv, norm) in &self.middle {
            y = conv.dual(y, None, pass)?;
            y = norm.dual(y, Some(LEAKY), pass)?;
        }
        // The value of the last layer is not needed, only the tape of the values before it.
        let (_, tape) = y.value.split_tape();
        Ok((self.last.tangent(y.tangent, pass)?, tape))
    }

    /// As [`super::Discriminator::is_curved`].
    pub(crate) fn is_curved(&self) -> bool {
        self.middle.iter().any(|(_, norm)| norm.is_curved())
    }
}
