//! Memory that was freed, kept for the next allocation of the same size.
//!
//! dfdx has such a cache, too. It gives the block that came back last, so that a step whose blocks come back in another order
//! than they were taken in gives each tensor another address at every step, and recorded work ([`crate::cuda::queue`]) would
//! never be asked for again. This one gives the block of the lowest address: the same steps get the same addresses.
//!
//! It needs no synchronisation: all work on tensors is on one stream, so what used a block before is done before what uses it
//! next begins.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Blocks by their size in bytes.
#[derive(Debug, Default)]
struct Kept(HashMap<usize, BTreeSet<u64>>);

impl Kept {
    fn take(&mut self, bytes: usize) -> Option<u64> {
        self.0.get_mut(&bytes)?.pop_first()
    }

    fn keep(&mut self, pointer: u64, bytes: usize) {
        self.0.entry(bytes).or_default().insert(pointer);
    }

    fn drain(&mut self) -> Vec<u64> {
        self.0.drain().flat_map(|(_, blocks)| blocks).collect()
    }
}

/// What is kept in this process; `None` as long as nothing shall be.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

fn with<R>(f: impl FnOnce(&mut Option<Kept>) -> R) -> R {
    f(&mut KEPT.lock().unwrap_or_else(PoisonError::into_inner))
}

/// From now on, freed memory is kept.
pub(crate) fn enable() {
    with(|kept| {
        kept.get_or_insert_default();
    });
}

/// A kept block of that size.
pub(super) fn take(bytes: usize) -> Option<u64> {
    with(|kept| kept.as_mut()?.take(bytes))
}

/// Keeps a block; false where nothing is kept.
pub(super) fn keep(pointer: u64, bytes: usize) -> bool {
    with(|kept| kept.as_mut().map(|kept| kept.keep(pointer, bytes)).is_some())
}

/// Takes all blocks out.
pub(super) fn drain() -> Vec<u64> {
    with(|kept| kept.as_mut().map(Kept::drain).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_address_of_a_size_is_given_whatever_the_order_of_return() {
        let mut kept = Kept::default();
        for pointer in [3000, 1000, 2000] {
            kept.keep(pointer, 64);
        }
        kept.keep(500, 128);
        assert_eq!(kept.take(64), Some(1000));
        kept.keep(1000, 64);
        assert_eq!(
            [64, 64, 64, 64].map(|b| kept.take(b)),
            [Some(1000), Some(2000), Some(3000), None]
        );
        assert_eq!(kept.take(32), None);
        assert_eq!(kept.drain(), [500]);
        assert_eq!(kept.take(128), None);
    }
}
