//! The ResNet generator (SPEC section 3; Johnson et al. 2016, as in the CycleGAN paper's appendix).

use dfdx::shapes::HasShape;
use dfdx::tensor::WithEmptyTape;
use diptych_imgops::{Activation, Flow, ImageDevice, Images4, OpError, add_images, dropout};

use super::Norm;
use super::layers::{Conv, ConvShape, NormLayer, Up, Upscale};
use super::params::ParamSet;
use super::pass::{Pass, Statistics};
use super::receptive::{Reach, receptive_field};

/// Input sides must be multiples of this: they are halved twice.
pub const SIDE_MULTIPLE: usize = 4;
/// Sides may not be shorter than this: the blocks' reflection padding needs two pixels.
pub const SMALLEST_SIDE: usize = 8;

/// What a ResNet generator is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResNetConfig {
    /// Input channels.
    pub inp: usize,
    /// Output channels.
    pub out: usize,
    /// Channels after the first convolution.
    pub ngf: usize,
    /// Residual blocks: 6 for 128 pixels, 9 for 256.
    pub blocks: usize,
    /// The norm.
    pub norm: Norm,
    /// Dropout 0.5 in every block.
    pub dropout: bool,
    /// How the two last layers but one double the image's sides.
    pub upscale: Upscale,
}

#[derive(Clone, Debug)]
struct Stage {
    conv: Conv,
    /// Pixels that mirror the input around it.
    border: usize,
    norm: NormLayer,
}

impl Stage {
    /// The output, added to `skip` if there is one.
    fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        activation: Option<Activation>,
        mut skip: Option<Images4<D, T>>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let y = self.norm.behind(activation, pass, |finish, pass| {
            if self.border == 0 {
                return self.conv.forward(x, finish, pass);
            }
            match skip.take_if(|_| finish.is_all()) {
                Some(skip) => self.conv.forward_residual(skip, x, self.border, finish, pass),
                None => self.conv.forward_reflected(x, self.border, finish, pass),
            }
        })?;
        match skip {
            Some(skip) => add_images(skip, y),
            None => Ok(y),
        }
    }
}

/// The network.
#[derive(Clone, Debug)]
pub struct ResNet {
    dropout: bool,
    head: Vec<Stage>,
    blocks: Vec<[Stage; 2]>,
    ups: Vec<(Up, NormLayer)>,
    last: Conv,
}

impl ResNet {
    /// Adds the network's tensors to `params`, in the public order.
    ///
    /// # Errors
    /// [`OpError::Shape`] for empty extents; [`OpError::Device`] where the device fails.
    pub fn new<D: ImageDevice>(params: &mut ParamSet<D>, c: ResNetConfig) -> Result<Self, OpError> {
        if c.inp == 0 || c.out == 0 || c.ngf == 0 {
            return Err(OpError::shape("resnet", format!("needs channels, got {c:?}")));
        }
        let bias = c.norm.conv_bias();
        let (ngf, wide) = (c.ngf, c.ngf * 4);
        let mut head = Vec::new();
        for (at, inp, out, kernel, stride, padding) in [
            (1, c.inp, ngf, 7, 1, 0),
            (4, ngf, 2 * ngf, 3, 2, 1),
            (7, 2 * ngf, wide, 3, 2, 1),
        ] {
            let shape = ConvShape {
                inp,
                out,
                kernel,
                stride,
                padding,
                bias,
            };
            let conv = Conv::new(params, &format!("model.{at}"), shape)?;
            let conv = if at == 1 { conv.first() } else { conv };
            head.push(Stage {
                conv,
                border: if at == 1 { 3 } else { 0 },
                norm: NormLayer::new(params, &format!("model.{}", at + 1), c.norm, out)?,
            });
        }
        let shape = ConvShape {
            inp: wide,
            out: wide,
            kernel: 3,
            stride: 1,
            padding: 0,
            bias,
        };
        let mut blocks = Vec::new();
        for i in 0..c.blocks {
            let name = format!("model.{}.conv_block", 10 + i);
            let second = if c.dropout { 6 } else { 5 };
            let mut stage = |at: usize| {
                let conv = Conv::new(params, &format!("{name}.{at}"), shape)?;
                let norm = NormLayer::new(params, &format!("{name}.{}", at + 1), c.norm, wide)?;
                Ok::<_, OpError>(Stage {
                    conv,
                    border: 1,
                    norm,
                })
            };
            blocks.push([stage(1)?, stage(second)?]);
        }
        let mut ups = Vec::new();
        let mut at = 10 + c.blocks;
        for inp in [wide, 2 * ngf] {
            let shape = ConvShape {
                inp,
                out: inp / 2,
                kernel: 3,
                stride: 2,
                padding: 1,
                bias,
            };
            let (up, norm_at) = Up::new(params, "model", at, shape, 1, c.upscale)?;
            let norm = NormLayer::new(params, &format!("model.{norm_at}"), c.norm, inp / 2)?;
            ups.push((up, norm));
            at = norm_at + 2; // the norm and ReLU
        }
        let shape = ConvShape {
            inp: ngf,
            out: c.out,
            kernel: 7,
            stride: 1,
            padding: 0,
            bias: true,
        };
        // Reflection padding comes first and has a number, too.
        let last = Conv::new(params, &format!("model.{}", at + 1), shape)?;
        Ok(Self {
            dropout: c.dropout,
            head,
            blocks,
            ups,
            last,
        })
    }

    /// The side of the square of input pixels that an output pixel depends on.
    pub fn receptive_field(&self) -> usize {
        let conv = |kernel, stride, padding| Reach::Conv {
            kernel,
            stride,
            padding,
        };
        let mut chain = vec![conv(7, 1, 3), conv(3, 2, 1), conv(3, 2, 1)];
        chain.extend(vec![conv(3, 1, 1); 2 * self.blocks.len()]);
        chain.extend(self.ups.iter().flat_map(|(up, _)| up.reach()));
        chain.push(conv(7, 1, 3));
        receptive_field(&chain)
    }

    /// Translates `[n, in, h, w]` to `[n, out, h, w]`, in (-1, 1).
    ///
    /// # Errors
    /// [`OpError::Shape`] where a side is not a multiple of 4; [`OpError::Device`] where the device fails.
    pub fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        let (_, _, h, w) = *x.shape();
        if h % SIDE_MULTIPLE != 0 || w % SIDE_MULTIPLE != 0 {
            return Err(OpError::shape(
                "resnet",
                format!("needs sides that are multiples of 4, got {w}x{h}"),
            ));
        }
        let relu = Some(Activation::Relu);
        let mut y = x;
        for stage in &self.head {
            y = stage.forward(y, relu, None, pass)?;
        }
        for [first, second] in &self.blocks {
            let skip = y.with_empty_tape();
            y = first.forward(y, relu, None, pass)?;
            if self.dropout && pass.statistics != Statistics::Eval {
                y = dropout(y, 0.5, pass.dropout_seed())?;
            }
            y = second.forward(y, None, Some(skip), pass)?;
        }
        for (up, norm) in &self.ups {
            y = norm.behind(relu, pass, |finish, pass| up.forward(y, finish, pass))?;
        }
        self.last.forward_reflected(y, 3, Some(Activation::Tanh), pass)
    }
}
