//! `--device`, `--precision` and `--threads`, the same for every command that computes.

use diptych_domain::DeviceChoice;
use diptych_imgops::arithmetic::{self, Arithmetic, Precision};
use diptych_imgops::cpu::convolve::set_exact;
use diptych_imgops::cpu::simd;

use crate::failure::Failure;
use crate::gpu;

/// Where to compute.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct ComputeArgs {
    /// auto (a GPU where there is one), cpu, or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// CPU threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Sum convolutions directly, without Winograd's faster algorithm: each layer's rounding error is then about 3e-7 of
    /// its output instead of 1.5e-6, and a step takes about half as long again
    #[arg(long)]
    pub exact: bool,
    /// Arithmetic of a GPU's convolutions: f32, or tf32, which rounds operands to 10 bits of mantissa [default: tf32]
    #[arg(long, value_name = "PRECISION")]
    pub precision: Option<Precision>,
    /// Let a GPU take the fastest algorithms, even where results do not repeat to the bit
    #[arg(long)]
    pub fast_math: bool,
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
        let gpu = Arithmetic {
            precision: self.precision.unwrap_or_default(),
            fast: self.fast_math,
        };
        arithmetic::set(gpu);
        let device = gpu::settle(self.device)?;
        if device == DeviceChoice::Cpu && self.device == DeviceChoice::Cpu {
            let given = [
                ("--precision", self.precision.is_some()),
                ("--fast-math", self.fast_math),
            ];
            if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
                return Err(Failure::usage(format!(
                    "{option} is for GPUs; the CPU computes in f32, and --exact is what it has"
                )));
            }
        }
        Ok(Compute {
            device,
            threads: rayon::current_num_threads(),
            exact: self.exact,
            gpu,
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
    /// A GPU's arithmetic.
    pub gpu: Arithmetic,
}

impl Compute {
    /// How convolutions are summed, as it is kept with a run.
    pub fn arithmetic(&self) -> String {
        match self.device {
            DeviceChoice::Cuda(_) => self.gpu.to_string(),
            _ if self.exact => EXACT.to_owned(),
            _ => "winograd".to_owned(),
        }
    }
}

/// [`Compute::arithmetic`] of a run with `--exact`.
pub const EXACT: &str = "exact";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_says_which_arithmetic_it_was() {
        let compute = |device, exact| Compute {
            device,
            threads: 1,
            exact,
            gpu: Arithmetic::DEFAULT,
        };
        assert_eq!(compute(DeviceChoice::Cpu, false).arithmetic(), "winograd");
        assert_eq!(compute(DeviceChoice::Cpu, true).arithmetic(), EXACT);
        assert_eq!(compute(DeviceChoice::Cuda(0), false).arithmetic(), "tf32");
    }
}
