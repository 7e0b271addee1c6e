//! The three products of a convolution, by cuDNN but for those of [`few`] and [`small`].

mod few;
mod small;
#[cfg(test)]
mod testing;

use dfdx::tensor::CudaError;

use super::cudnn::{Operands, Order, Pass};
use super::device::{Runtime, runtime};
use super::kernels::{Kernel, at, len, uint};
use super::memory::checked;
use super::queue::Product;
use crate::geometry::ConvGeometry;

/// Device addresses of a product's operands, in our order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) wide: u64,
    pub(crate) narrow: u64,
    pub(crate) filter: u64,
}

/// Values, channels and pixels (or taps) of an operand.
type Extent = (usize, usize, usize);

fn extents(g: &ConvGeometry) -> [Extent; 3] {
    [
        (g.n * g.wide_c * g.wide_len(), g.wide_c, g.wide_len()),
        (g.n * g.narrow_c * g.narrow_len(), g.narrow_c, g.narrow_len()),
        (g.narrow_c * g.window(), g.wide_c, g.kernel * g.kernel),
    ]
}

/// Puts a product on the stream; its result is overwritten, or added to where `accumulate`.
pub(crate) fn product(
    g: &ConvGeometry,
    pass: Pass,
    operands: Addresses,
    accumulate: bool,
) -> Result<(), CudaError> {
    let rt = runtime()?;
    let extents = extents(g);
    for (values, ..) in extents {
        checked(values)?;
    }
    if few::takes(g, pass) {
        return few::product(rt, g, pass, operands, accumulate);
    }
    if small::takes(g, pass) {
        return small::product(rt, g, pass, operands, accumulate);
    }
    let plan = rt.plan(g, pass)?;
    let workspace = rt.cudnn_space(plan.workspace)?;
    let given = [operands.wide, operands.narrow, operands.filter];
    let result = match pass {
        Pass::Narrow => 1,
        Pass::Widen => 0,
        Pass::Weight => 2,
    };
    if plan.order == Order::Pixels {
        return run(rt, plan.number, pass, given, workspace, accumulate);
    }
    let mut converted = [0; 3];
    for (i, (values, ..)) in extents.into_iter().enumerate() {
        converted[i] = rt.converted(i, values)?;
        if i != result {
            convert(
                rt,
                Kernel::PixelsToPlanes,
                extents[i],
                given[i],
                converted[i],
                true,
            )?;
        }
    }
    run(rt, plan.number, pass, converted, workspace, false)?;
    convert(
        rt,
        Kernel::PlanesToPixels,
        extents[result],
        converted[result],
        given[result],
        !accumulate,
    )
}

/// Copies an operand into another order; adds it to what is there unless that is fresh.
fn convert(
    rt: &Runtime,
    kernel: Kernel,
    (values, channels, pixels): Extent,
    from: u64,
    to: u64,
    fresh: bool,
) -> Result<(), CudaError> {
    rt.each(
        kernel,
        values,
        &[len(channels), len(pixels), at(from), uint(fresh), at(to)],
    )
}

fn run(
    rt: &Runtime,
    plan: usize,
    pass: Pass,
    [wide, narrow, filter]: [u64; 3],
    workspace: u64,
    accumulate: bool,
) -> Result<(), CudaError> {
    let operands = Operands {
        wide,
        narrow,
        filter,
        workspace,
    };
    rt.convolve(Product {
        plan,
        pass,
        operands,
        accumulate,
    })
}
