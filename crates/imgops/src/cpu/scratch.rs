//! Work buffers that survive from one operation to the next, so that a step does not fault in fresh pages.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

static POOL: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Values in a line of the cache, at whose beginning buffers begin: a register as wide as a line then never needs two.
const LINE: usize = 16;

/// Runs `work` with a buffer of `len` values of unspecified content, which begins with a line of the cache.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let room = len + LINE;
    let mut buffer = {
        let mut pool = lock(&POOL);
        // The smallest that is large enough, else the largest, which then grows.
        let fit = (0..pool.len()).min_by_key(|&i| {
            let capacity = pool[i].len();
            if capacity >= room {
                (0, capacity)
            } else {
                (1, usize::MAX - capacity)
            }
        });
        fit.map(|i| pool.swap_remove(i)).unwrap_or_default()
    };
    if buffer.len() < room {
        buffer = vec![0.0; room];
    }
    // Where it can't be told how far a line is, the buffer's own beginning does as well.
    let begin = buffer.as_ptr().align_offset(4 * LINE).min(LINE);
    let result = work(&mut buffer[begin..begin + len]);
    lock(&POOL).push(buffer);
    result
}

/// Buffers for [`Saved`], of lengths that have been asked for before.
static SAVED: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Values that an operation saves for its backward pass, and whose memory goes to the next that saves as many: as dfdx's
/// tensors but for that they are not cleared first.
#[derive(Debug)]
pub(crate) struct Saved(Vec<f32>);

impl Saved {
    /// So many values of unspecified content.
    pub(crate) fn new(len: usize) -> Self {
        let mut pool = lock(&SAVED);
        let found = pool.iter().position(|buffer| buffer.len() == len);
        let found = found.map(|i| pool.swap_remove(i));
        drop(pool);
        Self(found.unwrap_or_else(|| vec![0.0; len]))
    }

    /// Gives back the memory of those that are gone.
    pub(crate) fn trim() {
        lock(&SAVED).clear();
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        lock(&SAVED).push(std::mem::take(&mut self.0));
    }
}

impl Deref for Saved {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Saved {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_goes_to_the_next_of_its_length() {
        let len = 12_347; // nobody else's
        let mut first = Saved::new(len);
        first.fill(3.0);
        let place = first.as_ptr();
        let second = Saved::new(len);
        assert_ne!(second.as_ptr(), place);
        drop(first);
        let third = Saved::new(len);
        assert_eq!((third.as_ptr(), third.len(), third[0]), (place, len, 3.0));
        drop((second, third));
        Saved::trim();
        assert!(lock(&SAVED).iter().all(|buffer| buffer.len() != len));
    }

    #[test]
    fn nested_buffers_are_distinct_and_long_enough() {
        with_scratch(10, |a| {
            a.fill(1.0);
            with_scratch(100, |b| {
                assert_eq!((b.len(), b.as_ptr().align_offset(64)), (100, 0));
                b.fill(2.0);
            });
            assert_eq!(a, [1.0; 10]);
        });
    }
}
