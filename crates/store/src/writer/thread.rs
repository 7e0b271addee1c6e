//! The writer's thread: gather, write, sleep.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use sqlx::{Connection, SqliteConnection};

use super::apply::apply;
use super::batch::Batch;
use super::state::State;
use super::{Message, Shared, WriterProblem};
use crate::error::{Result, StoreError};
use crate::home::{self, Home};
use crate::records::append_text;
use crate::runs::Claim;

/// How often events are written. With the time that a commit takes, none waits longer than a quarter of a second.
const PERIOD: Duration = Duration::from_millis(200);
/// How often the heartbeat is written where there are no events.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Points to a transaction.
const MAX_POINTS: usize = 1 << 17;
/// Tries to write for a caller that waits for a flush, before it is told that it failed.
const TRIES: u32 = 4;

/// Runs until the writer is closed, all handles are gone, or writing is beyond hope.
pub(super) fn main(
    home: &Home,
    claim: Claim,
    receiver: &Receiver<Message>,
    shared: &Shared,
    ready: &Sender<Result<()>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            let message = format!("no runtime: {e}");
            let _ = ready.send(Err(StoreError::WriterStopped { message }));
            return;
        }
    };
    runtime.block_on(async {
        let connection = match home.connect().await {
            Ok(connection) => connection,
            Err(e) => {
                let _ = ready.send(Err(e));
                return;
            }
        };
        let _ = ready.send(Ok(()));
        let mut writer = Writer {
            home,
            claim,
            connection,
            state: None,
            ended: false,
            shared,
        };
        if let Err(e) = writer.work(receiver).await {
            tracing::error!(error = %e, "the run's records are no longer written");
            shared.set_problem(Some(WriterProblem::Stopped {
                message: e.to_string(),
            }));
        }
        if let Err(e) = home::close(writer.connection).await {
            tracing::warn!(error = %e, "closing the writer's connection");
        }
    });
}

struct Writer<'a> {
    home: &'a Home,
    claim: Claim,
    connection: SqliteConnection,
    /// Nothing after a failed transaction: it is read again.
    state: Option<State>,
    ended: bool,
    shared: &'a Shared,
}

impl Writer<'_> {
    async fn work(&mut self, receiver: &Receiver<Message>) -> Result<()> {
        let mut beaten: Option<Instant> = None;
        loop {
            let closing = self.shared.closing.load(Ordering::Acquire);
            self.shared.woken.store(false, Ordering::Release);
            let mut batch = Batch::default();
            let (asker, drained) = gather(receiver, &mut batch);
            batch.seal();
            let beat_due = !self.ended && beaten.is_none_or(|at| at.elapsed() >= HEARTBEAT);
            if !batch.is_empty() || asker.is_some() || beat_due {
                self.write_until_done(&batch, asker).await?;
                beaten = Some(Instant::now());
            }
            match drained {
                Drained::Full => {}
                Drained::Empty if closing => return Ok(()),
                Drained::Empty => std::thread::park_timeout(PERIOD),
                Drained::Gone => return Ok(()),
            }
        }
    }

    /// Writes a batch, trying again for as long as that can help. An asker is answered at the latest after some tries.
    async fn write_until_done(&mut self, batch: &Batch, asker: Option<Sender<Result<()>>>) -> Result<()> {
        let mut asker = asker;
        for attempt in 1.. {
            let error = match self.write(batch, batch.precious || asker.is_some()).await {
                Ok(()) => break,
                Err(e) => e,
            };
            self.state = None;
            if !error.is_transient() {
                let message = error.to_string();
                if let Some(asker) = asker {
                    let _ = asker.send(Err(error));
                }
                return Err(StoreError::WriterStopped { message });
            }
            tracing::warn!(%error, "cannot write the run's records; trying again");
            let message = error.to_string();
            if attempt >= TRIES {
                if let Some(asker) = asker.take() {
                    let _ = asker.send(Err(error));
                }
                if self.shared.closing.load(Ordering::Acquire) {
                    return Err(StoreError::WriterStopped { message });
                }
            }
            self.shared.set_problem(Some(WriterProblem::Retrying { message }));
            std::thread::park_timeout(PERIOD);
        }
        if self.shared.troubled.load(Ordering::Relaxed) {
            self.shared.set_problem(None);
        }
        if let Err(error) = append_text(&self.home.run_dir(&self.claim.run), &batch.lines) {
            tracing::warn!(%error, "the lines are in the database all the same");
        }
        if let Some(asker) = asker {
            let _ = asker.send(Ok(()));
        }
        Ok(())
    }

    async fn write(&mut self, batch: &Batch, durably: bool) -> Result<()> {
        // A commit always survives this process; one in FULL mode survives a loss of power too.
        // Run time: a pragma, which `query!` cannot describe.
        let mode = if durably {
            "PRAGMA synchronous = FULL"
        } else {
            "PRAGMA synchronous = NORMAL"
        };
        sqlx::query(mode).execute(&mut self.connection).await?;
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        if self.state.is_none() {
            self.state = Some(State::load(&mut tx, self.claim.pk, self.ended).await?);
        }
        let Some(state) = &mut self.state else {
            return Ok(()); // set just above
        };
        let stop = apply(&mut tx, &self.claim, state, batch).await?;
        let ended = state.ended;
        tx.commit().await?;
        self.ended = ended;
        self.shared.stop.store(stop, Ordering::Relaxed);
        Ok(())
    }
}

enum Drained {
    /// More may be waiting.
    Full,
    Empty,
    /// Every handle is gone.
    Gone,
}

/// Takes what is waiting, up to a transaction's worth or a request to flush.
fn gather(receiver: &Receiver<Message>, batch: &mut Batch) -> (Option<Sender<Result<()>>>, Drained) {
    while batch.count < MAX_POINTS {
        match receiver.try_recv() {
            Ok(Message::Event(event)) => batch.add(event),
            Ok(Message::Flush(asker)) => return (Some(asker), Drained::Full),
            Err(TryRecvError::Empty) => return (None, Drained::Empty),
            Err(TryRecvError::Disconnected) => return (None, Drained::Gone),
        }
    }
    (None, Drained::Full)
}
