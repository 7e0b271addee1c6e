//! What a device was asked to do, counted where the calls pass: for benchmarks and tests.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

/// Counters of this process.
#[derive(Debug)]
pub(crate) struct Counters {
    /// Kernels of this crate.
    pub(crate) launches: AtomicU64,
    /// Convolutions given to cuDNN, which launches one to three kernels for each.
    pub(crate) convolutions: AtomicU64,
    /// Fills with zeros.
    pub(crate) fills: AtomicU64,
    /// Copies to the host; the host waits for the device in each.
    pub(crate) reads: AtomicU64,
    /// Sequences that were given to the driver as one graph.
    pub(crate) graphs: AtomicU64,
    /// Launches and convolutions that were given to the driver one by one.
    pub(crate) single: AtomicU64,
    /// Allocations by the driver.
    pub(crate) allocations: AtomicU64,
    /// Frees that failed.
    pub(crate) failed_frees: AtomicU64,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    sizes: Option<HashMap<u64, usize>>,
    held: usize,
    peak: usize,
}

/// A reading of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Kernels of this crate.
    pub launches: u64,
    /// Convolutions given to cuDNN, which launches one to three kernels for each.
    pub convolutions: u64,
    /// Fills with zeros.
    pub fills: u64,
    /// Copies to the host; the host waits for the device in each.
    pub reads: u64,
    /// Sequences that were given to the driver as one graph.
    pub graphs: u64,
    /// Launches and convolutions that were given to the driver one by one.
    pub single: u64,
    /// Allocations by the driver.
    pub allocations: u64,
    /// Bytes of device memory held.
    pub held_bytes: usize,
    /// The most that were held.
    pub peak_bytes: usize,
}

static COUNTERS: Counters = Counters {
    launches: AtomicU64::new(0),
    convolutions: AtomicU64::new(0),
    fills: AtomicU64::new(0),
    reads: AtomicU64::new(0),
    graphs: AtomicU64::new(0),
    single: AtomicU64::new(0),
    allocations: AtomicU64::new(0),
    failed_frees: AtomicU64::new(0),
    memory: Mutex::new(Memory {
        sizes: None,
        held: 0,
        peak: 0,
    }),
};

/// The counters of this process.
pub(crate) fn counters() -> &'static Counters {
    &COUNTERS
}

impl Counters {
    pub(crate) fn allocate(&self, pointer: u64, bytes: usize) {
        self.allocations.fetch_add(1, Relaxed);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sizes.get_or_insert_default().insert(pointer, bytes);
        memory.held += bytes;
        memory.peak = memory.peak.max(memory.held);
    }

    /// The bytes of an allocation.
    pub(crate) fn size_of(&self, pointer: u64) -> Option<usize> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sizes.as_ref()?.get(&pointer).copied()
    }

    pub(crate) fn free(&self, pointer: u64) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = memory.sizes.get_or_insert_default().remove(&pointer) {
            memory.held -= bytes;
        }
    }

    /// All of them.
    pub(crate) fn read(&self) -> Counts {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        Counts {
            launches: self.launches.load(Relaxed),
            convolutions: self.convolutions.load(Relaxed),
            fills: self.fills.load(Relaxed),
            reads: self.reads.load(Relaxed),
            graphs: self.graphs.load(Relaxed),
            single: self.single.load(Relaxed),
            allocations: self.allocations.load(Relaxed),
            held_bytes: memory.held,
            peak_bytes: memory.peak,
        }
    }
}
