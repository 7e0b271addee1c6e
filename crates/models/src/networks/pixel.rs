//! The pixel discriminator: 1x1 convolutions, receptive field 1 (SPEC section 4).

use dfdx::tensor::SplitTape;
use diptych_imgops::{Flow, ImageDevice, Images4, OpError};

use super::Norm;
use super::dual::Dual;
use super::layers::{Conv, ConvShape, LEAKY, NormLayer};
use super::params::ParamSet;
use super::pass::Pass;

/// The network.
#[derive(Clone, Debug)]
pub struct PixelGan {
    first: Conv,
    second: Conv,
    norm: NormLayer,
    last: Conv,
}

impl PixelGan {
    /// Adds the network's tensors to `params`, in the public order; `inp` channels in, `ndf` after the first layer.
    ///
    /// # Errors
    /// [`OpError::Shape`] for empty extents; [`OpError::Device`] where the device fails.
    pub fn new<D: ImageDevice>(
        params: &mut ParamSet<D>,
        inp: usize,
        ndf: usize,
        norm: Norm,
    ) -> Result<Self, OpError> {
        if inp == 0 || ndf == 0 {
            return Err(OpError::shape(
                "pixelgan",
                format!("needs channels, got {inp} in and {ndf} inside"),
            ));
        }
        let one = |inp, out, bias| ConvShape {
            inp,
            out,
            kernel: 1,
            stride: 1,
            padding: 0,
            bias,
        };
        let bias = norm.conv_bias();
        let first = Conv::new(params, "net.0", one(inp, ndf, true))?.first();
        let second = Conv::new(params, "net.2", one(ndf, 2 * ndf, bias))?;
        let layer = NormLayer::new(params, "net.3", norm, 2 * ndf)?;
        // The reference gives the last layer a bias only under instance norm.
        let last = Conv::new(params, "net.5", one(2 * ndf, 1, bias))?;
        Ok(Self {
            first,
            second,
            norm: layer,
            last,
        })
    }

    /// Logits `[n, 1, h, w]`.
    ///
    /// # Errors
    /// [`OpError::Device`] where the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let y = self.first.forward(x, Some(LEAKY), pass)?;
        let y = self.norm.behind(Some(LEAKY), pass, |finish, pass| {
            self.second.forward(y, finish, pass)
        })?;
        self.last.forward(y, None, pass)
    }

    /// As [`super::Discriminator::derivative`].
    pub(crate) fn derivative<D: ImageDevice, V: Flow<D>, T: Flow<D>>(
        &self,
        x: Dual<D, V, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<(Images4<D, T>, V), OpError> {
        let y = self.first.dual(x, Some(LEAKY), pass)?;
        let y = self.second.dual(y, None, pass)?;
        let y = self.norm.dual(y, Some(LEAKY), pass)?;
        let (_, tape) = y.value.split_tape();
        Ok((self.last.tangent(y.tangent, pass)?, tape))
    }

    /// As [`super::Discriminator::is_curved`].
    pub(crate) fn is_curved(&self) -> bool {
        self.norm.is_curved()
    }
}
