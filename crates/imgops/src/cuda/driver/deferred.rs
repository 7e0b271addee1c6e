//! Work on dfdx's stream that has been asked for but not yet given to the driver: see [`crate::cuda::queue`].
//!
//! Calls that must come after it, dfdx's own too, pass through [`super::symbols`] and settle it first.

use std::sync::OnceLock;

use super::SUCCESS;

/// What the owner of the queue does. Results are the driver's codes.
#[derive(Clone, Copy)]
pub(crate) struct Hooks {
    /// Gives all of it to the driver.
    pub(crate) settle: fn() -> u32,
    /// The same where nobody can be told of a failure: whoever asks for something next is.
    pub(crate) settle_later: fn(),
    /// Puts a fill with zeros in line; `None` where it does not take one of so many bytes.
    pub(crate) clear: fn(u64, usize) -> Option<u32>,
    /// Puts the writing of one value of 32 bits in line.
    pub(crate) put: fn(u64, u32) -> Option<u32>,
}

static HOOKS: OnceLock<Hooks> = OnceLock::new();

/// From now on work is put off.
pub(crate) fn install(hooks: Hooks) {
    HOOKS.get_or_init(|| hooks);
}

/// Gives what was put off to the driver.
pub(super) fn settle() -> u32 {
    HOOKS.get().map_or(SUCCESS, |hooks| (hooks.settle)())
}

/// The same where nobody can be told of a failure.
pub(super) fn settle_later() {
    if let Some(hooks) = HOOKS.get() {
        (hooks.settle_later)();
    }
}

/// Puts a fill in line.
pub(super) fn clear(to: u64, bytes: usize) -> Option<u32> {
    HOOKS.get().and_then(|hooks| (hooks.clear)(to, bytes))
}

/// Puts the writing of a value in line.
pub(super) fn put(to: u64, value: u32) -> Option<u32> {
    HOOKS.get().and_then(|hooks| (hooks.put)(to, value))
}
