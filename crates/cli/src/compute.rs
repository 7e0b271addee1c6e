//! `--device` and `--threads`, the same for every command that computes.

use diptych_domain::DeviceChoice;
use diptych_imgops::cpu::convolve::set_exact;
use diptych_imgops::cpu::simd;

use crate::failure::Failure;

/// Why there is no GPU to be had.
pub const NO_CUDA: &str = "this version computes on the CPU only; CUDA is still to come";

/// Where to compute.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct ComputeArgs {
    /// auto, cpu, or cuda:0
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// CPU threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Sum convolutions directly, without Winograd's faster algorithm: each layer's rounding error is then about 3e-7 of
    /// its output instead of 1.5e-6, and a step takes about half as long again
    #[arg(long)]
    pub exact: bool,
}

impl ComputeArgs {
    /// Makes the thread pool, once for the whole process, and settles the device.
    pub fn settle(&self) -> Result<Compute, Failure> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global()?;
        }
        if let Some(asked) = std::env::var_os(simd::VARIABLE) {
            let known = asked.to_str().and_then(simd::Level::named);
            known.ok_or_else(|| {
                Failure::usage(format!(
                    "{}={}: no such instruction set; there are portable, avx2 and avx512",
                    simd::VARIABLE,
                    asked.display()
                ))
            })?;
        }
        set_exact(self.exact);
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
            exact: self.exact,
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
    /// Without Winograd's algorithm.
    pub exact: bool,
}

impl Compute {
    /// How convolutions are summed, as it is kept with a run.
    pub fn arithmetic(&self) -> &'static str {
        if self.exact { EXACT } else { "winograd" }
    }
}

/// [`Compute::arithmetic`] of a run with `--exact`.
pub const EXACT: &str = "exact";
