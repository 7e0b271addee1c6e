//! Batches ahead of time: worker threads decode and augment, the training thread takes results in order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use diptych_domain::ImagePair;

use crate::dataset::{Dataset, Draw};
use crate::error::DataError;
use crate::stream::permutation;

/// How a [`Loader`] goes through a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Seeds the order and the augmentation.
    pub seed: u64,
    /// Examples a batch (0 counts as 1). The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Decoding threads (0: half of the cores, at most 8).
    pub workers: usize,
    /// The number of the first batch, counted from 0 over the whole run; this alone resumes bit for bit.
    pub start_batch: u64,
    /// A new order each epoch; otherwise that of the paths.
    pub shuffle: bool,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            batch_size: 1,
            workers: 0,
            start_batch: 0,
            shuffle: true,
        }
    }
}

/// Batches of an epoch, the last partial one included.
pub fn batches_per_epoch(len: usize, batch_size: usize) -> u64 {
    len.div_ceil(batch_size.max(1)) as u64
}

/// An endless series of training batches. Dropping it ends its threads after the images they are at.
pub struct Loader {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    failed_start: Option<String>,
    batch: u64,
}

struct Shared {
    dataset: Arc<Dataset>,
    options: LoaderOptions,
    /// Examples that may be in the making or waiting.
    ahead: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The next example to make, counted over the whole run.
    next: u64,
    /// The next example to hand out.
    taken: u64,
    ready: BTreeMap<u64, Result<ImagePair, DataError>>,
    /// Orders of the epochs in the making: two at most.
    orders: BTreeMap<u64, Arc<Vec<u32>>>,
    stop: bool,
}

impl Loader {
    /// Starts the threads; they begin with `start_batch` at once. A failure to start any surfaces at [`Loader::next`].
    pub fn start(dataset: Arc<Dataset>, mut options: LoaderOptions) -> Self {
        options.batch_size = options.batch_size.max(1);
        let workers = match options.workers {
            0 => std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).clamp(1, 8)),
            n => n.min(256),
        };
        let per_epoch = batches_per_epoch(dataset.len(), options.batch_size).max(1);
        let first = (options.start_batch / per_epoch)
            .saturating_mul(dataset.len() as u64)
            .saturating_add(options.start_batch % per_epoch * options.batch_size as u64)
            .min(u64::MAX / 2);
        let batch = options.start_batch;
        let ahead = (2 * workers).max(options.batch_size + workers) as u64;
        let state = State {
            next: first,
            taken: first,
            ready: BTreeMap::new(),
            orders: BTreeMap::new(),
            stop: false,
        };
        let shared = Arc::new(Shared {
            dataset,
            options,
            ahead,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let mut threads = Vec::with_capacity(workers);
        let mut failed_start = None;
        for i in 0..workers {
            let shared = Arc::clone(&shared);
            let builder = std::thread::Builder::new().name(format!("data-{i}"));
            match builder.spawn(move || shared.work()) {
                Ok(thread) => threads.push(thread),
                Err(e) => failed_start = Some(e.to_string()),
            }
        }
        // Fewer threads than asked for give the same batches; none give none.
        let failed_start = failed_start.filter(|_| threads.is_empty());
        Self {
            shared,
            threads,
            failed_start,
            batch,
        }
    }

    /// The next batch. Batch `k` of the run belongs to epoch `k / batches_per_epoch`, both from 0.
    ///
    /// # Errors
    /// The first file of the batch that cannot be used; the call after that continues with the next batch.
    #[allow(clippy::should_implement_trait)] // endless and fallible: `for` over it would never end
    pub fn next(&mut self) -> Result<ImagePair, DataError> {
        if let Some(message) = &self.failed_start {
            return Err(DataError::Workers(message.clone()));
        }
        let len = self.shared.dataset.len();
        let size = self.shared.options.batch_size;
        let within = (self.batch % self.batches_per_epoch().max(1)) as usize;
        let count = size.min(len.saturating_sub(within * size)).max(1);
        self.batch += 1;
        let mut examples = Vec::with_capacity(count);
        for _ in 0..count {
            examples.push(self.shared.take());
        }
        join(examples.into_iter().collect::<Result<_, _>>()?)
    }

    /// Batches of an epoch.
    pub fn batches_per_epoch(&self) -> u64 {
        batches_per_epoch(self.shared.dataset.len(), self.shared.options.batch_size)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A worker catches its panics, so there is nothing to learn from the result.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Every change under the lock is complete in itself, so a poisoned state is still sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((ticket, order)) = self.ticket() {
            let made = catch_unwind(AssertUnwindSafe(|| self.make(ticket, &order))).unwrap_or_else(|_| {
                Err(DataError::Workers(
                    "a worker panicked while making an example".to_owned(),
                ))
            });
            self.lock().ready.insert(ticket, made);
            self.changed.notify_all();
        }
    }

    /// The next example to make, once there is room for it; `None` at the end.
    fn ticket(&self) -> Option<(u64, Arc<Vec<u32>>)> {
        let mut state = self.lock();
        while !state.stop && state.next >= state.taken.saturating_add(self.ahead) {
            state = self.wait(state);
        }
        if state.stop {
            return None;
        }
        let ticket = state.next;
        state.next += 1;
        let len = self.dataset.len();
        let epoch = ticket / len.max(1) as u64;
        let oldest = state.taken / len.max(1) as u64;
        state.orders.retain(|&e, _| e >= oldest);
        let order = state.orders.entry(epoch).or_insert_with(|| {
            Arc::new(if self.options.shuffle {
                permutation(self.options.seed, epoch, len)
            } else {
                (0..len as u32).collect()
            })
        });
        Some((ticket, Arc::clone(order)))
    }

    fn make(&self, ticket: u64, order: &[u32]) -> Result<ImagePair, DataError> {
        let len = order.len() as u64;
        let (epoch, position) = (ticket / len, ticket % len);
        let draw = Draw {
            seed: self.options.seed,
            epoch,
            position,
            shuffle: self.options.shuffle,
        };
        self.dataset.load_train(order[position as usize] as usize, draw)
    }

    fn take(&self) -> Result<ImagePair, DataError> {
        let mut state = self.lock();
        loop {
            let ticket = state.taken;
            if let Some(example) = state.ready.remove(&ticket) {
                state.taken += 1;
                drop(state);
                self.changed.notify_all();
                return example;
            }
            state = self.wait(state);
        }
    }
}

/// Examples of one as a batch of many.
fn join(examples: Vec<ImagePair>) -> Result<ImagePair, DataError> {
    let mut examples = examples.into_iter();
    let Some(mut batch) = examples.next() else {
        return Err(DataError::Shape("a batch without examples".to_owned()));
    };
    let count = 1 + examples.len();
    batch.a.data.reserve_exact(batch.a.data.len() * (count - 1));
    batch.b.data.reserve_exact(batch.b.data.len() * (count - 1));
    for example in examples {
        for (all, one) in [(&mut batch.a, example.a), (&mut batch.b, example.b)] {
            all.n += one.n;
            all.data.extend(one.data);
        }
        batch.names.extend(example.names);
    }
    Ok(batch)
}

#[cfg(test)]
mod tests;
