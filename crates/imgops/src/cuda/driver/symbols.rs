//! The driver's functions under their own names, for cudarc: each forwards to the library that [`super::library`] has opened.
//!
//! cudarc declares them `extern "C"` and would have the linker find them in `libcuda.so`, so that a binary with CUDA would not
//! even start without a driver. Defined here, the binary starts anywhere, and can say what is missing. It is also the one place
//! where calls that dfdx makes for nothing are answered without the driver, and where errors are kept out of `drop`s, which
//! dfdx and cudarc unwrap.
#![allow(unsafe_code)] // foreign functions; every one is declared with the parameters of cuda.h
#![allow(non_snake_case, missing_docs)] // their names are NVIDIA's, and so are their manuals

use std::ffi::{CStr, c_char};
use std::sync::atomic::Ordering::Relaxed;

use super::library::address;
use super::{MAIN, OUT_OF_MEMORY, SUCCESS, counters};

/// Result codes that cudarc knows. Its result type is a Rust enum, for which any other value would be undefined behaviour.
const KNOWN: [u32; 90] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 34, 46, 100, 101, 102, 200, 201, 202, 205, 206, 207, 208, 209, 210, 211, 212,
    213, 214, 215, 216, 217, 218, 219, 220, 221, 222, 223, 224, 300, 301, 302, 303, 304, 400, 401, 500, 600,
    700, 701, 702, 703, 704, 705, 708, 709, 710, 711, 712, 713, 714, 715, 716, 717, 718, 719, 720, 800, 801,
    802, 803, 804, 805, 806, 807, 808, 809, 810, 900, 901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 911,
    912, 999,
];

/// The code itself, or 999 (unknown error) for one that is younger than cudarc.
fn known(code: u32) -> u32 {
    if KNOWN.contains(&code) { code } else { 999 }
}

/// Calls the driver's own function of that name; a driver that is not there or lacks it is "not supported" (801).
macro_rules! forward {
    ($name:ident($($arg:expr),*)) => {{
        static PLACE: super::library::Place = super::library::Place::new();
        match address(&PLACE, stringify!($name)) {
            None => 801,
            Some(function) => {
                // SAFETY: all parameters of these functions are integers and pointers of at most eight bytes, which both
                // the x86-64 and the AArch64 calling convention pass alike in general registers or eight-byte stack slots;
                // the caller's argument is passed on as it came.
                let function: extern "C" fn($(forward!(@usize $arg)),*) -> u32 = unsafe { std::mem::transmute(function) };
                known(function($($arg),*))
            }
        }
    }};
    (@usize $arg:expr) => { usize };
}

macro_rules! forwarded {
    ($($name:ident($($arg:ident),*);)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name($($arg: usize),*) -> u32 {
            forward!($name($($arg),*))
        }
    )*};
}

/// Makes a call after all work that was put off; where that fails, its code instead.
fn settled(call: impl FnOnce() -> u32) -> u32 {
    match super::deferred::settle() {
        SUCCESS => call(),
        code => code,
    }
}

/// The same for calls that are put on a stream: only dfdx's has work that was put off.
fn settled_on(stream: usize, call: impl FnOnce() -> u32) -> u32 {
    if stream == MAIN { settled(call) } else { call() }
}

/// The driver's functions that must come after all work that was put off.
macro_rules! ordered {
    ($($name:ident($($arg:ident),*);)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name($($arg: usize),*) -> u32 {
            settled(|| forward!($name($($arg),*)))
        }
    )*};
}

forwarded! {
    cuInit(a);
    cuDriverGetVersion(a);
    cuDeviceGet(a, b);
    cuDeviceGetCount(a);
    cuDeviceGetName(a, b, c);
    cuDeviceGetPCIBusId(a, b, c);
    cuDeviceGetAttribute(a, b, c);
    cuDeviceTotalMem_v2(a, b);
    cuDevicePrimaryCtxRetain(a, b);
    cuCtxGetCurrent(a);
    cuMemGetInfo_v2(a, b);
    cuMemHostAlloc(a, b, c);
    cuMemFreeHost(a);
    cuModuleGetFunction(a, b, c);
    cuModuleLoad(a, b);
    cuModuleLoadData(a, b);
    cuStreamCreate(a, b);
    cuEventCreate(a, b);
    cuEventQuery(a);
    cuEventSynchronize(a);
    cuEventElapsedTime(a, b, c);
    cuFuncGetAttribute(a, b, c);
    cuProfilerStart();
    cuProfilerStop();
    cuImportExternalMemory(a, b);
    cuDestroyExternalMemory(a);
    cuExternalMemoryGetMappedBuffer(a, b, c);
    cuOccupancyAvailableDynamicSMemPerBlock(a, b, c, d);
    cuOccupancyMaxActiveBlocksPerMultiprocessor(a, b, c, d);
    cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(a, b, c, d, e);
    cuOccupancyMaxActiveClusters(a, b, c);
    cuOccupancyMaxPotentialBlockSize(a, b, c, d, e, f);
    cuOccupancyMaxPotentialBlockSizeWithFlags(a, b, c, d, e, f, g);
    cuOccupancyMaxPotentialClusterSize(a, b, c);
}

ordered! {
    cuCtxSynchronize();
    cuLaunchKernel(a, b, c, d, e, f, g, h, i, j, k);
    cuMemcpyDtoDAsync_v2(a, b, c, d);
    cuMemcpyDtoD_v2(a, b, c);
    cuMemcpyDtoHAsync_v2(a, b, c, d);
    cuMemcpyDtoH_v2(a, b, c);
    cuMemcpyHtoD_v2(a, b, c);
    cuStreamSynchronize(a);
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamWaitEvent(stream: usize, event: usize, flags: usize) -> u32 {
    settled_on(stream, || forward!(cuStreamWaitEvent(stream, event, flags)))
}

#[unsafe(no_mangle)]
extern "C" fn cuEventRecord(event: usize, stream: usize) -> u32 {
    settled_on(stream, || forward!(cuEventRecord(event, stream)))
}

/// Where a call stands in a `drop` that unwraps: a failure is counted, not returned. A device that cannot free any more has
/// failed for another reason, which the next call that is allowed to fail tells.
macro_rules! quiet {
    ($($name:ident($($arg:ident),*);)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name($($arg: usize),*) -> u32 {
            if forward!($name($($arg),*)) != SUCCESS {
                counters().failed_frees.fetch_add(1, Relaxed);
            }
            SUCCESS
        }
    )*};
}

quiet! {
    cuModuleUnload(a);
    cuStreamDestroy_v2(a);
    cuEventDestroy_v2(a);
    cuDevicePrimaryCtxRelease_v2(a);
}

thread_local! {
    /// The context that this thread has bound: cudarc binds it again before every call.
    static BOUND: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetCurrent(context: usize) -> u32 {
    if context != 0 && BOUND.get() == context {
        return SUCCESS;
    }
    let code = forward!(cuCtxSetCurrent(context));
    BOUND.set(if code == SUCCESS { context } else { 0 });
    code
}

/// Notes a new allocation; `place` is where its address was written.
fn allocated(place: usize, bytes: usize) {
    // SAFETY: the driver has just written the address of the allocation there.
    let pointer = unsafe { (place as *const u64).read() };
    counters().allocate(pointer, bytes);
}

/// An allocation of nothing, which dfdx makes and frees each time that it puts memory back into its cache, needs no driver.
fn allocate_nothing(place: usize) -> u32 {
    // SAFETY: cudarc passes the address of a local variable for the pointer.
    unsafe { (place as *mut u64).write(0) };
    SUCCESS
}

/// An allocation: from the memory that is kept, else from the driver; where that has none left, what is kept is given back first.
fn allocate(place: usize, bytes: usize, from_driver: impl Fn() -> u32) -> u32 {
    if bytes == 0 {
        return allocate_nothing(place);
    }
    if let Some(kept) = super::cache::take(bytes) {
        // SAFETY: as in `allocate_nothing`.
        unsafe { (place as *mut u64).write(kept) };
        return SUCCESS;
    }
    let mut code = from_driver();
    if code == OUT_OF_MEMORY && trim() {
        code = from_driver();
    }
    if code == SUCCESS {
        allocated(place, bytes);
    }
    code
}

/// Memory given back: kept where memory is, else freed.
fn free(pointer: usize, to_driver: impl Fn() -> u32) -> u32 {
    if pointer == 0 {
        return SUCCESS;
    }
    let kept = counters()
        .size_of(pointer as u64)
        .is_some_and(|bytes| super::cache::keep(pointer as u64, bytes));
    if !kept {
        super::deferred::settle_later(); // work that was put off may still use it
        freed(pointer as u64, to_driver());
    }
    SUCCESS
}

fn freed(pointer: u64, code: u32) {
    counters().free(pointer);
    if code != SUCCESS {
        counters().failed_frees.fetch_add(1, Relaxed);
    }
}

/// Gives the memory that is kept back to the driver, after all work that uses it; true where there was any.
pub(super) fn trim() -> bool {
    let blocks = super::cache::drain();
    if blocks.is_empty() {
        return false;
    }
    super::deferred::settle_later();
    for pointer in blocks {
        let address = pointer as usize;
        freed(pointer, forward!(cuMemFreeAsync(address, MAIN)));
    }
    // The driver's pool gives pages to allocations of other sizes once their last use is over.
    let _ = forward!(cuStreamSynchronize(MAIN));
    true
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAllocAsync(place: usize, bytes: usize, stream: usize) -> u32 {
    allocate(place, bytes, || forward!(cuMemAllocAsync(place, bytes, stream)))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAlloc_v2(place: usize, bytes: usize) -> u32 {
    allocate(place, bytes, || forward!(cuMemAlloc_v2(place, bytes)))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeAsync(pointer: usize, stream: usize) -> u32 {
    free(pointer, || forward!(cuMemFreeAsync(pointer, stream)))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFree_v2(pointer: usize) -> u32 {
    free(pointer, || forward!(cuMemFree_v2(pointer)))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8Async(pointer: usize, byte: usize, bytes: usize, stream: usize) -> u32 {
    if bytes == 0 || super::unfilled::skips() {
        return SUCCESS;
    }
    counters().fills.fetch_add(1, Relaxed);
    if stream == MAIN
        && byte == 0
        && let Some(code) = super::deferred::clear(pointer as u64, bytes)
    {
        return code;
    }
    settled(|| forward!(cuMemsetD8Async(pointer, byte, bytes, stream)))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8_v2(pointer: usize, byte: usize, bytes: usize) -> u32 {
    if bytes == 0 || super::unfilled::skips() {
        return SUCCESS;
    }
    counters().fills.fetch_add(1, Relaxed);
    settled(|| forward!(cuMemsetD8_v2(pointer, byte, bytes)))
}

/// A copy from the host on a stream. dfdx makes one of four bytes at the start of each backward pass: the loss's own gradient.
#[unsafe(no_mangle)]
extern "C" fn cuMemcpyHtoDAsync_v2(to: usize, from: usize, bytes: usize, stream: usize) -> u32 {
    if stream == MAIN && bytes == size_of::<u32>() {
        // SAFETY: the caller's source is that long.
        let value = unsafe { (from as *const u32).read_unaligned() };
        if let Some(code) = super::deferred::put(to as u64, value) {
            return code;
        }
    }
    settled_on(stream, || forward!(cuMemcpyHtoDAsync_v2(to, from, bytes, stream)))
}

/// A launch from the line itself, which is not settled for it: on a stream, in blocks of `threads`.
///
/// # Safety
/// As the driver's.
pub(super) unsafe fn launch(
    function: usize,
    [gx, gy, gz]: [u32; 3],
    threads: u32,
    stream: usize,
    parameters: *mut *mut std::ffi::c_void,
) -> u32 {
    let [gx, gy, gz, threads] = [gx, gy, gz, threads].map(|v| v as usize);
    let parameters = parameters as usize;
    forward!(cuLaunchKernel(
        function, gx, gy, gz, threads, 1, 1, 0, stream, parameters, 0
    ))
}

/// Functions of graphs, which cudarc does not know.
macro_rules! of_graphs {
    ($($name:ident = $function:ident($($arg:ident),*);)*) => {$(
        /// The driver's function; "not supported" (801) where it has none.
        ///
        /// # Safety
        /// As the driver's.
        pub(super) unsafe fn $name($($arg: usize),*) -> u32 {
            forward!($function($($arg),*))
        }
    )*};
}

of_graphs! {
    begin_capture = cuStreamBeginCapture_v2(stream, mode);
    end_capture = cuStreamEndCapture(stream, graph);
    capture_info = cuStreamGetCaptureInfo_v2(stream, status, id, graph, nodes, count);
    instantiate = cuGraphInstantiateWithFlags(exec, graph, flags);
    set_kernel_node = cuGraphExecKernelNodeSetParams_v2(exec, node, parameters);
    launch_graph = cuGraphLaunch(exec, stream);
    destroy_exec = cuGraphExecDestroy(exec);
    destroy_graph = cuGraphDestroy(graph);
}

/// What a code means. Answered here, so that an error can be told where there is no driver to ask.
pub(crate) fn text(code: u32) -> &'static CStr {
    match code {
        0 => c"success",
        1 => c"invalid value",
        2 => c"out of memory",
        3 => c"driver not initialized",
        4 => c"driver shutting down",
        34 => c"the driver is a stub",
        46 => c"the device is in use by another process",
        100 => c"no CUDA device",
        101 => c"no such device",
        201 => c"invalid context",
        209 => c"no kernel image for this device",
        218 => c"a kernel could not be compiled for this device",
        222 => c"the driver is too old for the kernels' PTX",
        304 => c"operating system call failed",
        400 => c"invalid handle",
        500 => c"symbol not found",
        700 => c"illegal memory access",
        701 => c"too many resources for a launch",
        702 => c"a kernel timed out",
        709 => c"the context is destroyed",
        715 => c"illegal instruction",
        716 => c"misaligned address",
        717 => c"invalid address space",
        719 => c"a kernel failed",
        801 => c"not supported by this driver",
        802 => c"the system is not ready (nvidia-fabricmanager?)",
        803 => c"driver and kernel module do not fit together",
        999 => c"unknown error",
        _ => c"an error",
    }
}

#[unsafe(no_mangle)]
extern "C" fn cuGetErrorString(code: u32, place: *mut *const c_char) -> u32 {
    // SAFETY: cudarc passes the address of a local variable; the text is static.
    unsafe { place.write(text(code).as_ptr()) };
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuGetErrorName(code: u32, place: *mut *const c_char) -> u32 {
    cuGetErrorString(code, place)
}

/// dfdx makes a cuBLAS handle with each device; no operation of this crate uses one. Creating it takes some 100 MB of memory,
/// and would need the library to be there.
macro_rules! unused_library {
    ($($name:ident = $code:literal;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> u32 {
            $code
        }
    )*};
}

#[unsafe(no_mangle)]
extern "C" fn cublasCreate_v2(handle: *mut usize) -> u32 {
    // SAFETY: cudarc passes the address of a local variable. A null handle is one that cudarc does not destroy.
    unsafe { handle.write(0) };
    SUCCESS
}

// 15 is CUBLAS_STATUS_NOT_SUPPORTED, 7 is NVRTC_ERROR_BUILTIN_OPERATION_FAILURE.
unused_library! {
    cublasDestroy_v2 = 0;
    cublasSetStream_v2 = 0;
    cublasSgemm_v2 = 15;
    cublasDgemm_v2 = 15;
    cublasSgemv_v2 = 15;
    cublasDgemv_v2 = 15;
    cublasHgemm = 15;
    cublasGemmEx = 15;
    cublasGemmStridedBatchedEx = 15;
    cublasSgemmStridedBatched = 15;
    cublasDgemmStridedBatched = 15;
    cublasHgemmStridedBatched = 15;
    nvrtcCreateProgram = 7;
    nvrtcCompileProgram = 7;
    nvrtcDestroyProgram = 7;
    nvrtcGetPTX = 7;
    nvrtcGetPTXSize = 7;
    nvrtcGetProgramLog = 7;
    nvrtcGetProgramLogSize = 7;
}
