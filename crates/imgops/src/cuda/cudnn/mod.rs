//! Convolutions by cuDNN. What is decided about one (descriptors, algorithm, work space) is kept for its shape.
#![allow(unsafe_code)] // calls into cuDNN with descriptors that are kept as long as the handle

mod library;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ffi::c_void;

use library::{Descriptor, Functions, Handle, Offer};
use plan::{CROSS_CORRELATION, DEFAULT_MATH, Extents, FLOAT, FMA_MATH, usable};
pub(crate) use plan::{Order, Pass};

use super::driver::{self, Block, MAIN, Stream};
use super::problem::CudaProblem;
use crate::arithmetic::{Arithmetic, Precision};
use crate::geometry::ConvGeometry;

/// Timed runs of an algorithm that is tried.
const TRIALS: usize = 5;

/// cuDNN on one device, with the plans made so far.
pub(crate) struct Cudnn {
    functions: Functions,
    handle: Handle,
    options: Arithmetic,
    plans: Vec<Plan>,
    known: HashMap<(ConvGeometry, Pass), usize>,
}

// SAFETY: cuDNN's handle and descriptors may be used from any thread, by one at a time; the owner is behind a mutex, and plans
// never leave it.
unsafe impl Send for Cudnn {}

/// What a caller needs to know of a decided product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    /// Its number.
    pub(crate) number: usize,
    /// The order that it runs on.
    pub(crate) order: Order,
    /// Bytes of work space.
    pub(crate) workspace: usize,
}

/// A decided product; kept as long as the process.
struct Plan {
    order: Order,
    workspace: usize,
    algorithm: i32,
    wide: Descriptor,
    narrow: Descriptor,
    filter: Descriptor,
    convolution: Descriptor,
}

/// Device addresses of a product's operands; the one that the pass makes is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operands {
    pub(crate) wide: u64,
    pub(crate) narrow: u64,
    pub(crate) filter: u64,
    pub(crate) workspace: u64,
}

impl Cudnn {
    /// Opens the library and makes a handle on the bound device's default stream, which is dfdx's.
    pub(crate) fn new(options: Arithmetic) -> Result<Self, CudaProblem> {
        let functions = Functions::open()?;
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: the pointer is to a local variable.
        let status = unsafe { (functions.create)(&mut handle) };
        if status != 0 {
            return Err(CudaProblem::Cudnn {
                call: "cudnnCreate",
                what: "the device".into(),
                status,
            });
        }
        Ok(Self {
            functions,
            handle,
            options,
            plans: Vec::new(),
            known: HashMap::new(),
        })
    }

    /// Puts convolutions on another stream from now on.
    pub(crate) fn work_on(&mut self, stream: Stream) -> Result<(), CudaProblem> {
        // SAFETY: streams are never destroyed.
        match unsafe { (self.functions.set_stream)(self.handle, stream as *mut c_void) } {
            0 => Ok(()),
            status => Err(CudaProblem::Cudnn {
                call: "cudnnSetStream",
                what: "a stream".into(),
                status,
            }),
        }
    }

    /// cuDNN's version, as 90100 for 9.1.0; opens nothing but the library.
    pub(crate) fn version() -> Result<usize, CudaProblem> {
        Functions::open().map(|f| f.version)
    }

    /// The plan of a product, where there is one already.
    pub(crate) fn known(&self, g: &ConvGeometry, pass: Pass) -> Option<Planned> {
        self.known.get(&(*g, pass)).map(|number| self.planned(*number))
    }

    fn planned(&self, number: usize) -> Planned {
        let Plan { order, workspace, .. } = self.plans[number];
        Planned {
            number,
            order,
            workspace,
        }
    }

    /// The plan of a product, made at its first use; nothing may be in line for the device then.
    pub(crate) fn plan(&mut self, g: &ConvGeometry, pass: Pass) -> Result<Planned, CudaProblem> {
        if let Some(known) = self.known(g, pass) {
            return Ok(known);
        }
        let made = match self.make(g, pass, Order::Pixels)? {
            Some(plan) => Some(plan),
            None => self.make(g, pass, Order::Planes)?,
        };
        self.plans.push(made.ok_or_else(|| CudaProblem::NoAlgorithm {
            what: format!("{pass:?} of {g:?} with {:?}", self.options),
        })?);
        let number = self.plans.len() - 1;
        self.known.insert((*g, pass), number);
        Ok(self.planned(number))
    }

    fn make(&self, g: &ConvGeometry, pass: Pass, order: Order) -> Result<Option<Plan>, CudaProblem> {
        let f = &self.functions;
        let extents = Extents::of(g).ok_or(CudaProblem::TooLarge {
            len: g.n * g.wide_c * g.wide_len(),
        })?;
        let check = |call: &'static str, status: i32| match status {
            0 => Ok(()),
            _ => Err(CudaProblem::Cudnn {
                call,
                what: format!("{pass:?} of {g:?}"),
                status,
            }),
        };
        let mut plan = Plan {
            order,
            workspace: 0,
            algorithm: 0,
            wide: std::ptr::null_mut(),
            narrow: std::ptr::null_mut(),
            filter: std::ptr::null_mut(),
            convolution: std::ptr::null_mut(),
        };
        let mut offers = [Offer::default(); 12];
        let mut given = 0;
        let math = match self.options.precision {
            Precision::F32 => FMA_MATH,
            Precision::Tf32 => DEFAULT_MATH,
        };
        // SAFETY: descriptors are created before they are set and used; pointers are to local variables; there is room for as
        // many offers as are asked for.
        let offers = unsafe {
            check("cudnnCreateTensorDescriptor", (f.create_tensor)(&mut plan.wide))?;
            check("cudnnCreateTensorDescriptor", (f.create_tensor)(&mut plan.narrow))?;
            check("cudnnCreateFilterDescriptor", (f.create_filter)(&mut plan.filter))?;
            check(
                "cudnnCreateConvolutionDescriptor",
                (f.create_convolution)(&mut plan.convolution),
            )?;
            let [n, c, h, w] = extents.wide;
            check(
                "cudnnSetTensor4dDescriptor",
                (f.set_tensor)(plan.wide, order.number(), FLOAT, n, c, h, w),
            )?;
            let [n, c, h, w] = extents.narrow;
            check(
                "cudnnSetTensor4dDescriptor",
                (f.set_tensor)(plan.narrow, order.number(), FLOAT, n, c, h, w),
            )?;
            let [k, c, r, s] = extents.filter;
            check(
                "cudnnSetFilter4dDescriptor",
                (f.set_filter)(plan.filter, FLOAT, order.number(), k, c, r, s),
            )?;
            let (p, s) = (extents.padding, extents.stride);
            check(
                "cudnnSetConvolution2dDescriptor",
                (f.set_convolution)(plan.convolution, p, p, s, s, 1, 1, CROSS_CORRELATION, FLOAT),
            )?;
            check(
                "cudnnSetConvolutionMathType",
                (f.set_math)(plan.convolution, math),
            )?;
            let (first, second, result) = plan.order_of(pass);
            let status = (f.passes[pass as usize].offers)(
                self.handle,
                first,
                second,
                plan.convolution,
                result,
                offers.len() as i32,
                &mut given,
                offers.as_mut_ptr(),
            );
            // A refusal means that there is nothing to choose from.
            let given = if status == 0 {
                usize::try_from(given).unwrap_or(0)
            } else {
                0
            };
            usable(&offers[..given.min(offers.len())], self.options)
        };
        let chosen = if self.options.fast && offers.len() > 1 {
            self.fastest(&mut plan, pass, &offers, &extents)?
        } else {
            offers.first().copied()
        };
        match chosen {
            Some(offer) => {
                self.set(&mut plan, offer)?;
                Ok(Some(plan))
            }
            None => {
                // SAFETY: they were created above and are in no plan.
                unsafe {
                    (f.destroy_tensor)(plan.wide);
                    (f.destroy_tensor)(plan.narrow);
                    (f.destroy_filter)(plan.filter);
                    (f.destroy_convolution)(plan.convolution);
                }
                Ok(None)
            }
        }
    }

    /// Decides for an offer.
    fn set(&self, plan: &mut Plan, offer: Offer) -> Result<(), CudaProblem> {
        (plan.algorithm, plan.workspace) = (offer.algorithm, offer.workspace);
        let math = match self.options.precision {
            Precision::F32 => FMA_MATH,
            Precision::Tf32 => offer.math,
        };
        // SAFETY: the descriptor is a live one.
        match unsafe { (self.functions.set_math)(plan.convolution, math) } {
            0 => Ok(()),
            status => Err(CudaProblem::Cudnn {
                call: "cudnnSetConvolutionMathType",
                what: format!("{offer:?}"),
                status,
            }),
        }
    }

    /// The offer that takes the least time, tried on memory of its own, whatever is in it; cuDNN's own trials time each once, with
    /// all that a first run costs. Where there is no memory to try in, the first offer. Nothing may be in line for this device.
    fn fastest(
        &self,
        plan: &mut Plan,
        pass: Pass,
        offers: &[Offer],
        extents: &Extents,
    ) -> Result<Option<Offer>, CudaProblem> {
        let workspace = offers.iter().map(|o| o.workspace).max().unwrap_or(0);
        let bytes = |e: [i32; 4]| e.iter().map(|v| *v as usize).product::<usize>() * size_of::<f32>();
        let sizes = [
            bytes(extents.wide),
            bytes(extents.narrow),
            bytes(extents.filter),
            workspace.max(4),
        ];
        let Ok(blocks) = sizes.into_iter().map(Block::new).collect::<Result<Vec<_>, _>>() else {
            return Ok(offers.first().copied());
        };
        let [wide, narrow, filter, workspace] = [0, 1, 2, 3].map(|i| blocks[i].pointer());
        let operands = Operands {
            wide,
            narrow,
            filter,
            workspace,
        };
        let (from, to) = (driver::new_timer()?, driver::new_timer()?);
        let mut best: Option<(f32, Offer)> = None;
        for offer in offers {
            self.set(plan, *offer)?;
            // SAFETY: operands are of the plan's extents, and the work space as long as the longest asked for.
            let run = || unsafe { self.run_plan(plan, pass, operands, false) };
            if run().is_err() {
                continue; // offered, and not to be had after all
            }
            driver::record(from, MAIN)?;
            for _ in 0..TRIALS {
                run()?;
            }
            driver::record(to, MAIN)?;
            driver::wait_for(to)?;
            let time = driver::elapsed(from, to)?;
            if best.is_none_or(|(least, _)| time < least) {
                best = Some((time, *offer));
            }
        }
        Ok(best.map(|(_, offer)| offer))
    }

    /// Puts a product on the stream. Its result is overwritten, or added to where `accumulate`.
    ///
    /// # Safety
    /// `plan` is a number that [`Cudnn::plan`] gave. Operands must be addresses of device memory of the geometry's extents in the
    /// plan's order, the work space as long as the plan says.
    pub(crate) unsafe fn run(
        &self,
        plan: usize,
        pass: Pass,
        operands: Operands,
        accumulate: bool,
    ) -> Result<(), CudaProblem> {
        // SAFETY: the caller's promise.
        unsafe { self.run_plan(&self.plans[plan], pass, operands, accumulate) }
    }

    /// The same of a plan that need not be kept.
    ///
    /// # Safety
    /// As there.
    unsafe fn run_plan(
        &self,
        plan: &Plan,
        pass: Pass,
        operands: Operands,
        accumulate: bool,
    ) -> Result<(), CudaProblem> {
        let (one, beta) = (1.0f32, if accumulate { 1.0f32 } else { 0.0 });
        let (first, second, result) = plan.order_of(pass);
        let Operands {
            wide,
            narrow,
            filter,
            workspace,
        } = operands;
        let [a, b, out] = match pass {
            Pass::Narrow => [wide, filter, narrow],
            Pass::Widen => [filter, narrow, wide],
            Pass::Weight => [wide, narrow, filter],
        }
        .map(|address| address as *mut c_void);
        // SAFETY: the caller's promise; scalars are read before the function returns.
        let status = unsafe {
            (self.functions.passes[pass as usize].run)(
                self.handle,
                &one,
                first,
                a,
                second,
                b,
                plan.convolution,
                plan.algorithm,
                workspace as *mut c_void,
                plan.workspace,
                &beta,
                result,
                out,
            )
        };
        if status == 0 {
            return Ok(());
        }
        Err(CudaProblem::Cudnn {
            call: "running",
            what: format!("{pass:?}"),
            status,
        })
    }
}

impl Plan {
    /// Descriptors in the order of the pass's functions: two operands, then the result.
    fn order_of(&self, pass: Pass) -> (Descriptor, Descriptor, Descriptor) {
        match pass {
            Pass::Narrow => (self.wide, self.filter, self.narrow),
            Pass::Widen => (self.filter, self.narrow, self.wide),
            Pass::Weight => (self.wide, self.narrow, self.filter),
        }
    }
}
