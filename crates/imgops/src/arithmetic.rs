//! How a GPU computes: set once for the process, read when the GPU is opened. (The CPU's is
//! [`crate::cpu::convolve::set_exact`].)

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// The arithmetic of convolutions. Everything else is f32, with sums in f64, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f32 throughout.
    F32,
    /// Operands rounded to TF32 (10 bits of mantissa), sums in f32, on devices that have it (Ampere and newer).
    #[default]
    Tf32,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
        })
    }
}

/// A name that is neither `f32` nor `tf32`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision `{0}`: expected `f32` or `tf32`")]
pub struct UnknownPrecision(pub String);

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(s: &str) -> Result<Self, UnknownPrecision> {
        match s {
            "f32" => Ok(Self::F32),
            "tf32" => Ok(Self::Tf32),
            _ => Err(UnknownPrecision(s.to_owned())),
        }
    }
}

/// The arithmetic of a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arithmetic {
    /// The arithmetic of convolutions.
    pub precision: Precision,
    /// Whether cuDNN may try its algorithms and take the fastest, and one whose results do not repeat to the bit.
    pub fast: bool,
}

impl Arithmetic {
    /// TF32, results that repeat to the bit.
    pub const DEFAULT: Self = Self {
        precision: Precision::Tf32,
        fast: false,
    };
}

/// `f32` or `tf32`, with ` fast` behind it where results need not repeat: as it is kept with a run.
impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.precision, if self.fast { " fast" } else { "" })
    }
}

impl FromStr for Arithmetic {
    type Err = UnknownPrecision;

    fn from_str(s: &str) -> Result<Self, UnknownPrecision> {
        let (name, fast) = s.strip_suffix(" fast").map_or((s, false), |name| (name, true));
        Ok(Self {
            precision: name.parse()?,
            fast,
        })
    }
}

static CURRENT: Mutex<Arithmetic> = Mutex::new(Arithmetic::DEFAULT);

/// Sets the arithmetic of GPUs that this process opens from now on.
pub fn set(arithmetic: Arithmetic) {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = arithmetic;
}

/// What [`set`] has set.
pub fn current() -> Arithmetic {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for precision in [Precision::F32, Precision::Tf32] {
            for fast in [false, true] {
                let arithmetic = Arithmetic { precision, fast };
                assert_eq!(arithmetic.to_string().parse(), Ok(arithmetic));
            }
        }
        assert_eq!("bf16".parse::<Precision>(), Err(UnknownPrecision("bf16".into())));
        assert!("winograd".parse::<Arithmetic>().is_err());
    }
}
