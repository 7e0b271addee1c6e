//! Opening the driver's library.
#![allow(unsafe_code)] // loading a library and looking up its symbols

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use libloading::Library;

/// Where libraries of these names are looked for: `LD_LIBRARY_PATH`, the system's folders, then CUDA's usual ones.
const FOLDERS: [&str; 4] = [
    "",
    "/usr/local/cuda/lib64/",
    "/usr/local/nvidia/lib64/",
    "/usr/lib/wsl/lib/",
];

static DRIVER: OnceLock<Result<ManuallyDrop<Library>, String>> = OnceLock::new();

/// Opens the first library of `names` that is there, for as long as the process lives: NVIDIA's have threads and exit handlers
/// of their own. The error tells the loader's reason for the first.
pub(crate) fn open(names: &[&str]) -> Result<ManuallyDrop<Library>, String> {
    let mut reason = None;
    for name in names {
        for folder in FOLDERS {
            // SAFETY: NVIDIA's libraries have initialisers that are made to be run by any process.
            match unsafe { Library::new(format!("{folder}{name}")) } {
                Ok(library) => return Ok(ManuallyDrop::new(library)),
                Err(e) => reason = reason.or_else(|| Some(why(&e))),
            }
        }
    }
    Err(reason.unwrap_or_default())
}

/// The system's own words behind libloading's.
fn why(error: &libloading::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

/// The driver's library; the loader's reason where it is not to be had.
pub(crate) fn driver() -> Result<&'static Library, &'static str> {
    DRIVER
        .get_or_init(|| open(&["libcuda.so.1", "libcuda.so"]))
        .as_ref()
        .map(|library| &**library)
        .map_err(String::as_str)
}

/// Where one function's address is kept once it has been looked up.
pub(crate) struct Place(AtomicPtr<c_void>);

impl Place {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }
}

/// The address of the driver's function `name`; `None` where there is no driver, or it has no such function.
pub(crate) fn address(place: &Place, name: &str) -> Option<*mut c_void> {
    let known = place.0.load(Ordering::Acquire);
    if !known.is_null() {
        return Some(known);
    }
    let library = driver().ok()?;
    // SAFETY: only the address is taken; the library is never closed.
    let symbol = unsafe { library.get::<*mut c_void>(name.as_bytes()) }.ok()?;
    let found = *symbol;
    place.0.store(found, Ordering::Release);
    Some(found)
}
