//! What can be wrong with a GPU, its driver or a library, each with its remedy.

use std::cell::RefCell;

use cudarc::driver::DriverError;
use cudarc::driver::sys::CUresult;
use dfdx::tensor::CudaError;

/// Why a GPU cannot be used, or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CudaProblem {
    /// No driver library.
    #[error(
        "no NVIDIA driver: {reason}; install one (the package is often called nvidia-driver), or use --device cpu"
    )]
    NoDriver {
        /// The loader's words.
        reason: String,
    },
    /// A driver that does not start.
    #[error(
        "the NVIDIA driver does not start: {text} (code {code}); does nvidia-smi work? Or use --device cpu"
    )]
    DriverDown {
        /// Its code.
        code: u32,
        /// What that means.
        text: String,
    },
    /// A driver, but no GPU.
    #[error(
        "the NVIDIA driver sees no GPU; is CUDA_VISIBLE_DEVICES empty, or the container started without --gpus? Or use --device cpu"
    )]
    NoDevice,
    /// An ordinal past the last device.
    #[error("there is no cuda:{ordinal}: this machine has {count} GPU(s), cuda:0 to cuda:{}", count.saturating_sub(1))]
    NoSuchDevice {
        /// The device asked for.
        ordinal: usize,
        /// How many there are.
        count: usize,
    },
    /// A driver from before CUDA 12.
    #[error("the NVIDIA driver is for CUDA {}.{}; install one for CUDA 12.0 or newer, or use --device cpu", version / 1000, version % 1000 / 10)]
    OldDriver {
        /// 1000 major + 10 minor.
        version: i32,
    },
    /// A GPU from before Volta.
    #[error(
        "{name} has compute capability {major}.{minor}; 7.0 (Volta) or newer is needed; use --device cpu"
    )]
    OldDevice {
        /// The GPU.
        name: String,
        /// Its compute capability.
        major: i32,
        /// Its compute capability.
        minor: i32,
    },
    /// cuDNN or NVRTC is not there.
    #[error("{name} is not to be had: {reason}; {remedy}")]
    NoLibrary {
        /// What is missing.
        name: &'static str,
        /// The loader's words.
        reason: String,
        /// How to get it.
        remedy: &'static str,
    },
    /// A library of another generation.
    #[error("{name} is version {found}; {wanted} is needed")]
    WrongLibrary {
        /// The library.
        name: &'static str,
        /// Its version.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// A setting in the environment that means nothing.
    #[error("{name}={value}: expected {expected}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Another device is in use by this process.
    #[error("this process computes on cuda:{open}; cuda:{asked} needs a process of its own")]
    OneDevice {
        /// The device in use.
        open: usize,
        /// The device asked for.
        asked: usize,
    },
    /// The device's memory is used up.
    #[error(
        "the GPU has no memory left ({} of {} MB free): lower data.batch_size or data.crop_size, or end other programs that use it",
        free / 1_000_000, total / 1_000_000
    )]
    OutOfMemory {
        /// Bytes free.
        free: usize,
        /// Bytes in all.
        total: usize,
    },
    /// A kernel does not compile, which is a mistake in it or an NVRTC too old for the device.
    #[error("the GPU kernels do not compile for {arch}: {log}")]
    Compile {
        /// The target.
        arch: String,
        /// What NVRTC said.
        log: String,
    },
    /// The device does not do what this crate relies on.
    #[error(
        "the GPU fails its self-test ({what}): please report this with the versions that `diptych doctor` shows"
    )]
    SelfTest {
        /// What was tried, and what came out.
        what: String,
    },
    /// cuDNN has no way to do a convolution within the work space that it may have.
    #[error("cuDNN has no algorithm for {what}: lower data.batch_size or data.crop_size")]
    NoAlgorithm {
        /// The convolution.
        what: String,
    },
    /// cuDNN refuses a convolution.
    #[error("cuDNN: {call} for {what}: status {status}")]
    Cudnn {
        /// The function.
        call: &'static str,
        /// The convolution.
        what: String,
        /// Its status.
        status: i32,
    },
    /// More values than kernels count.
    #[error("a tensor of {len} values; kernels count to 2^31: lower data.batch_size or data.crop_size")]
    TooLarge {
        /// Values.
        len: usize,
    },
    /// The driver fails.
    #[error("the GPU failed: {call}: {text} (code {code})")]
    Driver {
        /// The function.
        call: &'static str,
        /// Its code.
        code: u32,
        /// What that means.
        text: String,
    },
}

thread_local! {
    /// What the latest error of this thread was about: dfdx's error type has no room for words.
    static LATEST: RefCell<Option<CudaProblem>> = const { RefCell::new(None) };
}

impl CudaProblem {
    /// Whether the device's memory is used up.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }
}

impl From<CudaProblem> for CudaError {
    fn from(problem: CudaProblem) -> Self {
        let code = if problem.is_out_of_memory() {
            CUresult::CUDA_ERROR_OUT_OF_MEMORY
        } else {
            CUresult::CUDA_ERROR_UNKNOWN
        };
        LATEST.replace(Some(problem));
        Self::Driver(DriverError(code))
    }
}

/// The driver's code for an unknown error.
pub(crate) const UNKNOWN: u32 = 999;

/// What an unknown error was about, where this crate knows.
pub(crate) fn latest() -> Option<CudaProblem> {
    LATEST.take()
}

/// The problem behind an error of dfdx's.
pub(crate) fn behind(error: &CudaError) -> CudaProblem {
    match (error, LATEST.take()) {
        (CudaError::Driver(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)), latest) => latest
            .filter(CudaProblem::is_out_of_memory)
            .unwrap_or_else(|| super::driver::problem("cuMemAllocAsync", super::driver::OUT_OF_MEMORY)),
        (CudaError::Driver(DriverError(CUresult::CUDA_ERROR_UNKNOWN)), Some(problem)) => problem,
        (CudaError::Driver(DriverError(code)), _) => super::driver::problem("the driver", *code as u32),
        (other, _) => CudaProblem::Driver {
            call: "dfdx",
            code: 0,
            text: other.to_string(),
        },
    }
}

/// The problem behind an error of dfdx's that has become text; `None` for the CPU's.
pub(crate) fn behind_text(text: &str) -> Option<CudaProblem> {
    if !text.starts_with("Driver(DriverError(") {
        return None;
    }
    let full = text.contains("CUDA_ERROR_OUT_OF_MEMORY");
    let latest = LATEST.take().filter(|problem| problem.is_out_of_memory() == full);
    if full {
        return Some(
            latest.unwrap_or_else(|| super::driver::problem("cuMemAllocAsync", super::driver::OUT_OF_MEMORY)),
        );
    }
    let named = text.contains("CUDA_ERROR_UNKNOWN").then_some(latest).flatten();
    Some(named.unwrap_or_else(|| CudaProblem::Driver {
        call: "dfdx",
        code: 0,
        text: text.to_owned(),
    }))
}
