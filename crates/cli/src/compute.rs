//! `--device` and `--threads`, the same for every command that computes.

use diptych_domain::DeviceChoice;

use crate::failure::Failure;

/// Why there is no GPU to be had.
pub const NO_CUDA: &str = "this version computes on the CPU only; CUDA is still to come";

/// Where to compute.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ComputeArgs {
    /// auto, cpu, or cuda:0
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// CPU threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl ComputeArgs {
    /// Makes the thread pool, once for the whole process, and settles the device.
    pub fn settle(&self) -> Result<Compute, Failure> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global()?;
        }
        Ok(Compute {
            device: match self.device {
                DeviceChoice::Auto | DeviceChoice::Cpu => DeviceChoice::Cpu,
                chosen @ DeviceChoice::Cuda(_) => {
                    return Err(Failure::usage(format!(
                        "--device {chosen}: {NO_CUDA}; use --device cpu"
                    )));
                }
            },
            threads: rayon::current_num_threads(),
        })
    }
}

/// A settled device and the size of the thread pool.
#[derive(Clone, Copy, Debug)]
pub struct Compute {
    /// Not `Auto`.
    pub device: DeviceChoice,
    /// Threads of the CPU kernels.
    pub threads: usize,
}
