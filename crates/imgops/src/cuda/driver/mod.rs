//! The CUDA driver, found when it is asked for.
//!
//! `symbols` has the driver's functions for cudarc; here are safe forms of those that this crate calls itself.
#![allow(unsafe_code)] // calls into the driver, with pointers to local variables and to memory that the caller owns

pub(crate) mod cache;
mod counters;
pub(crate) mod deferred;
pub(crate) mod graph;
pub(crate) mod library;
pub(crate) mod symbols;
mod unfilled;

use std::ffi::{CStr, CString, c_char, c_void};

pub use counters::Counts;
pub(crate) use counters::counters;
pub(crate) use unfilled::unfilled;

use super::problem::{CudaProblem, UNKNOWN, latest};

/// The code of success, for every one of NVIDIA's libraries.
pub(crate) const SUCCESS: u32 = 0;

/// The code of a device whose memory is used up.
pub(crate) const OUT_OF_MEMORY: u32 = 2;

unsafe extern "C" {
    safe fn cuInit(flags: u32) -> u32;
    fn cuDriverGetVersion(version: *mut i32) -> u32;
    fn cuDeviceGetCount(count: *mut i32) -> u32;
    fn cuDeviceGet(device: *mut i32, ordinal: i32) -> u32;
    fn cuDeviceGetName(name: *mut c_char, len: i32, device: i32) -> u32;
    fn cuDeviceGetPCIBusId(name: *mut c_char, len: i32, device: i32) -> u32;
    fn cuDeviceGetAttribute(value: *mut i32, attribute: u32, device: i32) -> u32;
    fn cuDeviceTotalMem_v2(bytes: *mut usize, device: i32) -> u32;
    fn cuMemGetInfo_v2(free: *mut usize, total: *mut usize) -> u32;
    fn cuMemHostAlloc(place: *mut *mut c_void, bytes: usize, flags: u32) -> u32;
    fn cuMemFreeHost(place: *mut c_void) -> u32;
    fn cuMemcpyHtoDAsync_v2(to: u64, from: *const c_void, bytes: usize, stream: Stream) -> u32;
    fn cuMemcpyDtoH_v2(to: *mut c_void, from: u64, bytes: usize) -> u32;
    fn cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize) -> u32;
    fn cuMemsetD8Async(to: u64, byte: u8, bytes: usize, stream: Stream) -> u32;
    fn cuMemAllocAsync(place: *mut u64, bytes: usize, stream: Stream) -> u32;
    fn cuMemFreeAsync(pointer: u64, stream: Stream) -> u32;
    fn cuModuleLoadData(module: *mut usize, image: *const c_void) -> u32;
    fn cuModuleGetFunction(function: *mut usize, module: usize, name: *const c_char) -> u32;
    fn cuStreamCreate(stream: *mut Stream, flags: u32) -> u32;
    fn cuStreamWaitEvent(stream: Stream, event: Event, flags: u32) -> u32;
    fn cuEventCreate(event: *mut Event, flags: u32) -> u32;
    fn cuEventRecord(event: Event, stream: Stream) -> u32;
    fn cuEventSynchronize(event: Event) -> u32;
    fn cuEventElapsedTime(milliseconds: *mut f32, from: Event, to: Event) -> u32;
}

/// A stream's handle; 0 is the one that dfdx uses.
pub(crate) type Stream = usize;

/// dfdx's stream.
pub(crate) const MAIN: Stream = 0;

/// An event's handle.
pub(crate) type Event = usize;

/// A loaded kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Function(usize);

/// A launch's parameters: eight bytes each, of which the kernel reads as many from the lower end as its parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    values: [u64; MOST_PARAMETERS],
    len: usize,
}

/// No kernel has more parameters.
const MOST_PARAMETERS: usize = 24;

impl Parameters {
    /// The values in their order; those past [`MOST_PARAMETERS`], which no kernel has, are left out.
    pub(crate) fn new(given: impl IntoIterator<Item = u64>) -> Self {
        let (mut values, mut len) = ([0; MOST_PARAMETERS], 0);
        for (place, value) in values.iter_mut().zip(given) {
            *place = value;
            len += 1;
        }
        Self { values, len }
    }

    /// Where each is, as the driver is told.
    fn places(&self) -> [*mut c_void; MOST_PARAMETERS] {
        let mut places = [std::ptr::null_mut::<c_void>(); MOST_PARAMETERS];
        for (place, value) in places.iter_mut().zip(&self.values[..self.len]) {
            *place = std::ptr::from_ref(value).cast_mut().cast();
        }
        places
    }
}

/// The error of a code.
pub(crate) fn problem(call: &'static str, code: u32) -> CudaProblem {
    if code == OUT_OF_MEMORY {
        let (free, total) = memory().unwrap_or_default();
        return CudaProblem::OutOfMemory { free, total };
    }
    if let Some(known) = (code == UNKNOWN).then(latest).flatten() {
        return known;
    }
    CudaProblem::Driver {
        call,
        code,
        text: symbols::text(code).to_string_lossy().into_owned(),
    }
}

fn check(call: &'static str, code: u32) -> Result<(), CudaProblem> {
    if code == SUCCESS {
        Ok(())
    } else {
        Err(problem(call, code))
    }
}

/// What a driver is asked about a device.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Attribute {
    Multiprocessors = 16,
    Major = 75,
    Minor = 76,
}

/// Opens the driver and starts it; its version as 1000 major + 10 minor.
pub(crate) fn start() -> Result<i32, CudaProblem> {
    library::driver().map_err(|reason| CudaProblem::NoDriver {
        reason: reason.to_owned(),
    })?;
    match cuInit(0) {
        SUCCESS => {}
        100 => return Err(CudaProblem::NoDevice),
        code => {
            let text = symbols::text(code).to_string_lossy().into_owned();
            return Err(CudaProblem::DriverDown { code, text });
        }
    }
    let mut version = 0;
    // SAFETY: the pointer is to a local variable.
    check("cuDriverGetVersion", unsafe { cuDriverGetVersion(&mut version) })?;
    Ok(version)
}

/// How many devices there are.
pub(crate) fn device_count() -> Result<usize, CudaProblem> {
    let mut count = 0;
    // SAFETY: the pointer is to a local variable.
    check("cuDeviceGetCount", unsafe { cuDeviceGetCount(&mut count) })?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// The driver's handle of a device.
pub(crate) fn device(ordinal: usize) -> Result<i32, CudaProblem> {
    let (mut device, ordinal) = (0, i32::try_from(ordinal).unwrap_or(i32::MAX));
    // SAFETY: the pointer is to a local variable.
    check("cuDeviceGet", unsafe { cuDeviceGet(&mut device, ordinal) })?;
    Ok(device)
}

/// A device's name.
pub(crate) fn device_name(device: i32) -> Result<String, CudaProblem> {
    let mut name = [0 as c_char; 256];
    // SAFETY: the driver writes at most 255 characters and a zero.
    check("cuDeviceGetName", unsafe {
        cuDeviceGetName(name.as_mut_ptr(), 255, device)
    })?;
    // SAFETY: the array is zeros but for what the driver wrote, so it ends in a zero.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(name.to_string_lossy().into_owned())
}

/// Where a device is plugged in, such as `0000:1B:00.0`; empty where the driver does not say.
pub(crate) fn bus_id(device: i32) -> String {
    let mut name = [0 as c_char; 64];
    // SAFETY: the driver writes at most 63 characters and a zero.
    if unsafe { cuDeviceGetPCIBusId(name.as_mut_ptr(), 63, device) } != SUCCESS {
        return String::new();
    }
    // SAFETY: the array is zeros but for what the driver wrote, so it ends in a zero.
    unsafe { CStr::from_ptr(name.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

/// A number about a device.
pub(crate) fn attribute(device: i32, attribute: Attribute) -> Result<i32, CudaProblem> {
    let mut value = 0;
    // SAFETY: the pointer is to a local variable.
    check("cuDeviceGetAttribute", unsafe {
        cuDeviceGetAttribute(&mut value, attribute as u32, device)
    })?;
    Ok(value)
}

/// A device's memory in bytes.
pub(crate) fn total_memory(device: i32) -> Result<usize, CudaProblem> {
    let mut bytes = 0;
    // SAFETY: the pointer is to a local variable.
    check("cuDeviceTotalMem", unsafe {
        cuDeviceTotalMem_v2(&mut bytes, device)
    })?;
    Ok(bytes)
}

/// Free and total bytes of the bound device; `None` where the driver does not say.
pub(crate) fn memory() -> Option<(usize, usize)> {
    let (mut free, mut total) = (0, 0);
    // SAFETY: the pointers are to local variables.
    (unsafe { cuMemGetInfo_v2(&mut free, &mut total) } == SUCCESS).then_some((free, total))
}

/// Loads the kernels `names` of a compiled image, in that order.
pub(crate) fn load(image: &[u8], names: &[&str]) -> Result<Vec<Function>, CudaProblem> {
    let mut module = 0;
    // SAFETY: the image is a whole one, as NVRTC gives it; PTX ends in a zero.
    check("cuModuleLoadData", unsafe {
        cuModuleLoadData(&mut module, image.as_ptr().cast())
    })?;
    names
        .iter()
        .map(|name| {
            let text = CString::new(*name).unwrap_or_default();
            let mut function = 0;
            // SAFETY: the module has just been loaded and is never unloaded; the name ends in a zero.
            let code = unsafe { cuModuleGetFunction(&mut function, module, text.as_ptr()) };
            check("cuModuleGetFunction", code)?;
            Ok(Function(function))
        })
        .collect()
}

/// Launches a kernel on a stream, in blocks of `threads`.
///
/// # Safety
/// The parameters must be those that the kernel declares, and addresses among them must be of device memory that is as long as
/// the kernel, which is told lengths, reads and writes.
pub(crate) unsafe fn launch(
    function: Function,
    grid: [u32; 3],
    threads: u32,
    parameters: &Parameters,
    stream: Stream,
) -> Result<(), CudaProblem> {
    let mut places = parameters.places();
    // SAFETY: the caller's promise; the driver copies the parameters before it returns.
    let code = unsafe { symbols::launch(function.0, grid, threads, stream, places.as_mut_ptr()) };
    check("cuLaunchKernel", code)
}

/// Copies device memory to the host, after all work before it.
///
/// # Safety
/// `from` must be the address of as many values on the device.
pub(crate) unsafe fn read<T: Copy>(from: u64, to: &mut [T]) -> Result<(), CudaProblem> {
    if to.is_empty() {
        return Ok(());
    }
    counters()
        .reads
        .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    // SAFETY: the caller's promise, and `to` is as long as it says.
    check("cuMemcpyDtoH", unsafe {
        cuMemcpyDtoH_v2(to.as_mut_ptr().cast(), from, size_of_val(to))
    })
}

/// Copies host memory to the device; done when it returns.
///
/// # Safety
/// `to` must be the address of space for as many values on the device.
pub(crate) unsafe fn write<T: Copy>(to: u64, from: &[T]) -> Result<(), CudaProblem> {
    if from.is_empty() {
        return Ok(());
    }
    // SAFETY: the caller's promise, and `from` is as long as it says.
    check("cuMemcpyHtoD", unsafe {
        cuMemcpyHtoD_v2(to, from.as_ptr().cast(), size_of_val(from))
    })
}

/// Gives memory that is kept for later back to the driver; true where there was any.
pub(crate) fn trim() -> bool {
    symbols::trim()
}

/// Fills device memory with zeros, in the order of dfdx's stream.
///
/// # Safety
/// `to` must be the address of as many bytes on the device.
pub(crate) unsafe fn clear(to: u64, bytes: usize) -> Result<(), CudaProblem> {
    // SAFETY: the caller's promise.
    check("cuMemsetD8Async", unsafe { cuMemsetD8Async(to, 0, bytes, MAIN) })
}

/// Device memory of this crate's own; given back when dropped.
#[derive(Debug)]
pub(crate) struct Block {
    pointer: u64,
    bytes: usize,
}

impl Block {
    /// Memory of unspecified content.
    pub(crate) fn new(bytes: usize) -> Result<Self, CudaProblem> {
        let mut pointer = 0;
        // SAFETY: the pointer is to a local variable.
        check("cuMemAllocAsync", unsafe {
            cuMemAllocAsync(&mut pointer, bytes, MAIN)
        })?;
        Ok(Self { pointer, bytes })
    }

    /// Where it is.
    pub(crate) fn pointer(&self) -> u64 {
        self.pointer
    }

    /// How long it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: it was allocated by `new`, and nobody else frees it. The stream's order keeps it until all work before is
        // done. `cuMemFreeAsync` as defined in `symbols` does not fail.
        unsafe { cuMemFreeAsync(self.pointer, MAIN) };
    }
}

/// Page-locked host memory, which the device copies from by itself.
#[derive(Debug)]
pub(crate) struct Pinned {
    place: *mut c_void,
    len: usize,
}

// SAFETY: it is plain memory that is owned, as a `Vec` is.
unsafe impl Send for Pinned {}

impl Pinned {
    /// Room for `len` values.
    pub(crate) fn new(len: usize) -> Result<Self, CudaProblem> {
        let mut place = std::ptr::null_mut();
        // SAFETY: the pointer is to a local variable. 4 is write-combined: the host only writes it, in order.
        check("cuMemHostAlloc", unsafe {
            cuMemHostAlloc(&mut place, len * size_of::<f32>(), 4)
        })?;
        Ok(Self { place, len })
    }

    /// Starts copying `values`, which must fit, to the device on a stream. The host memory must not be written to again before
    /// the copy is done.
    ///
    /// # Safety
    /// `to` must be the address of space for as many values on the device; no earlier copy from here may still be going on.
    pub(crate) unsafe fn send(&mut self, values: &[f32], to: u64, stream: Stream) -> Result<(), CudaProblem> {
        assert!(
            values.len() <= self.len,
            "{} values for room of {}",
            values.len(),
            self.len
        );
        // SAFETY: the memory is at least as long, page-locked, and not read by the device (the caller's promise).
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.place.cast(), values.len()) };
        // SAFETY: the caller's promise.
        check("cuMemcpyHtoDAsync", unsafe {
            cuMemcpyHtoDAsync_v2(to, self.place, size_of_val(values), stream)
        })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: it was allocated by `new`. A failure leaves it to the end of the process.
        let _ = unsafe { cuMemFreeHost(self.place) };
    }
}

/// A stream that does not wait for dfdx's.
pub(crate) fn new_stream() -> Result<Stream, CudaProblem> {
    let mut stream = 0;
    // SAFETY: the pointer is to a local variable; 1 is "non-blocking".
    check("cuStreamCreate", unsafe { cuStreamCreate(&mut stream, 1) })?;
    Ok(stream)
}

/// An event that counts as passed until it is recorded.
pub(crate) fn new_event() -> Result<Event, CudaProblem> {
    let mut event = 0;
    // SAFETY: the pointer is to a local variable; 2 is "no timing".
    check("cuEventCreate", unsafe { cuEventCreate(&mut event, 2) })?;
    Ok(event)
}

/// An event that tells when it passed.
pub(crate) fn new_timer() -> Result<Event, CudaProblem> {
    let mut event = 0;
    // SAFETY: the pointer is to a local variable.
    check("cuEventCreate", unsafe { cuEventCreate(&mut event, 0) })?;
    Ok(event)
}

/// Milliseconds between two timers that have passed.
pub(crate) fn elapsed(from: Event, to: Event) -> Result<f32, CudaProblem> {
    let mut milliseconds = 0.0;
    // SAFETY: the pointer is to a local variable; handles come from `new_timer`.
    check("cuEventElapsedTime", unsafe {
        cuEventElapsedTime(&mut milliseconds, from, to)
    })?;
    Ok(milliseconds)
}

/// The event passes once all work now on the stream is done.
pub(crate) fn record(event: Event, stream: Stream) -> Result<(), CudaProblem> {
    // SAFETY: handles come from `new_event` and `new_stream` and are never destroyed.
    check("cuEventRecord", unsafe { cuEventRecord(event, stream) })
}

/// Work put on the stream from now on waits for the event.
pub(crate) fn wait_on(stream: Stream, event: Event) -> Result<(), CudaProblem> {
    // SAFETY: as above.
    check("cuStreamWaitEvent", unsafe {
        cuStreamWaitEvent(stream, event, 0)
    })
}

/// Waits for the event.
pub(crate) fn wait_for(event: Event) -> Result<(), CudaProblem> {
    // SAFETY: as above.
    check("cuEventSynchronize", unsafe { cuEventSynchronize(event) })
}
