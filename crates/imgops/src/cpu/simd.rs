//! Loops compiled once for each instruction set and chosen at run time.

/// Defines a function whose body is compiled for AVX-512, AVX2 with FMA, and the baseline; a call runs the best that the
/// processor has. The body must be plain safe Rust: the attribute only lets the compiler use wider registers.
macro_rules! simd {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(unsafe_code)] // calling a function compiled for AVX right after asking whether the processor has it
        $vis fn $name($($arg: $ty),*) {
            #[inline(always)]
            fn body($($arg: $ty),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,fma")]
                fn avx512($($arg: $ty),*) {
                    body($($arg),*);
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) {
                    body($($arg),*);
                }
                if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has just been asked for every feature that the function is compiled with.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body($($arg),*);
        }
    };
}

simd! {
    /// `out = sum of factors[k] * terms[k]`, where every term has at least `out.len()` values. `accumulate` adds to what
    /// `out` holds.
    pub(crate) fn combine(out: &mut [f32], factors: &[f32], terms: &[&[f32]], accumulate: bool) {
        const LANES: usize = 16;
        let len = out.len();
        let mut at = 0;
        while at + LANES <= len {
            let mut sum = [0.0f32; LANES];
            for (factor, term) in factors.iter().zip(terms) {
                let term: &[f32; LANES] = term[at..at + LANES].try_into().expect("a slice of that length");
                for (s, t) in sum.iter_mut().zip(term) {
                    *s = factor.mul_add(*t, *s);
                }
            }
            let out: &mut [f32; LANES] = (&mut out[at..at + LANES]).try_into().expect("a slice of that length");
            if accumulate {
                out.iter_mut().zip(&sum).for_each(|(o, s)| *o += *s);
            } else {
                *out = sum;
            }
            at += LANES;
        }
        for i in at..len {
            let sum: f32 = factors.iter().zip(terms).map(|(f, t)| f * t[i]).sum();
            out[i] = if accumulate { out[i] + sum } else { sum };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_sums_of_products_for_every_length() {
        for len in [0, 1, 15, 16, 17, 40] {
            let a: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..len).map(|i| 1.0 - i as f32).collect();
            let mut out = vec![1.0; len];
            combine(&mut out, &[2.0, -3.0], &[&a, &b], false);
            let want: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 2.0 * a - 3.0 * b).collect();
            assert_eq!(out, want);
            combine(&mut out, &[1.0], &[&a], true);
            assert_eq!(out, want.iter().zip(&a).map(|(w, a)| w + a).collect::<Vec<_>>());
        }
    }
}
