//! Memory whose first content does not matter.
//!
//! dfdx fills every allocation with zeros: half of a step's launches, for memory that kernels overwrite anyway, and it has no
//! public way not to. The fill goes through one driver function, which this crate forwards ([`super::symbols`]); while
//! [`unfilled`] runs, it is not forwarded on this thread.

use std::cell::Cell;

thread_local! {
    static SKIPS: Cell<bool> = const { Cell::new(false) };
    static SKIPPED: Cell<bool> = const { Cell::new(false) };
}

/// Called in place of a fill: whether to leave it out.
pub(super) fn skips() -> bool {
    let on = SKIPS.get();
    if on {
        SKIPPED.set(true);
    }
    on
}

/// Runs `allocate` without fills; also tells whether there would have been one, which is whether anything was allocated.
pub(crate) fn unfilled<R>(allocate: impl FnOnce() -> R) -> (R, bool) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            SKIPS.set(self.0);
        }
    }
    let _restore = Restore(SKIPS.replace(true));
    SKIPPED.set(false);
    let result = allocate();
    (result, SKIPPED.get())
}
