//! How far a network looks: the square of input pixels that one output pixel depends on.

/// A layer's geometry along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A convolution of `kernel` taps.
    Conv {
        /// Taps.
        kernel: i64,
        /// Step in the input.
        stride: i64,
        /// Pixels added in front.
        padding: i64,
    },
    /// A transposed convolution of `kernel` taps.
    Transposed {
        /// Taps.
        kernel: i64,
        /// Step in the output.
        stride: i64,
        /// Pixels cut off in front.
        padding: i64,
    },
}

/// The side of the receptive field of a chain of layers, in the order in which data runs through them: the widest of any output
/// pixel, where layers that halve and double let it depend on the place. Norms are left out: instance norm and batch norm at
/// test time look at the whole image.
pub fn receptive_field(layers: &[Reach]) -> usize {
    let phases: i64 = layers
        .iter()
        .map(|l| match l {
            Reach::Conv { .. } => 1,
            Reach::Transposed { stride, .. } => *stride,
        })
        .product();
    let width = |at: i64| {
        let (mut from, mut to) = (at, at);
        for layer in layers.iter().rev() {
            (from, to) = match *layer {
                Reach::Conv {
                    kernel,
                    stride,
                    padding,
                } => (from * stride - padding, to * stride - padding + kernel - 1),
                // Output `o` gets input `i` through tap `o + padding - i * stride`.
                Reach::Transposed {
                    kernel,
                    stride,
                    padding,
                } => (
                    -((kernel - 1 - padding - from).div_euclid(stride)),
                    (to + padding).div_euclid(stride),
                ),
            };
        }
        to - from + 1
    };
    let widest = (0..phases.max(1)).map(width).max().unwrap_or(1);
    usize::try_from(widest).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(kernel: i64, stride: i64, padding: i64) -> Reach {
        Reach::Conv {
            kernel,
            stride,
            padding,
        }
    }

    #[test]
    fn convolutions_add_up() {
        assert_eq!(receptive_field(&[]), 1);
        assert_eq!(receptive_field(&[conv(7, 1, 3)]), 7);
        // The PatchGANs' well-known 16, 34 and 70.
        for (layers, expected) in [(1, 16), (2, 34), (3, 70)] {
            let mut chain = vec![conv(4, 2, 1); layers];
            chain.extend([conv(4, 1, 1); 2]);
            assert_eq!(receptive_field(&chain), expected);
        }
    }

    #[test]
    fn a_transposed_convolution_sees_as_many_inputs_as_taps_meet_one_output() {
        let up = |kernel, padding| Reach::Transposed {
            kernel,
            stride: 2,
            padding,
        };
        assert_eq!(receptive_field(&[up(4, 1)]), 2);
        // Three taps: odd outputs see two inputs, even ones one.
        assert_eq!(receptive_field(&[up(3, 1)]), 2);
        assert_eq!(receptive_field(&[conv(2, 2, 0), up(3, 1)]), 4);
    }
}
