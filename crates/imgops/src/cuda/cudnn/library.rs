//! cuDNN's functions, looked up in the library; statuses are plain numbers, since cuDNN 9 has other ones than 8.
#![allow(unsafe_code)] // foreign functions, declared as in cudnn_v9.h

use std::ffi::c_void;
use std::mem::ManuallyDrop;

use libloading::Library;

use crate::cuda::driver::library;
use crate::cuda::problem::CudaProblem;

pub(super) type Handle = *mut c_void;
pub(super) type Descriptor = *mut c_void;

const REMEDY: &str = "install cuDNN 9 for your CUDA version, or `pip install nvidia-cudnn-cu13` and name its lib folder in LD_LIBRARY_PATH";

/// One algorithm that cuDNN offers for a convolution. The layout is that of `cudnnConvolution*AlgoPerf_t`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub(super) struct Offer {
    /// The algorithm.
    pub(super) algorithm: i32,
    /// 0 where it can be used.
    pub(super) status: i32,
    /// Milliseconds, where it was tried; -1 elsewhere.
    pub(super) time: f32,
    /// Bytes of work space.
    pub(super) workspace: usize,
    /// 1 where results repeat bit for bit.
    pub(super) deterministic: i32,
    /// Arithmetic: see [`super::plan`].
    pub(super) math: i32,
    pub(super) reserved: [i32; 3],
}

type Create = unsafe extern "C" fn(*mut Descriptor) -> i32;
type Destroy = unsafe extern "C" fn(Descriptor) -> i32;
/// Handle, three tensors or filters and the convolution in the pass's own order, count asked for, count given, offers.
type Offers = unsafe extern "C" fn(
    Handle,
    Descriptor,
    Descriptor,
    Descriptor,
    Descriptor,
    i32,
    *mut i32,
    *mut Offer,
) -> i32;
/// Handle, alpha, first operand, second operand, convolution, algorithm, work space, its bytes, beta, result.
type Run = unsafe extern "C" fn(
    Handle,
    *const f32,
    Descriptor,
    *const c_void,
    Descriptor,
    *const c_void,
    Descriptor,
    i32,
    *mut c_void,
    usize,
    *const f32,
    Descriptor,
    *mut c_void,
) -> i32;

/// One pass's functions.
pub(super) struct PassFunctions {
    /// What cuDNN's heuristics offer, best first: the same for the same device and library.
    pub(super) offers: Offers,
    /// Runs it.
    pub(super) run: Run,
}

/// The functions in use.
pub(super) struct Functions {
    pub(super) create: Create,
    pub(super) set_stream: unsafe extern "C" fn(Handle, *mut c_void) -> i32,
    pub(super) create_tensor: Create,
    pub(super) destroy_tensor: Destroy,
    pub(super) set_tensor: unsafe extern "C" fn(Descriptor, i32, i32, i32, i32, i32, i32) -> i32,
    pub(super) create_filter: Create,
    pub(super) destroy_filter: Destroy,
    pub(super) set_filter: unsafe extern "C" fn(Descriptor, i32, i32, i32, i32, i32, i32) -> i32,
    pub(super) create_convolution: Create,
    pub(super) destroy_convolution: Destroy,
    pub(super) set_convolution:
        unsafe extern "C" fn(Descriptor, i32, i32, i32, i32, i32, i32, i32, i32) -> i32,
    pub(super) set_math: unsafe extern "C" fn(Descriptor, i32) -> i32,
    #[cfg(test)]
    pub(super) output_extents: unsafe extern "C" fn(
        Descriptor,
        Descriptor,
        Descriptor,
        *mut i32,
        *mut i32,
        *mut i32,
        *mut i32,
    ) -> i32,
    /// Forward, backward data, backward filter.
    pub(super) passes: [PassFunctions; 3],
    /// As `90100` for 9.1.0.
    pub(super) version: usize,
    _library: ManuallyDrop<Library>,
}

impl Functions {
    /// Opens the library, which must be cuDNN 9.
    pub(super) fn open() -> Result<Self, CudaProblem> {
        let missing = |reason: String| CudaProblem::NoLibrary {
            name: "cuDNN (libcudnn.so.9)",
            reason,
            remedy: REMEDY,
        };
        let library = library::open(&["libcudnn.so.9"]).map_err(missing)?;
        macro_rules! get {
            ($name:literal) => {{
                // SAFETY: the field that it goes to has the type that cudnn_v9.h declares; the library stays open as long
                // as the functions are in use.
                let found = unsafe { library.get($name.as_bytes()) };
                *found.map_err(|e| missing(e.to_string()))?
            }};
        }
        let get_version: unsafe extern "C" fn() -> usize = get!("cudnnGetVersion");
        // SAFETY: it takes nothing and only tells a number.
        let version = unsafe { get_version() };
        if version < 90_000 {
            return Err(CudaProblem::WrongLibrary {
                name: "cuDNN",
                found: version.to_string(),
                wanted: "9.0 or newer",
            });
        }
        Ok(Self {
            create: get!("cudnnCreate"),
            set_stream: get!("cudnnSetStream"),
            create_tensor: get!("cudnnCreateTensorDescriptor"),
            destroy_tensor: get!("cudnnDestroyTensorDescriptor"),
            set_tensor: get!("cudnnSetTensor4dDescriptor"),
            create_filter: get!("cudnnCreateFilterDescriptor"),
            destroy_filter: get!("cudnnDestroyFilterDescriptor"),
            set_filter: get!("cudnnSetFilter4dDescriptor"),
            create_convolution: get!("cudnnCreateConvolutionDescriptor"),
            destroy_convolution: get!("cudnnDestroyConvolutionDescriptor"),
            set_convolution: get!("cudnnSetConvolution2dDescriptor"),
            set_math: get!("cudnnSetConvolutionMathType"),
            #[cfg(test)]
            output_extents: get!("cudnnGetConvolution2dForwardOutputDim"),
            passes: [
                PassFunctions {
                    offers: get!("cudnnGetConvolutionForwardAlgorithm_v7"),
                    run: get!("cudnnConvolutionForward"),
                },
                PassFunctions {
                    offers: get!("cudnnGetConvolutionBackwardDataAlgorithm_v7"),
                    run: get!("cudnnConvolutionBackwardData"),
                },
                PassFunctions {
                    offers: get!("cudnnGetConvolutionBackwardFilterAlgorithm_v7"),
                    run: get!("cudnnConvolutionBackwardFilter"),
                },
            ],
            version,
            _library: library,
        })
    }
}
