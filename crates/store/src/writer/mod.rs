//! Recording a live run: the training thread hands events over, a thread of its own writes them.

mod apply;
mod batch;
mod state;
mod thread;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use diptych_domain::{RunEvent, RunId};

use crate::error::{Result, StoreError};
use crate::home::Home;
use crate::runs::Claim;

/// Events that may wait for the writer: minutes of a disk that hangs, about 20 MB at 8 metrics a step.
const CAPACITY: usize = 1 << 16;
/// So many waiting events wake the writer before its time.
const WAKE: usize = 1 << 12;

/// How often a caller that waits for an answer looks whether the writer is still there.
const LOOK: Duration = Duration::from_millis(20);

/// What the writer is told.
enum Message {
    Event(RunEvent),
    /// Write everything before this, durably, and answer.
    Flush(Sender<Result<()>>),
}

/// Why events are not reaching the database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriterProblem {
    /// It cannot be written for now (a full disk, say); the writer keeps trying.
    Retrying {
        /// The latest error.
        message: String,
    },
    /// The writer gave up: the run was taken over by another process, or the database is damaged.
    Stopped {
        /// Why.
        message: String,
    },
}

#[derive(Default)]
struct Shared {
    /// Someone asked the run to stop.
    stop: AtomicBool,
    /// No more events will come.
    closing: AtomicBool,
    /// The writer's thread has ended: nobody takes messages any more.
    gone: AtomicBool,
    /// The writer has been woken and has not looked yet: waking costs a system call.
    woken: AtomicBool,
    /// Fast look at whether `problem` is set.
    troubled: AtomicBool,
    /// Events lost because the queue was full while the database could not be written.
    dropped: AtomicU64,
    problem: Mutex<Option<WriterProblem>>,
}

impl Shared {
    fn problem(&self) -> MutexGuard<'_, Option<WriterProblem>> {
        // A panic while it was held leaves an old value at worst.
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_problem(&self, problem: Option<WriterProblem>) {
        self.troubled.store(problem.is_some(), Ordering::Relaxed);
        *self.problem() = problem;
    }
}

/// Says that the writer's thread has ended.
struct Gone<'a>(&'a Shared);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Release);
    }
}

/// A handle that hands events to a run's writer. Cheap to clone; any thread may have one.
#[derive(Clone)]
pub struct RunLogger {
    sender: Sender<Message>,
    shared: Arc<Shared>,
    thread: Thread,
}

impl RunLogger {
    /// Hands an event over: some hundred nanoseconds. It is in the database within a quarter of a second.
    ///
    /// Waits only where the writer is 65,536 events behind. If it is that far behind because the database cannot be
    /// written at all (see [`RunWriter::problem`]), the event is dropped and counted rather than training held up.
    pub fn log(&self, event: RunEvent) {
        match self.sender.try_send(Message::Event(event)) {
            Ok(()) => {
                if self.sender.len() >= WAKE {
                    self.wake();
                }
            }
            Err(TrySendError::Full(message)) => {
                self.wake();
                if self.shared.troubled.load(Ordering::Relaxed) {
                    self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                } else {
                    let _ = self.sender.send(message); // fails where the writer stopped: see `problem`
                }
            }
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Whether someone asked the run to stop ([`Home::request_stop`]), known within a second; costs nothing.
    pub fn stop_requested(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// Waits until everything logged so far, by any handle, is on disk, safe even from a loss of power.
    ///
    /// # Errors
    /// Where it could not be written; the writer keeps it and tries again, unless it stopped
    /// ([`StoreError::ClaimLost`], [`StoreError::WriterStopped`]).
    pub fn flush(&self) -> Result<()> {
        let (ask, answered) = bounded(1);
        if self.sender.send(Message::Flush(ask)).is_err() {
            return Err(self.stopped());
        }
        self.wake();
        // A message that nobody takes any more stays in the queue, and the answer with it: ask whether anybody is there.
        loop {
            match answered.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) if !self.shared.gone.load(Ordering::Acquire) => {}
                // The answer may have been the last thing the writer did.
                Err(_) => return answered.try_recv().unwrap_or_else(|_| Err(self.stopped())),
            }
        }
    }

    fn stopped(&self) -> StoreError {
        let message = match self.shared.problem().clone() {
            Some(WriterProblem::Stopped { message } | WriterProblem::Retrying { message }) => message,
            None => "it is closed".into(),
        };
        StoreError::WriterStopped { message }
    }

    fn wake(&self) {
        if !self.shared.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

impl std::fmt::Debug for RunLogger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunLogger").finish_non_exhaustive()
    }
}

/// The writer of a live run. It batches events into transactions, keeps summaries and the heartbeat, and listens for
/// requests to stop. Dropping it closes it, errors unseen. A run stays `running` until it has been told
/// [`RunEvent::Ended`] (or [`Home::release`] was called), or until the process is gone and the run counts as crashed.
#[derive(Debug)]
pub struct RunWriter {
    logger: RunLogger,
    run: RunId,
    thread: Option<JoinHandle<()>>,
}

impl Home {
    /// Starts the writer of a claimed run, on a thread of its own.
    ///
    /// # Errors
    /// Where the database cannot be opened or no thread started.
    pub fn writer(&self, claim: Claim) -> Result<RunWriter> {
        let (sender, receiver) = bounded(CAPACITY);
        let (ready, started) = bounded(1);
        let shared = Arc::new(Shared::default());
        let run = claim.run().clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let (home, shared) = (self.clone(), Arc::clone(&shared));
                move || {
                    // Also where the thread panics.
                    let _gone = Gone(&shared);
                    thread::main(&home, claim, &receiver, &shared, &ready);
                }
            })
            .map_err(|e| StoreError::WriterStopped {
                message: format!("no thread: {e}"),
            })?;
        answer(&started)?;
        Ok(RunWriter {
            logger: RunLogger {
                sender,
                shared,
                thread: thread.thread().clone(),
            },
            run,
            thread: Some(thread),
        })
    }
}

impl RunWriter {
    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// A handle to hand events over with.
    pub fn logger(&self) -> RunLogger {
        self.logger.clone()
    }

    /// Hands an event over; see [`RunLogger::log`].
    pub fn log(&self, event: RunEvent) {
        self.logger.log(event);
    }

    /// See [`RunLogger::stop_requested`].
    pub fn stop_requested(&self) -> bool {
        self.logger.stop_requested()
    }

    /// Why events are not reaching the database, if they are not.
    pub fn problem(&self) -> Option<WriterProblem> {
        self.logger.shared.problem().clone()
    }

    /// How many events were lost because the database could not be written for too long.
    pub fn dropped(&self) -> u64 {
        self.logger.shared.dropped.load(Ordering::Relaxed)
    }

    /// See [`RunLogger::flush`].
    ///
    /// # Errors
    /// As [`RunLogger::flush`].
    pub fn flush(&self) -> Result<()> {
        self.logger.flush()
    }

    /// Flushes and ends the writer. Events that other handles log afterwards are lost.
    ///
    /// # Errors
    /// As [`RunWriter::flush`].
    pub fn close(mut self) -> Result<()> {
        let flushed = self.flush();
        self.end();
        flushed
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.logger.shared.closing.store(true, Ordering::Release);
            self.logger.thread.unpark();
            if thread.join().is_err() {
                tracing::error!("the store's writer panicked");
            }
        }
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        self.end();
    }
}

fn answer(from: &Receiver<Result<()>>) -> Result<()> {
    from.recv().unwrap_or_else(|_| {
        Err(StoreError::WriterStopped {
            message: "it ended while starting".into(),
        })
    })
}

#[cfg(test)]
mod tests;
