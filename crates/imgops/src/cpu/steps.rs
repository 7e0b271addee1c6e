//! Pieces of two slices, a pair a step.
#![allow(unsafe_code)] // a check for each pair took a third of the time of its products

use std::marker::PhantomData;

/// Pairs of `M` and `N` values: each slice's are at equal distances, and all of them are known to lie inside it.
pub(crate) struct Pairs<'a, const M: usize, const N: usize> {
    left: usize,
    a: *const f32,
    a_step: usize,
    b: *const f32,
    b_step: usize,
    data: PhantomData<&'a [f32]>,
}

impl<'a, const M: usize, const N: usize> Pairs<'a, M, N> {
    /// `count` pairs, from the beginnings of the slices.
    ///
    /// # Panics
    /// Where a slice does not hold as many.
    pub(crate) fn new(
        count: usize,
        (a, a_step): (&'a [f32], usize),
        (b, b_step): (&'a [f32], usize),
    ) -> Self {
        let holds = |data: &[f32], step: usize, len: usize| {
            let end = count
                .saturating_sub(1)
                .checked_mul(step)
                .and_then(|last| last.checked_add(len));
            count == 0 || end.is_some_and(|end| end <= data.len())
        };
        assert!(
            holds(a, a_step, M) && holds(b, b_step, N),
            "{count} pairs of {M} values each {a_step} of {} and {N} each {b_step} of {}",
            a.len(),
            b.len()
        );
        Self {
            left: count,
            a: a.as_ptr(),
            a_step,
            b: b.as_ptr(),
            b_step,
            data: PhantomData,
        }
    }
}

impl<'a, const M: usize, const N: usize> Iterator for Pairs<'a, M, N> {
    type Item = (&'a [f32; M], &'a [f32; N]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: `new` has found `count` steps inside slices that are borrowed for `'a`, and this is one of them.
        let pair = unsafe { (&*self.a.cast(), &*self.b.cast()) };
        // Past the last pair they point beyond the slices, but nobody reads there.
        self.a = self.a.wrapping_add(self.a_step);
        self.b = self.b.wrapping_add(self.b_step);
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_at_their_steps_and_may_overlap() {
        let a: Vec<f32> = (0..12).map(|v| v as f32).collect();
        let b: Vec<f32> = (0..32).map(|v| v as f32).collect();
        let pairs: Vec<_> = Pairs::<3, 2>::new(4, (&a, 3), (&b, 10)).collect();
        assert_eq!(pairs.len(), 4);
        assert_eq!(pairs[3], (&[9.0, 10.0, 11.0], &[30.0, 31.0]));
        assert_eq!(
            Pairs::<5, 1>::new(8, (&a, 1), (&b, 1)).last().unwrap().0,
            &[7.0, 8.0, 9.0, 10.0, 11.0]
        );
        assert_eq!(Pairs::<50, 1>::new(0, (&a, 1), (&b, 1)).count(), 0);
    }

    #[test]
    #[should_panic(expected = "4 pairs of 4 values each 3 of 12")]
    fn pairs_beyond_a_slice_are_refused() {
        let _ = Pairs::<4, 2>::new(4, (&[0.0; 12], 3), (&[0.0; 99], 10));
    }

    #[test]
    #[should_panic(expected = "pairs")]
    fn steps_that_overflow_are_refused() {
        let _ = Pairs::<1, 1>::new(3, (&[0.0; 12], 1), (&[0.0; 99], usize::MAX / 2));
    }
}
