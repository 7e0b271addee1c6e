//! Sixteen values at a time, in whatever registers an instruction set has.
//!
//! Left to itself, the compiler kept blocks of sums in registers for AVX2, but for AVX-512 it found it better to vectorise
//! across rows, and to gather from and scatter to memory for every product (rustc 1.95). So it is told.

use crate::cpu::kernel::{LANES, Lanes};

/// An instruction set; a value of the type is the proof that the processor has it.
pub(crate) trait Set: Copy {
    /// Sixteen values.
    type V: Copy;

    /// Whether a fused multiply-add is one instruction; elsewhere it would be a library call.
    const FMA: bool;

    /// Whether there are registers enough for the sums of a block's rows with two panels. (True of the baseline too, which no
    /// registers are counted for, so that every machine can test it.)
    const PAIRS: bool;

    /// The same value sixteen times.
    fn splat(self, x: f32) -> Self::V;
    /// From memory.
    fn load(self, from: &Lanes) -> Self::V;
    /// To memory.
    fn store(self, v: Self::V, to: &mut Lanes);
    /// `to[j][i] = from[i][j]`.
    #[inline(always)]
    fn transpose(self, from: &[Lanes; LANES], to: &mut [Lanes; LANES]) {
        for (j, to) in to.iter_mut().enumerate() {
            *to = std::array::from_fn(|i| from[i][j]);
        }
    }
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, in one rounding where the set has an instruction for it.
    fn fused(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// The same of single values, for loops that the compiler is to vectorise.
    #[inline(always)]
    fn fused_one(self, a: f32, b: f32, c: f32) -> f32 {
        if Self::FMA { a.mul_add(b, c) } else { a * b + c }
    }
}

/// No instructions in particular: arrays, for the compiler to put into what registers the baseline has.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Set for Portable {
    type V = Lanes;

    const FMA: bool = false;

    const PAIRS: bool = true;

    #[inline(always)]
    fn splat(self, x: f32) -> Lanes {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> Lanes {
        *from
    }

    #[inline(always)]
    fn store(self, v: Lanes, to: &mut Lanes) {
        *to = v;
    }

    #[inline(always)]
    fn add(self, a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|l| a[l] + b[l])
    }

    #[inline(always)]
    fn sub(self, a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|l| a[l] - b[l])
    }

    #[inline(always)]
    fn mul(self, a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|l| a[l] * b[l])
    }

    #[inline(always)]
    fn fused(self, a: Lanes, b: Lanes, mut c: Lanes) -> Lanes {
        for l in 0..LANES {
            c[l] = self.fused_one(a[l], b[l], c[l]);
        }
        c
    }
}

/// Asks for memory that is used next, in the first-level cache. No matter of the instruction set: x86-64 always has it.
#[inline(always)]
pub(crate) fn prefetch(line: &Lanes) {
    prefetch_address(line.as_ptr());
}

/// As [`prefetch`], of any address: one that is nobody's is ignored.
#[inline(always)]
pub(crate) fn prefetch_address(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Asks for memory that is used later, in the second-level cache.
#[inline(always)]
pub(crate) fn prefetch_far(line: &Lanes) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(line.as_ptr());
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // intrinsics, which need the proof that an `Avx512` or an `Avx2` is
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm_prefetch, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_mul_ps,
        _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_sub_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
        _mm512_mul_ps, _mm512_set1_ps, _mm512_storeu_ps, _mm512_sub_ps,
    };

    use super::Set;
    use crate::cpu::kernel::{LANES, Lanes};

    /// Asks for memory, with a hint of [`_mm_prefetch`].
    #[inline(always)]
    pub(super) fn prefetch<const HINT: i32>(line: *const f32) {
        // SAFETY: every x86-64 processor has the instruction, which reads nothing and faults on nothing.
        unsafe { _mm_prefetch::<HINT>(line.cast()) }
    }

    /// AVX-512 F: sixteen values are one register.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(());

    impl Avx512 {
        /// # Safety
        /// The processor has AVX-512 F.
        #[inline(always)]
        pub(crate) unsafe fn assume() -> Self {
            Self(())
        }
    }

    // SAFETY of all: whoever made `self` has promised that the processor has these instructions; the references are to
    // sixteen values, and no alignment is asked for.
    impl Set for Avx512 {
        type V = __m512;

        const FMA: bool = true;

        const PAIRS: bool = true;

        #[inline(always)]
        fn splat(self, x: f32) -> __m512 {
            unsafe { _mm512_set1_ps(x) }
        }

        #[inline(always)]
        fn load(self, from: &Lanes) -> __m512 {
            unsafe { _mm512_loadu_ps(from.as_ptr()) }
        }

        #[inline(always)]
        fn store(self, v: __m512, to: &mut Lanes) {
            unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
        }

        #[inline(always)]
        fn transpose(self, from: &[Lanes; LANES], to: &mut [Lanes; LANES]) {
            unsafe { transpose(from, to) }
        }

        #[inline(always)]
        fn add(self, a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_add_ps(a, b) }
        }

        #[inline(always)]
        fn sub(self, a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_sub_ps(a, b) }
        }

        #[inline(always)]
        fn mul(self, a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_mul_ps(a, b) }
        }

        #[inline(always)]
        fn fused(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }
    }

    /// AVX2 with FMA: sixteen values are two registers.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        /// # Safety
        /// The processor has AVX2 and FMA.
        #[inline(always)]
        pub(crate) unsafe fn assume() -> Self {
            Self(())
        }
    }

    // SAFETY of all: as above; the second register's eight values begin at the ninth.
    impl Set for Avx2 {
        type V = [__m256; 2];

        const FMA: bool = true;

        const PAIRS: bool = false;

        #[inline(always)]
        fn splat(self, x: f32) -> [__m256; 2] {
            unsafe { [_mm256_set1_ps(x); 2] }
        }

        #[inline(always)]
        fn load(self, from: &Lanes) -> [__m256; 2] {
            unsafe {
                [
                    _mm256_loadu_ps(from.as_ptr()),
                    _mm256_loadu_ps(from.as_ptr().add(8)),
                ]
            }
        }

        #[inline(always)]
        fn store(self, v: [__m256; 2], to: &mut Lanes) {
            unsafe {
                _mm256_storeu_ps(to.as_mut_ptr(), v[0]);
                _mm256_storeu_ps(to.as_mut_ptr().add(8), v[1]);
            }
        }

        #[inline(always)]
        fn transpose(self, from: &[Lanes; LANES], to: &mut [Lanes; LANES]) {
            unsafe { transpose(from, to) }
        }

        #[inline(always)]
        fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
        }

        #[inline(always)]
        fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
        }

        #[inline(always)]
        fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
        }

        #[inline(always)]
        fn fused(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
            unsafe {
                [
                    _mm256_fmadd_ps(a[0], b[0], c[0]),
                    _mm256_fmadd_ps(a[1], b[1], c[1]),
                ]
            }
        }
    }

    /// In squares of eight: pairs of rows are mixed, then pairs of pairs, then halves of eight.
    ///
    /// # Safety
    /// The processor has AVX.
    #[inline(always)]
    unsafe fn transpose(from: &[Lanes; LANES], to: &mut [Lanes; LANES]) {
        for (top, left) in [(0, 0), (0, 8), (8, 0), (8, 8)] {
            // SAFETY: the rows from `top` and the values from `left` are eight of sixteen; the caller promises AVX.
            unsafe {
                let zero = _mm256_set1_ps(0.0);
                // Of rows 0 to 3, then of rows 4 to 7: columns j and j + 4.
                let mut quads = [[zero; 4]; 2];
                for (half, quads) in quads.iter_mut().enumerate() {
                    let mut rows = [zero; 4];
                    for (i, row) in rows.iter_mut().enumerate() {
                        *row = _mm256_loadu_ps(from[top + 4 * half + i].as_ptr().add(left));
                    }
                    let (a, b) = (
                        _mm256_unpacklo_ps(rows[0], rows[1]),
                        _mm256_unpacklo_ps(rows[2], rows[3]),
                    );
                    let (c, d) = (
                        _mm256_unpackhi_ps(rows[0], rows[1]),
                        _mm256_unpackhi_ps(rows[2], rows[3]),
                    );
                    *quads = [
                        _mm256_shuffle_ps::<0x44>(a, b),
                        _mm256_shuffle_ps::<0xee>(a, b),
                        _mm256_shuffle_ps::<0x44>(c, d),
                        _mm256_shuffle_ps::<0xee>(c, d),
                    ];
                }
                for j in 0..4 {
                    let near = _mm256_permute2f128_ps::<0x20>(quads[0][j], quads[1][j]);
                    let far = _mm256_permute2f128_ps::<0x31>(quads[0][j], quads[1][j]);
                    _mm256_storeu_ps(to[left + j].as_mut_ptr().add(top), near);
                    _mm256_storeu_ps(to[left + j + 4].as_mut_ptr().add(top), far);
                }
            }
        }
    }
}
