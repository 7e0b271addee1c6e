//! NVRTC, NVIDIA's run-time compiler: this crate's kernels are compiled once a process, for the very device they run on.
//!
//! Why not at build time: a build would need nvcc and a list of devices, and its PTX a driver at least as new as that nvcc. The
//! library comes with every CUDA toolkit and with PyTorch; compiling takes about a second.
#![allow(unsafe_code)] // foreign functions, declared as in nvrtc.h

use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::ManuallyDrop;

use libloading::Library;

use super::driver::{SUCCESS, library};
use super::problem::CudaProblem;

const NAMES: [&str; 3] = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];

const REMEDY: &str = "install the CUDA toolkit (12 or 13), or `pip install nvidia-cuda-nvrtc` and name its folder in LD_LIBRARY_PATH";

type Program = *mut c_void;

/// The library.
pub(crate) struct Nvrtc {
    library: ManuallyDrop<Library>,
}

/// A compiled image, for the driver to load.
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Nvrtc {
    /// Opens it.
    pub(crate) fn open() -> Result<Self, CudaProblem> {
        let library = library::open(&NAMES).map_err(|reason| CudaProblem::NoLibrary {
            name: "NVRTC (libnvrtc)",
            reason,
            remedy: REMEDY,
        })?;
        Ok(Self { library })
    }

    /// A function by its name.
    fn get<F: Copy>(&self, name: &'static str) -> Result<F, CudaProblem> {
        // SAFETY: every caller below asks for the type that nvrtc.h declares, and `self` outlives the call.
        let found = unsafe { self.library.get::<F>(name.as_bytes()) };
        found.map(|f| *f).map_err(|e| CudaProblem::NoLibrary {
            name: "NVRTC (libnvrtc)",
            reason: e.to_string(),
            remedy: REMEDY,
        })
    }

    /// Major and minor version.
    pub(crate) fn version(&self) -> Result<(i32, i32), CudaProblem> {
        let version: unsafe extern "C" fn(*mut c_int, *mut c_int) -> u32 = self.get("nvrtcVersion")?;
        let (mut major, mut minor) = (0, 0);
        // SAFETY: the pointers are to local variables.
        unsafe { version(&mut major, &mut minor) };
        Ok((major, minor))
    }

    /// Compiles `source` for a compute capability, to machine code (`sm_90`).
    pub(crate) fn compile(
        &self,
        source: &str,
        capability: (i32, i32),
        options: &[&str],
    ) -> Result<Image, CudaProblem> {
        type Create = unsafe extern "C" fn(
            *mut Program,
            *const c_char,
            *const c_char,
            c_int,
            *const *const c_char,
            *const *const c_char,
        ) -> u32;
        type Compile = unsafe extern "C" fn(Program, c_int, *const *const c_char) -> u32;
        type Size = unsafe extern "C" fn(Program, *mut usize) -> u32;
        type Fetch = unsafe extern "C" fn(Program, *mut c_char) -> u32;
        let create: Create = self.get("nvrtcCreateProgram")?;
        let compile: Compile = self.get("nvrtcCompileProgram")?;
        let destroy: unsafe extern "C" fn(*mut Program) -> u32 = self.get("nvrtcDestroyProgram")?;
        let log: (Size, Fetch) = (
            self.get("nvrtcGetProgramLogSize")?,
            self.get("nvrtcGetProgramLog")?,
        );
        let image: (Size, Fetch) = (self.get("nvrtcGetCUBINSize")?, self.get("nvrtcGetCUBIN")?);

        let arch = format!("sm_{}{}", capability.0, capability.1);
        let failed = |log: String| CudaProblem::Compile {
            arch: arch.clone(),
            log,
        };
        let text = |s: &str| CString::new(s).map_err(|e| failed(e.to_string()));
        let options: Vec<CString> = std::iter::once(text(&format!("--gpu-architecture={arch}")))
            .chain(options.iter().map(|o| text(o)))
            .collect::<Result<_, _>>()?;
        let pointers: Vec<*const c_char> = options.iter().map(|o| o.as_ptr()).collect();
        let (source, name) = (text(source)?, text("diptych.cu")?);
        let fetch = |(size, fetch): (Size, Fetch), program: Program| {
            let mut len = 0;
            // SAFETY: the program is alive; the pointer is to a local variable.
            let known = unsafe { size(program, &mut len) } == SUCCESS;
            let mut bytes = vec![0u8; if known { len } else { 0 }];
            // SAFETY: the buffer is as long as NVRTC says that it writes.
            let read = known && unsafe { fetch(program, bytes.as_mut_ptr().cast()) } == SUCCESS;
            read.then_some(bytes)
        };

        let mut program: Program = std::ptr::null_mut();
        // SAFETY: texts end in zeros and outlive the calls; there are no headers.
        let created = unsafe {
            create(
                &mut program,
                source.as_ptr(),
                name.as_ptr(),
                0,
                std::ptr::null(),
                std::ptr::null(),
            )
        };
        if created != SUCCESS {
            return Err(failed(format!("nvrtcCreateProgram: code {created}")));
        }
        // SAFETY: the program is alive, and there are as many options as told.
        let compiled = unsafe {
            compile(
                program,
                c_int::try_from(pointers.len()).unwrap_or(0),
                pointers.as_ptr(),
            )
        };
        let result = if compiled == SUCCESS {
            fetch(image, program).filter(|bytes| !bytes.is_empty())
        } else {
            None
        };
        let said = fetch(log, program).unwrap_or_default();
        // SAFETY: it was created above and is not used again.
        unsafe { destroy(&mut program) };
        let said = String::from_utf8_lossy(&said)
            .trim_end_matches('\0')
            .trim()
            .to_owned();
        result.map(Image).ok_or_else(|| {
            failed(if said.is_empty() {
                format!(
                    "code {compiled}; NVRTC {:?} may be too old for this GPU",
                    self.version().unwrap_or_default()
                )
            } else {
                said
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuda::kernels::{NAMES, SOURCE};

    /// NVRTC needs no GPU. Runs against whichever library is found; the emulator's takes everything.
    #[test]
    fn our_kernels_compile_to_an_image_that_names_them() {
        let nvrtc = Nvrtc::open().unwrap_or_else(|problem| panic!("{problem}"));
        for capability in [(8, 0), (9, 0)] {
            let Image(image) = nvrtc.compile(SOURCE, capability, &["--std=c++17"]).unwrap();
            if image.starts_with(b"EMULATED") {
                return;
            }
            assert!(image.starts_with(b"\x7fELF"));
            for name in NAMES {
                let found = image.windows(name.len()).any(|w| w == name.as_bytes());
                assert!(found, "{name} is not in the image");
            }
            let error = nvrtc
                .compile("extern \"C\" __global__ void broken( {", capability, &[])
                .err();
            assert!(matches!(error, Some(CudaProblem::Compile { .. })));
        }
    }
}
