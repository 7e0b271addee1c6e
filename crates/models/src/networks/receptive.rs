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
    use dfdx::tensor::Cpu;
    use diptych_imgops::{Upsampling, upload_images};

    use super::*;
    use crate::networks::Norm;
    use crate::networks::init::{Init, initialise};
    use crate::networks::layers::Upscale;
    use crate::networks::params::ParamSet;
    use crate::networks::pass::{Pass, Statistics};
    use crate::networks::resnet::{ResNet, ResNetConfig};

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

    /// A network's field as it is: how far apart the columns are that one output column depends on.
    #[test]
    fn generators_see_as_far_as_they_say() {
        const SIDE: usize = 64;
        for upscale in [Upscale::Transposed, Upscale::Resize(Upsampling::Nearest)] {
            let device = Cpu::default();
            let mut params = ParamSet::new(device.clone());
            let config = ResNetConfig {
                inp: 1,
                out: 1,
                ngf: 2,
                blocks: 1,
                norm: Norm::None,
                dropout: false,
                upscale,
            };
            let net = ResNet::new(&mut params, config).unwrap();
            initialise(&mut params, Init::Normal, 0.5, 1).unwrap();
            let mut apply = |column: Option<usize>| {
                let pixels: Vec<f32> = (0..16 * SIDE)
                    .map(|i| (i * 37 % 101) as f32 / 101.0 + if Some(i % SIDE) == column { 0.5 } else { 0.0 })
                    .collect();
                let x = upload_images(&device, &pixels, (1, 1, 16, SIDE)).unwrap();
                let mut pass = Pass::new(&mut params, Statistics::Eval, false, 0);
                net.forward(x, &mut pass).unwrap().as_vec()
            };
            let plain = apply(None);
            let changed: Vec<Vec<bool>> = (0..SIDE)
                .map(|column| {
                    let out = apply(Some(column));
                    let differs = |x: usize| (0..16).any(|y| out[y * SIDE + x] != plain[y * SIDE + x]);
                    (0..SIDE).map(differs).collect()
                })
                .collect();
            // Away from the borders, which reflect.
            let seen = |x: usize| {
                let first = (0..SIDE).find(|c| changed[*c][x]).unwrap();
                let last = (0..SIDE).rfind(|c| changed[*c][x]).unwrap();
                last - first + 1
            };
            let widest = (SIDE / 2 - 2..SIDE / 2 + 2).map(seen).max().unwrap();
            assert_eq!(net.receptive_field(), widest, "{upscale:?}");
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
