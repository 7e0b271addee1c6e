//! Products with a narrow side of very few channels, which cuDNN is slow at: an image's three at the end of a ResNet generator,
//! and the one of a PatchGAN's verdicts.
//!
//! On an H100, cuDNN 9.19 takes 2.75 ms for the gradient of a 7x7 weight from 64 to 3 channels at 256 pixels, a third of a
//! CycleGAN step, and 43 us for a PatchGAN's last layer.

use dfdx::tensor::CudaError;

use super::Addresses;
use crate::cuda::cudnn::Pass;
use crate::cuda::device::Runtime;
use crate::cuda::kernels::{Kernel, at, len, uint};
use crate::cuda::memory::checked;
use crate::geometry::ConvGeometry;

/// TAPS of `kernels.cu`.
const TAPS: usize = 7;
/// LANES there.
const LANES: usize = 64;
/// GROUPS there.
const GROUPS: usize = 4;
/// The most narrow channels.
const FEW: usize = 4;
/// With more narrow values than this, cuDNN is as fast.
const MOST_VALUES: usize = 4096;
/// With windows of fewer values than this, threads have nothing to do.
const SMALLEST_WINDOW: usize = 1024;

/// Whether a product is done here.
pub(super) fn takes(g: &ConvGeometry, pass: Pass) -> bool {
    let few = g.narrow_c <= FEW;
    match pass {
        Pass::Weight => few && g.kernel == TAPS && g.stride == 1 && g.wide_c >= LANES / 4,
        Pass::Narrow => {
            few && g.wide_c.is_multiple_of(4)
                && g.window() >= SMALLEST_WINDOW
                && g.n * g.narrow_len() * g.narrow_c <= MOST_VALUES
        }
        Pass::Widen => false,
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
    let sides = [g.narrow_h, g.narrow_w, g.wide_h, g.wide_w, g.wide_c].map(len);
    if pass == Pass::Narrow {
        let taps = [g.kernel, g.stride, g.padding].map(len);
        let addresses = [
            at(operands.wide),
            at(operands.filter),
            uint(!accumulate),
            at(operands.narrow),
        ];
        let all = [&[len(g.narrow_c)][..], &sides, &taps, &addresses].concat();
        let values = (g.n * g.narrow_len() * g.narrow_c) as u32;
        return rt.launch(Kernel::NarrowOfFew, [values, 1, 1], &all);
    }
    let (rows, values) = (g.n * g.narrow_h, g.narrow_c * g.window());
    // Enough blocks to fill the device four times, and no more parts of the gradient than that makes.
    let tiles = g.wide_c.div_ceil(LANES);
    let parts = (4 * rt.processors as usize / (TAPS * tiles)).clamp(1, rows.div_ceil(GROUPS));
    let each = rows.div_ceil(parts * GROUPS);
    let parts = rows.div_ceil(each * GROUPS);
    let partial = rt.converted(2, checked(parts * values)?)?;
    let rest = [len(g.padding), len(each), len(g.narrow_c)];
    let addresses = [operands.wide, operands.narrow, partial].map(at);
    let all = [&[len(rows)][..], &sides, &rest, &addresses].concat();
    rt.launch(
        Kernel::WeightsOfFew,
        [parts as u32, TAPS as u32, tiles as u32],
        &all,
    )?;
    let rest = [len(parts), at(partial), uint(!accumulate), at(operands.filter)];
    rt.each(Kernel::Fold, values, &rest)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, agrees_with_the_cpu, geometry};
    use super::*;
    use crate::cuda::kernels::{SOURCE, THREADS};

    const CASES: [Case; 7] = [
        (false, (2, 16, 9, 10), 3, 7, 1, 0),
        (false, (1, 70, 5, 8), 1, 7, 1, 3),
        (false, (1, 20, 8, 7), 4, 7, 1, 2),
        (false, (3, 64, 12, 7), 2, 7, 1, 3),
        (false, (2, 64, 6, 7), 1, 4, 1, 1),
        (false, (1, 128, 7, 9), 3, 3, 2, 1),
        (true, (2, 2, 3, 4), 64, 4, 2, 1),
    ];

    #[test]
    fn kernels_have_the_same_sizes() {
        let defined = |text: &str| SOURCE.contains(&format!("#define {text}\n"));
        assert!(defined(&format!("TAPS {TAPS}")) && defined(&format!("LANES {LANES}")));
        assert!(defined("GROUPS (THREADS / LANES)"));
        assert_eq!(GROUPS * LANES, THREADS as usize);
    }

    #[test]
    fn such_products_are_the_cpus() {
        for case in CASES {
            let g = geometry(case);
            assert!(takes(&g, Pass::Weight) || takes(&g, Pass::Narrow), "{case:?}");
            agrees_with_the_cpu(case);
        }
    }

    #[test]
    fn others_are_left_to_cudnn() {
        for (case, pass) in [
            ((false, (1, 64, 30, 30), 3, 7, 2, 0), Pass::Weight),
            ((false, (1, 64, 30, 30), 5, 7, 1, 0), Pass::Weight),
            ((false, (1, 3, 30, 30), 3, 7, 1, 0), Pass::Weight),
            ((false, (16, 512, 31, 31), 1, 4, 1, 1), Pass::Narrow),
            ((false, (1, 64, 31, 31), 1, 3, 1, 1), Pass::Narrow),
            ((false, (1, 66, 9, 9), 1, 4, 1, 1), Pass::Narrow),
            ((false, (1, 64, 9, 9), 1, 7, 1, 0), Pass::Widen),
        ] {
            assert!(!takes(&geometry(case), pass), "{case:?}");
        }
    }
}
