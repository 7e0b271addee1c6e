//! The geometry of a convolution, checked once and then passed to kernels as plain numbers.

use crate::activation::Activation;
use crate::error::OpError;

/// Kernel size is the weight's; these are the rest. Square strides and paddings only, as in both papers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvConfig {
    /// Step between windows.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
    /// Extra rows and columns at the lower right (transposed convolution only).
    pub output_padding: usize,
    /// Whether the weight and bias collect gradients; false for a frozen network.
    pub weight_grad: bool,
    /// Whether the input collects a gradient; false for images from disk.
    pub input_grad: bool,
    /// Whether instance norm ([`crate::instance_norm()`]) is applied to the output, bias included.
    pub instance_norm: bool,
    /// Applied to the output after that: ReLU or leaky ReLU where it is normalised.
    pub activation: Option<Activation>,
}

impl ConvConfig {
    /// Stride and padding; every gradient is collected.
    pub fn new(stride: usize, padding: usize) -> Self {
        Self {
            stride,
            padding,
            output_padding: 0,
            weight_grad: true,
            input_grad: true,
            instance_norm: false,
            activation: None,
        }
    }
}

/// A checked convolution from a *wide* side (the convolution's input) to a *narrow* side (its output). A transposed
/// convolution has the same geometry with the sides swapped: its input is the narrow side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeometry {
    /// Batch size.
    pub n: usize,
    /// Channels of the wide side.
    pub wide_c: usize,
    /// Height of the wide side.
    pub wide_h: usize,
    /// Width of the wide side.
    pub wide_w: usize,
    /// Channels of the narrow side.
    pub narrow_c: usize,
    /// Height of the narrow side.
    pub narrow_h: usize,
    /// Width of the narrow side.
    pub narrow_w: usize,
    /// Kernel side.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Zeros around the wide side.
    pub padding: usize,
}

impl ConvGeometry {
    /// Values of one narrow channel.
    pub fn narrow_len(&self) -> usize {
        self.narrow_h * self.narrow_w
    }

    /// Values of one wide channel.
    pub fn wide_len(&self) -> usize {
        self.wide_h * self.wide_w
    }

    /// Values under one window: `wide_c * kernel * kernel`.
    pub fn window(&self) -> usize {
        self.wide_c * self.kernel * self.kernel
    }

    /// Checks a convolution of `x` with a weight `[out, in, k, k]` and a bias `[out]`.
    ///
    /// # Errors
    /// [`OpError::Shape`] with the shapes.
    pub fn conv2d(
        x: (usize, usize, usize, usize),
        weight: [usize; 4],
        bias: Option<usize>,
        config: ConvConfig,
    ) -> Result<Self, OpError> {
        let op = "conv2d";
        let (n, c, h, w) = x;
        let [out, inp, kh, kw] = weight;
        check_common(op, x, weight, config)?;
        check_channels(op, x, (inp, out), bias)?;
        let (ph, pw) = (h + 2 * config.padding, w + 2 * config.padding);
        if ph < kh || pw < kw {
            return Err(OpError::shape(
                op,
                format!("the {kh}x{kw} kernel is larger than the padded input {ph}x{pw}"),
            ));
        }
        Ok(Self {
            n,
            wide_c: c,
            wide_h: h,
            wide_w: w,
            narrow_c: out,
            narrow_h: (ph - kh) / config.stride + 1,
            narrow_w: (pw - kw) / config.stride + 1,
            kernel: kh,
            stride: config.stride,
            padding: config.padding,
        })
    }

    /// Checks a transposed convolution of `x` with a weight `[in, out, k, k]` and a bias `[out]`.
    ///
    /// # Errors
    /// [`OpError::Shape`] with the shapes.
    pub fn conv_transpose2d(
        x: (usize, usize, usize, usize),
        weight: [usize; 4],
        bias: Option<usize>,
        config: ConvConfig,
    ) -> Result<Self, OpError> {
        let op = "conv_transpose2d";
        let (n, c, h, w) = x;
        let [inp, out, k, _] = weight;
        check_common(op, x, weight, config)?;
        check_channels(op, x, (inp, out), bias)?;
        if config.output_padding >= config.stride {
            let (o, s) = (config.output_padding, config.stride);
            return Err(OpError::shape(
                op,
                format!("output padding {o} must be smaller than the stride {s}"),
            ));
        }
        let side = |len: usize| {
            ((len - 1) * config.stride + k + config.output_padding).checked_sub(2 * config.padding)
        };
        match (side(h), side(w)) {
            (Some(wide_h), Some(wide_w)) if wide_h > 0 && wide_w > 0 => Ok(Self {
                n,
                wide_c: out,
                wide_h,
                wide_w,
                narrow_c: c,
                narrow_h: h,
                narrow_w: w,
                kernel: k,
                stride: config.stride,
                padding: config.padding,
            }),
            _ => Err(OpError::shape(
                op,
                format!("padding {} leaves nothing of the output", config.padding),
            )),
        }
    }
}

fn check_common(
    op: &'static str,
    x: (usize, usize, usize, usize),
    weight: [usize; 4],
    config: ConvConfig,
) -> Result<(), OpError> {
    if [x.0, x.1, x.2, x.3].contains(&0) || weight.contains(&0) {
        return Err(OpError::shape(
            op,
            format!("empty input {x:?} or weight {weight:?}"),
        ));
    }
    if weight[2] != weight[3] {
        return Err(OpError::shape(
            op,
            format!("the kernel {}x{} is not square", weight[2], weight[3]),
        ));
    }
    if config.stride == 0 {
        return Err(OpError::shape(op, "stride 0"));
    }
    Ok(())
}

/// Checks the input's channels and the bias against those that the weight takes and gives.
fn check_channels(
    op: &'static str,
    x: (usize, usize, usize, usize),
    (inp, out): (usize, usize),
    bias: Option<usize>,
) -> Result<(), OpError> {
    if inp != x.1 {
        let problem = format!("the weight takes {inp} channels, the input {x:?} has {}", x.1);
        return Err(OpError::shape(op, problem));
    }
    match bias {
        Some(b) if b != out => Err(OpError::shape(
            op,
            format!("a bias of {b} values for {out} output channels"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_usual_formulas() {
        let g = ConvGeometry::conv2d((1, 3, 256, 256), [64, 3, 4, 4], None, ConvConfig::new(2, 1)).unwrap();
        assert_eq!((g.narrow_h, g.narrow_w), (128, 128));
        let mut c = ConvConfig::new(2, 1);
        c.output_padding = 1;
        let g = ConvGeometry::conv_transpose2d((1, 8, 16, 10), [8, 4, 3, 3], Some(4), c).unwrap();
        assert_eq!((g.wide_c, g.wide_h, g.wide_w), (4, 32, 20));
    }

    #[test]
    fn every_misfit_is_an_error_that_names_the_shapes() {
        let c = ConvConfig::new(2, 1);
        let text = |r: Result<ConvGeometry, OpError>| r.unwrap_err().to_string();
        assert_eq!(
            text(ConvGeometry::conv2d((1, 3, 8, 8), [4, 2, 4, 4], None, c)),
            "conv2d: the weight takes 2 channels, the input (1, 3, 8, 8) has 3"
        );
        assert!(
            text(ConvGeometry::conv2d((1, 2, 1, 1), [4, 2, 4, 4], None, c))
                .contains("larger than the padded")
        );
        assert!(text(ConvGeometry::conv2d((1, 2, 8, 8), [4, 2, 4, 4], Some(3), c)).contains("bias of 3"));
        assert!(text(ConvGeometry::conv2d((0, 2, 8, 8), [4, 2, 4, 4], None, c)).contains("empty"));
        assert!(text(ConvGeometry::conv2d((1, 2, 8, 8), [4, 2, 4, 3], None, c)).contains("square"));
        assert!(
            text(ConvGeometry::conv_transpose2d(
                (1, 2, 1, 1),
                [2, 4, 1, 1],
                None,
                c
            ))
            .contains("nothing of the output")
        );
        let o = ConvConfig {
            output_padding: 2,
            ..c
        };
        assert!(
            text(ConvGeometry::conv_transpose2d(
                (1, 2, 4, 4),
                [2, 4, 4, 4],
                None,
                o
            ))
            .contains("output padding 2")
        );
    }
}
