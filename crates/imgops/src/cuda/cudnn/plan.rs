//! How cuDNN is told a convolution, as plain numbers, and which of its offers is taken.

use super::library::Offer;
use crate::arithmetic::{Arithmetic, Precision};
use crate::geometry::ConvGeometry;

/// cuDNN's numbers.
pub(super) const FLOAT: i32 = 0;
/// A cross-correlation: kernels are not turned around.
pub(super) const CROSS_CORRELATION: i32 = 1;

/// Arithmetic that may round operands to TF32 where the device has it.
pub(super) const DEFAULT_MATH: i32 = 0;
/// Arithmetic on tensor cores.
const TENSOR_MATH: i32 = 1;
/// Arithmetic that may round operands to f16.
const CONVERTING_MATH: i32 = 2;
/// Plain f32 arithmetic.
pub(super) const FMA_MATH: i32 = 3;

/// The three products of a convolution, in the order of the library's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pass {
    /// Narrow images from wide ones and the weight: `cudnnConvolutionForward`.
    Narrow,
    /// Wide images from narrow ones and the weight: `cudnnConvolutionBackwardData`.
    Widen,
    /// The weight's gradient from wide and narrow images: `cudnnConvolutionBackwardFilter`.
    Weight,
}

/// The order of images and weights that a plan runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Ours: `[n, h, w, c]` images, `[narrow, k, k, wide]` weights.
    Pixels,
    /// `[n, c, h, w]` and `[narrow, wide, k, k]`; operands are converted before and results after. For what cuDNN does not
    /// offer otherwise.
    Planes,
}

impl Order {
    /// cuDNN's number.
    pub(super) fn number(self) -> i32 {
        match self {
            Self::Planes => 0,
            Self::Pixels => 1,
        }
    }
}

/// A convolution in cuDNN's terms: extents are `[n, c, h, w]` whatever the order in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extents {
    /// x of the forward pass.
    pub(super) wide: [i32; 4],
    /// y of the forward pass.
    pub(super) narrow: [i32; 4],
    /// `[k, c, r, s]`.
    pub(super) filter: [i32; 4],
    /// On either side, in both directions.
    pub(super) padding: i32,
    /// In both directions.
    pub(super) stride: i32,
}

impl Extents {
    /// `None` where an extent is beyond what cuDNN counts.
    pub(super) fn of(g: &ConvGeometry) -> Option<Self> {
        let int = |v: usize| i32::try_from(v).ok();
        let all = |v: [usize; 4]| Some([int(v[0])?, int(v[1])?, int(v[2])?, int(v[3])?]);
        Some(Self {
            wide: all([g.n, g.wide_c, g.wide_h, g.wide_w])?,
            narrow: all([g.n, g.narrow_c, g.narrow_h, g.narrow_w])?,
            filter: all([g.narrow_c, g.wide_c, g.kernel, g.kernel])?,
            padding: int(g.padding)?,
            stride: int(g.stride)?,
        })
    }
}

/// The most work space a plan may take, in bytes.
const WORKSPACE: usize = 512 << 20;

/// The offers that can be used under the options, in their order.
pub(super) fn usable(offers: &[Offer], options: Arithmetic) -> Vec<Offer> {
    let fits = |o: &&Offer| {
        let exact = match options.precision {
            // "Default" is no more than what the plan then sets.
            Precision::F32 => ![TENSOR_MATH, CONVERTING_MATH].contains(&o.math),
            Precision::Tf32 => o.math != CONVERTING_MATH,
        };
        o.status == 0 && exact && o.workspace <= WORKSPACE && (options.fast || o.deterministic == 1)
    };
    offers.iter().filter(fits).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::ConvConfig;

    fn offer(algorithm: i32, status: i32, deterministic: i32, math: i32, workspace: usize) -> Offer {
        Offer {
            algorithm,
            status,
            deterministic,
            math,
            workspace,
            ..Offer::default()
        }
    }

    /// Every convolution's geometry must be one that cuDNN derives itself: `(wide + 2 p - k) / s + 1` on each side.
    #[test]
    fn narrow_sides_are_those_that_cudnn_derives_in_both_directions() {
        let mut seen = 0;
        for kernel in 1..8usize {
            for stride in 1..4 {
                for padding in 0..kernel {
                    for side in 1..12 {
                        let mut config = ConvConfig::new(stride, padding);
                        let shape = [2, 3, kernel, kernel];
                        let mut found =
                            vec![ConvGeometry::conv2d((1, 3, side, side + 1), shape, None, config)];
                        for extra in 0..stride {
                            config.output_padding = extra;
                            found.push(ConvGeometry::conv_transpose2d(
                                (1, 2, side, side + 1),
                                shape,
                                None,
                                config,
                            ));
                        }
                        for g in found.into_iter().flatten() {
                            let e = Extents::of(&g).unwrap();
                            for axis in [2, 3] {
                                let derived = (e.wide[axis] + 2 * e.padding - e.filter[axis]) / e.stride + 1;
                                assert_eq!(derived, e.narrow[axis], "{g:?}");
                            }
                            assert_eq!([e.filter[0], e.filter[1]], [e.narrow[1], e.wide[1]]);
                            seen += 1;
                        }
                    }
                }
            }
        }
        assert!(seen > 1000, "{seen}");
    }

    #[test]
    fn offers_that_fail_or_do_not_repeat_or_round_more_than_asked_are_passed_over() {
        let offers = [
            offer(0, 3000, 1, FMA_MATH, 0),
            offer(1, 0, 0, DEFAULT_MATH, 0),
            offer(2, 0, 1, CONVERTING_MATH, 0),
            offer(3, 0, 1, DEFAULT_MATH, WORKSPACE + 1),
            offer(6, 0, 1, TENSOR_MATH, 0),
            offer(4, 0, 1, DEFAULT_MATH, 10),
            offer(5, 0, 1, FMA_MATH, 0),
        ];
        let options = |precision, fast| Arithmetic { precision, fast };
        let found = |o| -> Vec<i32> { usable(&offers, o).iter().map(|o| o.algorithm).collect() };
        assert_eq!(found(options(Precision::Tf32, false)), [6, 4, 5]);
        assert_eq!(found(options(Precision::Tf32, true)), [1, 6, 4, 5]);
        assert_eq!(found(options(Precision::F32, false)), [4, 5]);
        assert_eq!(usable(&offers[2..5], options(Precision::F32, true)), []);
    }
}
