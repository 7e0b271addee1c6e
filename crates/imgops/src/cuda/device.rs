//! One GPU, opened: dfdx's device with this crate's kernels, cuDNN and work space.
//!
//! dfdx's device type is what tensors carry, and it has no room for more; so what belongs to it is kept here, once for the
//! process. A process computes on one GPU, as a sweep's children do.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use dfdx::tensor::{Cuda, CudaError, TensorFromVec};

use super::cudnn::{Cudnn, Pass, Planned};
use super::driver::deferred::{self, Hooks};
use super::driver::{self, Attribute, Block, Function, Parameters, SUCCESS, counters};
use super::kernels::{Arg, Columns, Kernel, NAMES, SOURCE, blocks};
use super::memory;
use super::nvrtc::Nvrtc;
use super::problem::{self, CudaProblem};
use super::queue::{Product, Queue, Task};
use super::trained::Tables;
use super::upload::Uploads;
use crate::arithmetic::Arithmetic;
use crate::geometry::ConvGeometry;

/// The oldest driver that will do, as 1000 major + 10 minor.
const OLDEST_DRIVER: i32 = 12_000;

/// The opened device.
pub(crate) struct Runtime {
    ordinal: usize,
    options: Arithmetic,
    cuda: Cuda,
    /// Multiprocessors.
    pub(crate) processors: u32,
    functions: Vec<Function>,
    /// Locked before cuDNN where both are.
    queue: Mutex<Queue>,
    cudnn: Mutex<Cudnn>,
    work: Mutex<Work>,
    uploads: Mutex<Uploads>,
    pub(crate) tables: Mutex<Tables>,
    /// Gradients that have been allocated but not written to.
    fresh: Mutex<HashSet<u64>>,
}

/// Work space that grows to what the largest operation needs. Operations follow each other on one stream, so that all share it.
#[derive(Default)]
struct Work {
    partial: Option<Block>,
    tickets: Option<Block>,
    cudnn: Option<Block>,
    converted: [Option<Block>; 3],
}

// SAFETY: all that is not plain data or behind a mutex is dfdx's device, whose one part that cannot be shared by its type is the
// handle of a second stream, which nobody uses; the driver takes handles from any thread.
#[allow(unsafe_code)]
unsafe impl Send for Runtime {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Runtime {}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static OPENING: Mutex<()> = Mutex::new(());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a GPU: the first call compiles the kernels and tests the device; later ones give the same device again.
///
/// # Errors
/// Where there is no such device, a library is missing or too old, the kernels do not compile or the self-test fails; or where
/// the process has opened another device, or this one with other options.
pub fn open(ordinal: usize, options: Arithmetic) -> Result<Cuda, CudaProblem> {
    let _opening = lock(&OPENING);
    let runtime = match RUNTIME.get() {
        Some(runtime) => runtime,
        None => {
            let runtime = Runtime::new(ordinal, options)?;
            let runtime = RUNTIME.get_or_init(|| runtime);
            deferred::install(Hooks {
                settle,
                settle_later,
                clear,
                put,
            });
            runtime
        }
    };
    if runtime.ordinal != ordinal || runtime.options != options {
        return Err(CudaProblem::OneDevice {
            open: runtime.ordinal,
            asked: ordinal,
        });
    }
    Ok(runtime.cuda.clone())
}

/// Gives what is in line to the driver.
fn settle() -> u32 {
    code(runtime().and_then(|rt| rt.settle()))
}

/// A fill that can be a kernel's: whole values, and fewer than kernels count.
fn clear(to: u64, bytes: usize) -> Option<u32> {
    let values = bytes / size_of::<u32>();
    (bytes.is_multiple_of(size_of::<u32>()) && values < memory::MOST).then(|| {
        let at = super::kernels::at(to);
        code(runtime().and_then(|rt| rt.each(Kernel::Clear, values, &[at])))
    })
}

fn put(to: u64, value: u32) -> Option<u32> {
    let rest = [super::kernels::uint(value), super::kernels::at(to)];
    Some(code(runtime().and_then(|rt| rt.each(Kernel::Put, 1, &rest))))
}

/// A result as the driver's codes; a problem that has none is an unknown error, of which [`problem::latest`] tells more.
fn code(result: Result<(), CudaError>) -> u32 {
    let Err(e) = result else { return SUCCESS };
    match problem::behind(&e) {
        CudaProblem::Driver { code, .. } => code,
        CudaProblem::OutOfMemory { .. } => driver::OUT_OF_MEMORY,
        other => {
            let _: CudaError = other.into(); // keeps its words
            problem::UNKNOWN
        }
    }
}

/// Gives what is in line to the driver; a failure is told by whoever asks for something next.
pub(super) fn settle_later() {
    let Some(rt) = RUNTIME.get() else { return };
    if let Err(e) = rt.settle() {
        lock(&rt.queue).fail(problem::behind(&e));
    }
}

/// The opened device.
pub(crate) fn runtime() -> Result<&'static Runtime, CudaError> {
    RUNTIME.get().ok_or_else(|| {
        let what = "a device that `cuda::open` has not made".into();
        CudaError::from(CudaProblem::SelfTest { what })
    })
}

/// What is known of a device before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its ordinal.
    pub ordinal: usize,
    /// Its name.
    pub name: String,
    /// Compute capability.
    pub capability: (i32, i32),
    /// Bytes of memory.
    pub memory: usize,
    /// Where it is plugged in, such as `0000:1B:00.0`; empty where the driver does not say.
    pub bus: String,
}

/// The driver's version (1000 major + 10 minor) and the devices that this crate can use.
///
/// # Errors
/// Where there is no driver, none that is new enough, or no device.
pub fn devices() -> Result<(i32, Vec<DeviceInfo>), CudaProblem> {
    let version = driver::start()?;
    if version < OLDEST_DRIVER {
        return Err(CudaProblem::OldDriver { version });
    }
    let count = driver::device_count()?;
    if count == 0 {
        return Err(CudaProblem::NoDevice);
    }
    let found = (0..count).map(describe).collect::<Result<_, _>>()?;
    Ok((version, found))
}

fn describe(ordinal: usize) -> Result<DeviceInfo, CudaProblem> {
    let device = driver::device(ordinal)?;
    Ok(DeviceInfo {
        ordinal,
        name: driver::device_name(device)?,
        capability: (
            driver::attribute(device, Attribute::Major)?,
            driver::attribute(device, Attribute::Minor)?,
        ),
        memory: driver::total_memory(device)?,
        bus: driver::bus_id(device),
    })
}

/// The versions of the libraries that are loaded when a device is opened: cuDNN (90100 for 9.1.0) and NVRTC.
pub fn libraries() -> (Result<usize, CudaProblem>, Result<(i32, i32), CudaProblem>) {
    (Cudnn::version(), Nvrtc::open().and_then(|nvrtc| nvrtc.version()))
}

impl Runtime {
    fn new(ordinal: usize, options: Arithmetic) -> Result<Self, CudaProblem> {
        let (_, found) = devices()?;
        let count = found.len();
        let info = found
            .into_iter()
            .nth(ordinal)
            .ok_or(CudaProblem::NoSuchDevice { ordinal, count })?;
        let (major, minor) = info.capability;
        if major < 7 {
            return Err(CudaProblem::OldDevice {
                name: info.name,
                major,
                minor,
            });
        }
        let processors = driver::attribute(driver::device(ordinal)?, Attribute::Multiprocessors)?;
        // Libraries first: their absence is said before the device is set up.
        let nvrtc = Nvrtc::open()?;
        // dfdx unwraps what fails in here; `devices` has asked for all of it before.
        let cuda =
            std::panic::catch_unwind(|| Cuda::try_build(ordinal, 0)).map_err(|_| CudaProblem::Driver {
                call: "opening the device",
                code: 999,
                text: "dfdx cannot set it up".into(),
            })?;
        let cuda = cuda.map_err(|e| problem::behind(&e))?;
        let image = nvrtc.compile(SOURCE, info.capability, &["--std=c++17"])?;
        let functions = driver::load(&image.0, NAMES)?;
        let runtime = Self {
            ordinal,
            options,
            cuda,
            processors: u32::try_from(processors).unwrap_or(1).max(1),
            functions,
            queue: Mutex::new(Queue::new()?),
            cudnn: Mutex::new(Cudnn::new(options)?),
            work: Mutex::new(Work::default()),
            uploads: Mutex::new(Uploads::new()?),
            tables: Mutex::default(),
            fresh: Mutex::default(),
        };
        runtime.test().map_err(|e| problem::behind(&e))?;
        Ok(runtime)
    }

    /// Proves what cannot be known otherwise: that a tensor's address is where its values are, that kernels run, and that
    /// memory can be had without being filled.
    fn test(&self) -> Result<(), CudaError> {
        let failed = |what: String| Err(CudaError::from(CudaProblem::SelfTest { what }));
        let values: Vec<f32> = (0..1000).map(|i| (i * 37 % 101) as f32 - 50.0).collect();
        let x = self.cuda.try_tensor_from_vec(values.clone(), (values.len(),))?;
        let mut seen = vec![0.0f32; values.len()];
        self.read(memory::pointer(&x)?, &mut seen)?;
        if seen != values {
            return failed("a tensor read through its address is not what was uploaded".into());
        }
        let (y, unfilled) = driver::unfilled(|| memory::new_vector(&self.cuda, values.len()));
        if !unfilled {
            return failed("dfdx's allocations do not pass through this crate".into());
        }
        let y = y?;
        let (from, to) = (memory::pointer(&x)?, memory::pointer(&y)?);
        let n = values.len();
        self.each(
            Kernel::SelfTest,
            n,
            &[super::kernels::at(from), super::kernels::at(to)],
        )?;
        self.settle()?; // before others' calls do it
        self.read(to, &mut seen)?;
        match seen.iter().zip(&values).find(|(y, x)| **y != 2.0 * **x + 1.0) {
            None => Ok(()),
            Some((y, x)) => failed(format!("2 * {x} + 1 = {y}")),
        }
    }

    /// Launches a kernel whose first parameter is a length, over so many values.
    pub(crate) fn each(&self, kernel: Kernel, values: usize, rest: &[Arg]) -> Result<(), CudaError> {
        self.each_of(kernel, values, values, rest)
    }

    /// The same where threads take several values each: `items` are taken of a length of `values`.
    pub(crate) fn each_of(
        &self,
        kernel: Kernel,
        items: usize,
        values: usize,
        rest: &[Arg],
    ) -> Result<(), CudaError> {
        if values == 0 {
            return Ok(());
        }
        let mut all = vec![super::kernels::len(memory::checked(values)?)];
        all.extend_from_slice(rest);
        self.launch(kernel, [blocks(items, self.processors), 1, 1], &all)
    }

    /// Puts a kernel in line, with the parameters that it declares.
    pub(crate) fn launch(&self, kernel: Kernel, grid: [u32; 3], parameters: &[Arg]) -> Result<(), CudaError> {
        counters().launches.fetch_add(1, Relaxed);
        self.push(Task::Kernel {
            function: self.functions[kernel as usize],
            grid,
            parameters: Parameters::new(parameters.iter().map(|p| p.0)),
        })
    }

    /// Puts a convolution in line.
    pub(crate) fn convolve(&self, product: Product) -> Result<(), CudaError> {
        counters().convolutions.fetch_add(1, Relaxed);
        self.push(Task::Convolution(product))
    }

    fn push(&self, task: Task) -> Result<(), CudaError> {
        let full = lock(&self.queue).push(task);
        if full { self.settle() } else { Ok(()) }
    }

    /// Gives what is in line to the driver.
    pub(crate) fn settle(&self) -> Result<(), CudaError> {
        self.bind()?;
        let mut queue = lock(&self.queue);
        if queue.is_idle() {
            return Ok(()); // also where cuDNN is locked, which tries algorithms
        }
        queue.settle(&mut lock(&self.cudnn)).map_err(CudaError::from)
    }

    /// Launches a reduction of columns: `rest` follows the shares, the partial sums and the tickets.
    pub(crate) fn columns(
        &self,
        kernel: Kernel,
        (rows, columns, groups): (usize, usize, usize),
        rest: &[Arg],
    ) -> Result<(), CudaError> {
        memory::checked(rows * columns * groups)?;
        let shares = Columns::new(rows, columns, groups, self.processors);
        let (partial, tickets) = self.sums(shares.partial(columns), shares.tickets())?;
        let mut all = vec![
            super::kernels::len(rows),
            super::kernels::len(columns),
            super::kernels::uint(shares.chunk),
            super::kernels::uint(shares.width),
            super::kernels::at(partial),
            super::kernels::at(tickets),
        ];
        all.extend_from_slice(rest);
        self.launch(kernel, shares.grid(), &all)
    }

    /// Work space for so many sums in f64, and so many counters, which are zero.
    #[allow(unsafe_code)] // clears what it has just allocated
    pub(crate) fn sums(&self, partial: usize, tickets: usize) -> Result<(u64, u64), CudaError> {
        self.bind()?;
        let mut work = lock(&self.work);
        let partial = grow(&mut work.partial, (partial * size_of::<f64>()).max(1 << 20))?.pointer();
        let bytes = (tickets * size_of::<u32>()).max(1 << 16);
        let before = work.tickets.as_ref().map_or(0, Block::bytes);
        let block = grow(&mut work.tickets, bytes)?;
        if before < bytes {
            // SAFETY: the block has just been allocated with that many bytes.
            unsafe { driver::clear(block.pointer(), block.bytes()) }?;
        }
        Ok((partial, block.pointer()))
    }

    /// Work space of so many bytes for cuDNN.
    pub(crate) fn cudnn_space(&self, bytes: usize) -> Result<u64, CudaError> {
        if bytes == 0 {
            return Ok(0);
        }
        self.bind()?;
        Ok(grow(&mut lock(&self.work).cudnn, bytes)?.pointer())
    }

    /// Work space of so many values for one of three operands in another order.
    pub(crate) fn converted(&self, operand: usize, len: usize) -> Result<u64, CudaError> {
        self.bind()?;
        let bytes = (len * size_of::<f32>()).max(4);
        Ok(grow(&mut lock(&self.work).converted[operand], bytes)?.pointer())
    }

    /// The plan of a product.
    pub(crate) fn plan(&self, g: &ConvGeometry, pass: Pass) -> Result<Planned, CudaError> {
        self.bind()?;
        if let Some(known) = lock(&self.cudnn).known(g, pass) {
            return Ok(known);
        }
        // Trials must not wait for what is in line, nor it for them.
        self.settle()?;
        lock(&self.cudnn).plan(g, pass).map_err(CudaError::from)
    }

    /// Uploads.
    pub(crate) fn uploads(&self) -> Result<MutexGuard<'_, Uploads>, CudaError> {
        self.bind()?;
        Ok(lock(&self.uploads))
    }

    /// Copies values to the host, after all work before.
    #[allow(unsafe_code)] // one copy
    pub(crate) fn read<T: Copy>(&self, from: u64, to: &mut [T]) -> Result<(), CudaError> {
        self.bind()?;
        // SAFETY: callers pass the address of a tensor or buffer that they borrow, and its length or less.
        unsafe { driver::read(from, to) }.map_err(CudaError::from)
    }

    /// Copies values to the device; done when it returns.
    #[allow(unsafe_code)] // one copy
    pub(crate) fn write<T: Copy>(&self, to: u64, from: &[T]) -> Result<(), CudaError> {
        self.bind()?;
        // SAFETY: callers pass the address of a tensor or buffer that they borrow exclusively, and its length or less.
        unsafe { driver::write(to, from) }.map_err(CudaError::from)
    }

    /// Makes the device this thread's.
    pub(crate) fn bind(&self) -> Result<(), CudaError> {
        thread_local! {
            static BOUND: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
        }
        if !BOUND.get() {
            // An allocation of nothing binds the context and does nothing else.
            dfdx::tensor::Storage::<f32>::try_alloc_len(&self.cuda, 0)?
                .device()
                .bind_to_thread()?;
            BOUND.set(true);
        }
        Ok(())
    }

    /// Marks a gradient's buffer as allocated but not written to.
    pub(crate) fn set_fresh(&self, buffer: u64) {
        lock(&self.fresh).insert(buffer);
    }

    /// Whether a gradient is to be overwritten rather than added to: true once after [`Runtime::set_fresh`].
    pub(crate) fn start(&self, buffer: u64) -> bool {
        lock(&self.fresh).remove(&buffer)
    }
}

/// The block, at least so long.
fn grow(block: &mut Option<Block>, bytes: usize) -> Result<&Block, CudaError> {
    if block.as_ref().is_none_or(|b| b.bytes() < bytes) {
        *block = None;
    }
    match block {
        Some(block) => Ok(block),
        none => Ok(none.insert(Block::new(bytes)?)),
    }
}
