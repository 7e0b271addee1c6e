//! The U-Net generator and, with its skips cut, the encoder-decoder (SPEC section 2; pix2pix paper, section 6.1.1).

use dfdx::shapes::HasShape;
use dfdx::tensor::WithEmptyTape;
use diptych_imgops::{Activation, Flow, ImageDevice, Images4, OpError, dropout};

use super::Norm;
use super::layers::{Conv, ConvShape, Finish, LEAKY, NormLayer, Up, Upscale};
use super::params::ParamSet;
use super::pass::{Pass, Statistics};
use super::receptive::{Reach, receptive_field};

/// Which decoder levels have dropout 0.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UNetDropout {
    /// None.
    Off,
    /// As in the public reference: those between the widest levels, but not the innermost one. That are three of the eight of
    /// a U-Net for 256 pixels, two of seven for 128, none below 64.
    Reference,
    /// As in the paper and its own code: the three that come first after the bottleneck, the innermost one among them.
    Paper,
}

impl UNetDropout {
    /// Whether the decoder half of `level` of `downs`, counted from the outermost, drops.
    fn at(self, level: usize, downs: usize) -> bool {
        match self {
            Self::Off => false,
            Self::Reference => level >= 4 && level + 1 < downs,
            Self::Paper => level > 0 && level + 3 >= downs,
        }
    }
}

/// What a U-Net is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UNetConfig {
    /// Input channels.
    pub inp: usize,
    /// Output channels.
    pub out: usize,
    /// How often the image is halved: 8 for 256 pixels. At least 2.
    pub downs: usize,
    /// Channels after the first halving; they double up to eight times this.
    pub ngf: usize,
    /// The norm.
    pub norm: Norm,
    /// Where dropout is.
    pub dropout: UNetDropout,
    /// How the decoder doubles the image's sides. The innermost level, which starts from a single pixel where the U-Net fits the
    /// image, always does it by a transposed convolution.
    pub upscale: Upscale,
    /// Whether encoder outputs are handed to the decoder; false for the encoder-decoder.
    pub skips: bool,
}

/// One level: down, the inner level, up.
#[derive(Clone, Debug)]
struct Level {
    down: Conv,
    down_norm: NormLayer,
    up: Up,
    up_norm: NormLayer,
    dropout: bool,
}

/// The network, outermost level first.
#[derive(Clone, Debug)]
pub struct UNet {
    config: UNetConfig,
    levels: Vec<Level>,
}

impl UNet {
    /// Adds the network's tensors to `params`, in the public order: a level's encoder half, the inner levels, its decoder
    /// half.
    ///
    /// # Errors
    /// [`OpError::Shape`] for fewer than two levels or empty extents; [`OpError::Device`] where the device fails.
    pub fn new<D: ImageDevice>(params: &mut ParamSet<D>, config: UNetConfig) -> Result<Self, OpError> {
        if config.downs < 2 || config.ngf == 0 || config.inp == 0 || config.out == 0 {
            return Err(OpError::shape(
                "unet",
                format!("needs two levels and channels, got {config:?}"),
            ));
        }
        let levels = Self::build(params, &config, 0, "model.model")?;
        Ok(Self { config, levels })
    }

    /// Channels on the outer side of a level's down convolution's output.
    fn width(config: &UNetConfig, level: usize) -> usize {
        config.ngf << level.min(3)
    }

    fn build<D: ImageDevice>(
        params: &mut ParamSet<D>,
        config: &UNetConfig,
        level: usize,
        prefix: &str,
    ) -> Result<Vec<Level>, OpError> {
        let (outermost, innermost) = (level == 0, level + 1 == config.downs);
        let inner = Self::width(config, level);
        let (inp, outer) = if outermost {
            (config.inp, config.out)
        } else {
            let c = Self::width(config, level - 1);
            (c, c)
        };
        let bias = config.norm.conv_bias();
        let down = ConvShape {
            inp,
            out: inner,
            kernel: 4,
            stride: 2,
            padding: 1,
            bias,
        };
        // Positions in the reference's nn.Sequential: activations count, which is why they skip numbers.
        let at = |outer_position: usize, other: usize| if outermost { outer_position } else { other };
        let mut down = Conv::new(params, &format!("{prefix}.{}", at(0, 1)), down)?;
        if outermost {
            down = down.first();
        }
        let down_norm = if outermost || innermost {
            NormLayer::none()
        } else {
            NormLayer::new(params, &format!("{prefix}.2"), config.norm, inner)?
        };
        let rest = if innermost {
            Vec::new()
        } else {
            Self::build(params, config, level + 1, &format!("{prefix}.{}.model", at(1, 3)))?
        };
        let joined = if innermost || !config.skips {
            inner
        } else {
            2 * inner
        };
        let up = ConvShape {
            inp: joined,
            out: outer,
            kernel: 4,
            stride: 2,
            padding: 1,
            bias: bias || outermost,
        };
        let up_at = if innermost { 3 } else { at(3, 5) };
        // What comes of upsampling a single pixel is the same everywhere, and a norm over it is zero.
        let upscale = if innermost {
            Upscale::Transposed
        } else {
            config.upscale
        };
        let (up, norm_at) = Up::new(params, prefix, up_at, up, 0, upscale)?;
        let up_norm = if outermost {
            NormLayer::none()
        } else {
            NormLayer::new(params, &format!("{prefix}.{norm_at}"), config.norm, outer)?
        };
        let mut levels = vec![Level {
            down,
            down_norm,
            up,
            up_norm,
            dropout: config.dropout.at(level, config.downs),
        }];
        levels.extend(rest);
        Ok(levels)
    }

    /// The side of the square of input pixels that an output pixel depends on through the innermost level.
    pub fn receptive_field(&self) -> usize {
        let (kernel, stride, padding) = (4, 2, 1);
        let down = Reach::Conv {
            kernel,
            stride,
            padding,
        };
        let mut chain = vec![down; self.config.downs];
        chain.extend(self.levels.iter().rev().flat_map(|level| level.up.reach()));
        receptive_field(&chain)
    }

    /// Input sides must be multiples of this.
    pub fn side_multiple(&self) -> usize {
        1 << self.config.downs
    }

    /// Translates `[n, in, h, w]` to `[n, out, h, w]`, in (-1, 1).
    ///
    /// # Errors
    /// [`OpError::Shape`] where a side is not a multiple of `2^downs`; [`OpError::Device`] where the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let (_, _, h, w) = *x.shape();
        let multiple = self.side_multiple();
        if h % multiple != 0 || w % multiple != 0 {
            let problem = format!(
                "{} levels need sides that are multiples of {multiple}, got {w}x{h}",
                self.levels.len()
            );
            return Err(OpError::shape("unet", problem));
        }
        let y = self.levels[0].down.forward(x, Some(LEAKY), pass)?;
        let y = self.inner(1, y, pass)?;
        y.up(&self.levels[0].up, Some(Activation::Tanh), pass)
    }

    /// Level `level` and all inside it, with the skip around them. Takes images that leaky ReLU has been applied to. The skip may
    /// be one of them, for the ReLU behind the concatenation sees no difference.
    fn inner<D: ImageDevice, T: Flow<D>>(
        &self,
        level: usize,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Inner<D, T>, OpError> {
        let l = &self.levels[level];
        let skip = self.config.skips.then(|| x.with_empty_tape());
        let y = if level + 1 < self.levels.len() {
            let y = l
                .down_norm
                .behind(Some(LEAKY), pass, |finish, pass| l.down.forward(x, finish, pass))?;
            self.inner(level + 1, y, pass)?
        } else {
            Inner::activated(l.down.forward(x, Some(Activation::Relu), pass)?)
        };
        let activation = skip.is_none().then_some(Activation::Relu);
        let mut y = l
            .up_norm
            .behind(activation, pass, |finish, pass| y.up(&l.up, finish, pass))?;
        // Dropout scales by something positive: before or after ReLU is the same.
        if l.dropout && pass.statistics != Statistics::Eval {
            y = dropout(y, 0.5, pass.dropout_seed())?;
        }
        Ok(Inner { skip, y })
    }
}

/// What comes out of a level: with a skip, both halves of its channels before their ReLU; without, the images after it.
struct Inner<D: ImageDevice, T> {
    skip: Option<Images4<D, T>>,
    y: Images4<D, T>,
}

impl<D: ImageDevice, T: Flow<D>> Inner<D, T> {
    fn activated(y: Images4<D, T>) -> Self {
        Self { skip: None, y }
    }

    /// The decoder half of the level around it.
    fn up(self, up: &Up, finish: impl Into<Finish>, pass: &Pass<'_, D>) -> Result<Images4<D, T>, OpError> {
        match self.skip {
            Some(skip) => up.forward_skip(skip, self.y, finish, pass),
            None => up.forward(self.y, finish, pass),
        }
    }
}
