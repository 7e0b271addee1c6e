//! Work buffers that survive from one operation to the next, so that a step does not fault in fresh pages.

use std::sync::Mutex;

static POOL: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Runs `work` with a buffer of `len` values of unspecified content.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = {
        let mut pool = POOL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // The smallest that is large enough, else the largest, which then grows.
        let fit = (0..pool.len()).min_by_key(|&i| {
            let capacity = pool[i].len();
            if capacity >= len {
                (0, capacity)
            } else {
                (1, usize::MAX - capacity)
            }
        });
        fit.map(|i| pool.swap_remove(i)).unwrap_or_default()
    };
    if buffer.len() < len {
        buffer = vec![0.0; len];
    }
    let result = work(&mut buffer[..len]);
    POOL.lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .push(buffer);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_buffers_are_distinct_and_long_enough() {
        with_scratch(10, |a| {
            a.fill(1.0);
            with_scratch(100, |b| {
                assert_eq!(b.len(), 100);
                b.fill(2.0);
            });
            assert_eq!(a, [1.0; 10]);
        });
    }
}
