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

/// Blocks by their size in bytes; `None` as long as nothing is kept.
static KEPT: Mutex<Option<HashMap<usize, BTreeSet<u64>>>> = Mutex::new(None);

fn with<R>(f: impl FnOnce(&mut Option<HashMap<usize, BTreeSet<u64>>>) -> R) -> R {
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
    with(|kept| kept.as_mut()?.get_mut(&bytes)?.pop_first())
}

/// Keeps a block; false where nothing is kept.
pub(super) fn keep(pointer: u64, bytes: usize) -> bool {
    with(|kept| match kept {
        Some(kept) => kept.entry(bytes).or_default().insert(pointer),
        None => false,
    })
}

/// Takes all blocks out.
pub(super) fn drain() -> Vec<u64> {
    with(|kept| match kept {
        Some(kept) => kept.drain().flat_map(|(_, blocks)| blocks).collect(),
        None => Vec::new(),
    })
}
