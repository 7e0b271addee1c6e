//! What GPUs there are, and why not.

use diptych_domain::DeviceChoice;
use serde::Serialize;

use crate::failure::Failure;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    /// The newest CUDA that the driver is made for.
    pub driver: Option<String>,
    /// The GPUs, in the order of `cuda:N`.
    pub devices: Vec<Gpu>,
    /// cuDNN's version.
    pub cudnn: Option<String>,
    /// NVRTC's version.
    pub nvrtc: Option<String>,
    /// What keeps this program from using them.
    pub problems: Vec<String>,
}

/// One GPU.
#[derive(Clone, Debug, Serialize)]
pub struct Gpu {
    /// `cuda:N`.
    pub device: String,
    /// Its name.
    pub name: String,
    /// Compute capability.
    pub capability: String,
    /// Bytes of memory.
    pub memory_bytes: usize,
}

#[cfg(feature = "cuda")]
mod place {
    use diptych_domain::DeviceChoice;
    use diptych_imgops::cuda::{CudaProblem, devices, libraries};

    use super::{Found, Gpu};
    use crate::failure::Failure;
    use crate::output;

    /// Looks for a driver, GPUs and libraries.
    pub fn look() -> Option<Found> {
        let mut found = Found::default();
        match devices() {
            Ok((version, devices)) => {
                found.driver = Some(format!("{}.{}", version / 1000, version % 1000 / 10));
                found.devices = devices
                    .into_iter()
                    .map(|d| Gpu {
                        device: DeviceChoice::Cuda(d.ordinal).to_string(),
                        name: d.name,
                        capability: format!("{}.{}", d.capability.0, d.capability.1),
                        memory_bytes: d.memory,
                    })
                    .collect();
            }
            Err(problem) => found.problems.push(problem.to_string()),
        }
        let (cudnn, nvrtc) = libraries();
        let mut version = |version: Result<String, CudaProblem>| {
            version
                .map_err(|problem| found.problems.push(problem.to_string()))
                .ok()
        };
        let cudnn = version(cudnn.map(|v| format!("{}.{}.{}", v / 10_000, v / 100 % 100, v % 100)));
        let nvrtc = version(nvrtc.map(|(major, minor)| format!("{major}.{minor}")));
        (found.cudnn, found.nvrtc) = (cudnn, nvrtc);
        Some(found)
    }

    /// The first GPU that can be used, else the CPU, saying why.
    pub fn automatic() -> DeviceChoice {
        let problem = match (devices(), libraries()) {
            (Err(CudaProblem::NoDriver { .. } | CudaProblem::NoDevice), _) => return DeviceChoice::Cpu,
            (Err(problem), _) | (_, (Err(problem), _) | (_, Err(problem))) => problem,
            (Ok(_), (Ok(_), Ok(_))) => return DeviceChoice::Cuda(0),
        };
        output::note(format!("computing on the CPU: {problem}"));
        DeviceChoice::Cpu
    }

    /// Checks that there is a GPU of that ordinal, with the libraries that it needs.
    pub fn check(ordinal: usize) -> Result<(), Failure> {
        let device = DeviceChoice::Cuda(ordinal);
        let refuse = |problem: CudaProblem| Failure::usage(format!("--device {device}: {problem}"));
        let (_, found) = devices().map_err(refuse)?;
        let count = found.len();
        if ordinal >= count {
            return Err(refuse(CudaProblem::NoSuchDevice { ordinal, count }));
        }
        let (cudnn, nvrtc) = libraries();
        cudnn.map_err(refuse)?;
        nvrtc.map_err(refuse)?;
        Ok(())
    }
}

#[cfg(not(feature = "cuda"))]
mod place {
    use diptych_domain::DeviceChoice;

    use super::{Found, NO_CUDA};
    use crate::failure::Failure;

    /// There is nothing to look for.
    pub fn look() -> Option<Found> {
        None
    }

    /// The CPU.
    pub fn automatic() -> DeviceChoice {
        DeviceChoice::Cpu
    }

    /// Refuses.
    pub fn check(ordinal: usize) -> Result<(), Failure> {
        Err(Failure::usage(format!(
            "--device cuda:{ordinal}: {NO_CUDA}; or use --device cpu"
        )))
    }
}

pub use place::look;

/// Why a build without CUDA has no GPU.
pub const NO_CUDA: &str =
    "this build computes on the CPU only; `cargo build --release --features cuda` makes one with CUDA";

/// The device of a choice: never `Auto`.
pub fn settle(choice: DeviceChoice) -> Result<DeviceChoice, Failure> {
    match choice {
        DeviceChoice::Auto => Ok(place::automatic()),
        DeviceChoice::Cpu => Ok(DeviceChoice::Cpu),
        DeviceChoice::Cuda(ordinal) => place::check(ordinal).map(|()| choice),
    }
}

/// A GPU's name and the versions that its results depend on, for a run's record.
pub fn describe(device: DeviceChoice) -> Vec<(String, String)> {
    let (DeviceChoice::Cuda(ordinal), Some(found)) = (device, look()) else {
        return Vec::new();
    };
    let name = found.devices.into_iter().nth(ordinal).map(|gpu| gpu.name);
    [
        ("gpu", name),
        ("cuda_driver", found.driver),
        ("cudnn", found.cudnn),
        ("nvrtc", found.nvrtc),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}
