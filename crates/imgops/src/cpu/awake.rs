//! The pool's threads kept awake for as long as a step lasts.
//!
//! A step is thousands of short parallel loops with a little serial work between them. A thread of the pool that finds nothing
//! to do for some 20 us goes to sleep, and waking it takes 50 to 100 us: a loop of 100 us was over before help came. So every
//! other thread is given a job that lasts as long as the step and looks for work until then, as OpenMP's threads do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a step waits for threads that have to wake up first.
const ARRIVAL: Duration = Duration::from_micros(200);

/// Who takes part.
///
/// A thread must not begin to look for work on top of a job that it has of this step, in the middle of which rayon may give
/// it any other: it would stay until the step's end, for which that job is needed. So threads come before the work begins or
/// not at all.
#[derive(Default)]
struct Shift {
    begun: AtomicBool,
    over: AtomicBool,
    here: AtomicUsize,
}

impl Shift {
    /// Looks for work until the step is over.
    fn attend(&self) {
        self.here.fetch_add(1, Ordering::SeqCst);
        if self.begun.load(Ordering::SeqCst) {
            return;
        }
        while !self.over.load(Ordering::Relaxed) {
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                // Another process may need the processor.
                std::thread::yield_now();
            }
        }
    }

    /// Waits for `others`, though not for long.
    fn begin(&self, others: usize) {
        let start = Instant::now();
        while self.here.load(Ordering::SeqCst) < others && start.elapsed() < ARRIVAL {
            std::hint::spin_loop();
        }
        self.begun.store(true, Ordering::SeqCst);
    }
}

/// Sets `over` when it goes, so that a panic of the work reaches the caller too.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` on one of the pool's threads, the others looking for its jobs all the while.
pub(crate) fn keep_awake<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let shift = Shift::default();
    rayon::scope(|scope| {
        let end = End(&shift.over);
        let others = rayon::current_num_threads() - 1;
        for _ in 0..others {
            scope.spawn(|_| shift.attend());
        }
        shift.begin(others);
        let result = work();
        drop(end);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    fn sum() -> usize {
        (0..1000usize).into_par_iter().with_max_len(1).sum()
    }

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    }

    #[test]
    fn work_is_done_with_any_number_of_threads_and_inside_itself() {
        for threads in 1..5 {
            let nested =
                || keep_awake(|| sum() + (0..8).into_par_iter().map(|_| keep_awake(sum)).sum::<usize>());
            for _ in 0..50 {
                assert_eq!(pool(threads).install(nested), 9 * 499_500);
            }
        }
    }

    #[test]
    fn several_callers_share_a_pool() {
        let pool = pool(3);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        assert_eq!(pool.install(|| keep_awake(sum)), 499_500);
                    }
                });
            }
        });
    }

    #[test]
    fn others_work_while_the_step_does_nothing() {
        let pool = pool(2);
        pool.install(|| {
            keep_awake(|| {
                let done = AtomicBool::new(false);
                rayon::in_place_scope(|scope| {
                    scope.spawn(|_| done.store(true, Ordering::SeqCst));
                    let start = Instant::now();
                    while !done.load(Ordering::SeqCst) {
                        assert!(start.elapsed() < Duration::from_secs(60), "nobody came");
                        std::hint::spin_loop();
                    }
                });
            });
        });
    }

    #[test]
    fn a_panic_ends_the_shift() {
        let panicked = std::panic::catch_unwind(|| pool(3).install(|| keep_awake(|| panic!("on purpose"))));
        assert!(panicked.is_err());
    }
}
