//! Loops compiled once for each instruction set and chosen at run time.
//!
//! Most are plain safe Rust over slices: the attribute on each copy only lets the compiler use wider registers. The kernels
//! that decide how fast a step is say which register holds what (`Set`). Either way every instruction set runs the same
//! source, and one set of tests covers them all (`DIPTYCH_SIMD` picks a lower one).

use std::sync::LazyLock;

/// The instruction sets that kernels are compiled for, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the target's baseline has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F and VL.
    Avx512,
}

impl Level {
    fn of_this_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                    return Self::Avx512;
                }
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// The level of a name: `portable`, `avx2` or `avx512`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "portable" => Some(Self::Portable),
            "avx2" => Some(Self::Avx2),
            "avx512" => Some(Self::Avx512),
            _ => None,
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// The environment variable that picks a lower instruction set than the machine's best.
pub const VARIABLE: &str = "DIPTYCH_SIMD";

static LEVEL: LazyLock<Level> = LazyLock::new(|| {
    let asked = std::env::var(VARIABLE).ok();
    let best = Level::of_this_machine();
    asked
        .and_then(|name| Level::named(&name))
        .map_or(best, |level| level.min(best))
});

/// The instruction set in use: the machine's best, or what [`VARIABLE`] names if that is lower.
pub fn level() -> Level {
    *LEVEL
}

/// Defines a function whose body is compiled for AVX-512, AVX2 with FMA, and the baseline; a call runs the one for
/// [`level`]. The body may also ask how many rows of sixteen values the registers hold (`ROWS`), and for the instruction set
/// (`set`, of a type `S` that is a [`Set`]).
macro_rules! simd {
    ($(#[$doc:meta])* $vis:vis fn $name:ident<const ROWS: usize, S>($set:ident: S, $($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(unsafe_code)] // calling a function compiled for AVX where the processor has been asked for it
        $vis fn $name($($arg: $ty),*) {
            use $crate::cpu::simd::{Portable, Set};

            #[inline(always)]
            fn body<const ROWS: usize, S: Set>($set: S, $($arg: $ty),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                use $crate::cpu::simd::{Avx2, Avx512, Level};

                #[target_feature(enable = "avx512f,avx512vl,fma")]
                fn avx512($($arg: $ty),*) {
                    // SAFETY: this function runs only where the processor has what it is compiled for.
                    body::<12, _>(unsafe { Avx512::assume() }, $($arg),*);
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) {
                    // SAFETY: as above.
                    body::<6, _>(unsafe { Avx2::assume() }, $($arg),*);
                }
                match $crate::cpu::simd::level() {
                    // SAFETY: the level is never above what the processor has said it has.
                    Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    Level::Avx2 => return unsafe { avx2($($arg),*) },
                    Level::Portable => {}
                }
            }
            body::<2, _>(Portable, $($arg),*);
        }
    };
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        simd! {
            $(#[$doc])*
            $vis fn $name<const ROWS: usize, S>(_set: S, $($arg: $ty),*) $body
        }
    };
}

mod set;

#[cfg(target_arch = "x86_64")]
pub(crate) use set::{Avx2, Avx512};
pub(crate) use set::{Portable, Set, prefetch, prefetch_address, prefetch_far};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_names_and_never_exceed_the_machine() {
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            assert_eq!(Level::named(&level.to_string()), Some(level));
        }
        assert_eq!(Level::named("sse9"), None);
        assert!(level() <= Level::of_this_machine());
    }
}
