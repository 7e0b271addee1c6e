//! Products whose narrow images have very few pixels in all, such as those in the middle of a U-Net at batch size 1: they are
//! done as soon as their weight, of tens of megabytes, has been read.
//!
//! On an H100, cuDNN 9.19 takes 21 us for a narrow side and 29 to 51 us for a wide one where reading the weight takes 6 or 11;
//! these take 6 to 13 and 11 to 28.

use dfdx::tensor::CudaError;

use super::Addresses;
use crate::cuda::cudnn::Pass;
use crate::cuda::device::Runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::checked;
use crate::geometry::ConvGeometry;

/// The most pixels for a wide side: PIXELS of `kernels.cu`.
const PIXELS: usize = 16;
/// The most pixels for a narrow side, NARROW_PIXELS there: at 16, cuDNN is faster.
const NARROW_PIXELS: usize = 4;
/// CHUNK there.
const CHUNK: usize = 32;
/// TILE there, in values.
const TILE: usize = 64;

/// Whether a product is done here.
pub(super) fn takes(g: &ConvGeometry, pass: Pass) -> bool {
    let pixels = |most| g.n * g.narrow_len() <= most && g.wide_c.is_multiple_of(4);
    let doubled = g.wide_h == 2 * g.narrow_h && g.wide_w == 2 * g.narrow_w;
    match pass {
        Pass::Narrow => pixels(NARROW_PIXELS),
        Pass::Widen => pixels(PIXELS) && doubled && (g.kernel, g.stride, g.padding) == (4, 2, 1),
        Pass::Weight => false,
    }
}

/// Puts such a product on the stream.
pub(super) fn product(
    rt: &Runtime,
    g: &ConvGeometry,
    pass: Pass,
    operands: Addresses,
    accumulate: bool,
) -> Result<(), CudaError> {
    let pixels = g.n * g.narrow_len();
    let [count, channels, nh, nw, wh, ww, c, taps, stride, padding] = [
        pixels, g.narrow_c, g.narrow_h, g.narrow_w, g.wide_h, g.wide_w, g.wide_c, g.kernel, g.stride,
        g.padding,
    ]
    .map(len);
    let [wide, filter, narrow] = [operands.wide, operands.filter, operands.narrow].map(at);
    let fresh = uint(!accumulate);
    if pass == Pass::Narrow {
        let all = [
            count, channels, nh, nw, wh, ww, c, taps, stride, padding, wide, filter, fresh, narrow,
        ];
        let pairs = g.narrow_c.div_ceil(2) as u32;
        return rt.launch(Kernel::NarrowOfFewPixels, [pairs, 1, 1], &all);
    }
    let (parts, values) = (g.narrow_c.div_ceil(CHUNK), 4 * pixels * g.wide_c);
    let partial = at(rt.converted(0, checked(parts * values)?)?);
    let all = [count, channels, nh, nw, c, narrow, filter, partial];
    let grid = [g.wide_c.div_ceil(TILE) as u32, parts as u32, 1];
    rt.launch(Kernel::WidenOfFewPixels, grid, &all)?;
    rt.each(Kernel::Fold, values, &[len(parts), partial, fresh, wide])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, agrees_with_the_cpu, geometry};
    use super::*;
    use crate::cuda::kernels::{SOURCE, THREADS};

    const CASES: [Case; 8] = [
        (false, (1, 8, 2, 2), 5, 4, 2, 1),
        (false, (1, 68, 4, 4), 6, 4, 2, 1),
        (false, (1, 4, 8, 8), 70, 4, 2, 1),
        (false, (2, 12, 4, 2), 33, 4, 2, 1),
        (false, (1, 4, 2, 2), 3, 3, 1, 1),
        (true, (1, 40, 1, 1), 8, 4, 2, 1),
        (true, (3, 65, 1, 2), 132, 4, 2, 1),
        (true, (1, 33, 4, 4), 4, 4, 2, 1),
    ];

    #[test]
    fn kernels_have_the_same_sizes() {
        let defined = |name: &str, value: usize| SOURCE.contains(&format!("#define {name} {value}\n"));
        assert!(defined("PIXELS", PIXELS) && defined("NARROW_PIXELS", NARROW_PIXELS));
        assert!(defined("CHUNK", CHUNK) && SOURCE.contains("#define TILE (THREADS / 16)\n"));
        assert_eq!(TILE, 4 * THREADS as usize / 16);
    }

    #[test]
    fn such_products_are_the_cpus() {
        for case in CASES {
            let g = geometry(case);
            assert!(takes(&g, Pass::Narrow) || takes(&g, Pass::Widen), "{case:?}");
            agrees_with_the_cpu(case);
        }
    }

    #[test]
    fn others_are_left_to_cudnn() {
        for (case, pass) in [
            ((false, (1, 8, 8, 10), 4, 4, 2, 1), Pass::Narrow),
            ((false, (1, 6, 4, 4), 4, 4, 2, 1), Pass::Narrow),
            ((false, (1, 8, 5, 4), 4, 4, 2, 1), Pass::Widen),
            ((false, (1, 8, 4, 4), 4, 3, 1, 1), Pass::Widen),
            ((false, (1, 8, 4, 4), 4, 4, 2, 1), Pass::Weight),
        ] {
            assert!(!takes(&geometry(case), pass), "{case:?}");
        }
        assert!(takes(&geometry(CASES[5]), Pass::Widen));
    }
}
