//! How a running training is watched and stopped from other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A handle shared between the training thread and whoever steers it; clones are the same handle.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stop: AtomicBool,
    step: AtomicU64,
}

impl Control {
    /// A handle that asks for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the training to finish its step, write a checkpoint and end. Safe to call from a signal-handling thread, repeatedly.
    pub fn request_stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn stop_requested(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// Steps done so far: for progress bars, which want to move between two logged steps.
    pub fn step(&self) -> u64 {
        self.0.step.load(Ordering::Relaxed)
    }

    pub(crate) fn set_step(&self, step: u64) {
        self.0.step.store(step, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_their_state() {
        let (a, b) = {
            let control = Control::new();
            (control.clone(), control)
        };
        assert!(!b.stop_requested());
        a.request_stop();
        b.set_step(7);
        assert!(b.stop_requested());
        assert_eq!(a.step(), 7);
    }
}
