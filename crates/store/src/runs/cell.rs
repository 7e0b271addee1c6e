//! Cells of sweeps: finding the run of a cell or making it, so that no two processes start one.

use diptych_domain::cell::{SweepCell, representative};
use diptych_domain::{RunId, RunStatus, RunSummary};
use sqlx::SqliteConnection;

use super::create::{NewRun, insert};
use super::list::parse_status;
use crate::error::{Result, StoreError};
use crate::home::{Home, now};
use crate::process::ProcessIdentity;

/// What [`Home::take_cell`] found.
#[derive(Clone, Debug, PartialEq)]
pub enum TakenCell {
    /// A run for the caller to train, new or to be continued. Nobody else is given it as long as the caller lives.
    Ours(RunSummary),
    /// The cell's run has finished.
    Finished(RunSummary),
    /// A living process has the cell's run, or is about to.
    Elsewhere(RunSummary),
}

enum State {
    Free,
    Finished,
    Alive,
}

impl Home {
    /// Takes a sweep's cell for `process`: a run of the same experiment, whatever its name, that is finished, alive or can
    /// be continued; else a new one. Runs that failed or diverged are left as they are, archived ones do not count. Whichever it is is recorded as a
    /// cell of the sweep. One that is ours is `queued`, with `process` as its owner, until a trainer claims it or
    /// [`Home::release_cell`] gives it back.
    ///
    /// # Errors
    /// As [`Home::create_run`].
    pub async fn take_cell(
        &self,
        new: NewRun,
        cell: &SweepCell,
        process: &ProcessIdentity,
    ) -> Result<TakenCell> {
        let mut tx = self.write().await?;
        let (pk, id, state) = match candidate(&mut tx, &new, process).await? {
            Some(found) => found,
            None => {
                let (pk, id) = insert(&mut tx, self, &new).await?;
                (pk, id, State::Free)
            }
        };
        if matches!(state, State::Free) {
            let (owner, now) = (process.to_json(), now());
            sqlx::query!(
                "UPDATE runs SET status = 'queued', message = NULL, owner = ?, heartbeat = ?, stop_requested = 0
                 WHERE pk = ?",
                owner,
                now,
                pk
            )
            .execute(&mut *tx)
            .await?;
        }
        record(&mut tx, pk, cell).await?;
        tx.commit().await?;
        let run = self.summary(&id).await?;
        Ok(match state {
            State::Free => TakenCell::Ours(run),
            State::Finished => TakenCell::Finished(run),
            State::Alive => TakenCell::Elsewhere(run),
        })
    }

    /// Gives a run back that [`Home::take_cell`] gave and that no trainer has claimed since; says whether it was still so.
    /// With a message it has failed, without one it stays queued for whoever takes the cell next.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn release_cell(
        &self,
        run: &RunId,
        process: &ProcessIdentity,
        message: Option<&str>,
    ) -> Result<bool> {
        let mut tx = self.write().await?;
        let (id, owner, now) = (run.as_str(), process.to_json(), now());
        let status = match message {
            Some(_) => RunStatus::Failed.as_str(),
            None => RunStatus::Queued.as_str(),
        };
        let changed = sqlx::query!(
            "UPDATE runs SET status = ?, message = ?, owner = NULL, updated = max(updated, ?)
             WHERE id = ? AND status = 'queued' AND owner = ?",
            status,
            message,
            now,
            id,
            owner
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if changed > 0 && message.is_some() {
            sqlx::query!(
                "INSERT INTO events (run, wall, kind, step, epoch, detail)
                 SELECT pk, ?, 'failed', step, epoch, ? FROM runs WHERE id = ?",
                now,
                message,
                id
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(changed > 0)
    }
}

/// The run that stands for the cell, unless a new one has to be made.
async fn candidate(
    connection: &mut SqliteConnection,
    new: &NewRun,
    process: &ProcessIdentity,
) -> Result<Option<(i64, RunId, State)>> {
    let json = new.spec.nameless_json().map_err(StoreError::Spec)?;
    let (model, seed) = (&new.spec.model, new.spec.seed as i64);
    // Model and seed spare most runs the look at their text. A fork began from other weights than a cell does.
    let rows = sqlx::query!(
        "SELECT pk, id, status, owner, heartbeat, step FROM runs
         WHERE model = ? AND seed = ? AND parent_step IS NULL AND archived = 0
               AND json_remove(spec, '$.name') = json_remove(?, '$.name') ORDER BY id DESC",
        model,
        seed,
        json
    )
    .fetch_all(connection)
    .await?;
    let now = now();
    let mut runs = Vec::new();
    for row in rows {
        let owner = row.owner.as_deref().and_then(ProcessIdentity::from_json);
        let alive =
            owner.is_some_and(|owner| owner != *process && !owner.is_gone(process, now - row.heartbeat));
        let status = match parse_status(&row.id, &row.status)? {
            RunStatus::Running | RunStatus::Queued if alive => RunStatus::Running,
            RunStatus::Running => RunStatus::Crashed,
            other => other,
        };
        runs.push((row.pk, row.id, status, row.step as u64));
    }
    let ranked: Vec<(RunStatus, u64)> = runs.iter().map(|r| (r.2, r.3)).collect();
    Ok(representative(&ranked).and_then(|best| {
        let (pk, id, status, _) = runs.swap_remove(best);
        let state = match status {
            RunStatus::Finished => State::Finished,
            RunStatus::Running => State::Alive,
            RunStatus::Queued | RunStatus::Stopped | RunStatus::Crashed => State::Free,
            _ => return None,
        };
        Some((pk, RunId::from_stored(id), state))
    }))
}

async fn record(connection: &mut SqliteConnection, run: i64, cell: &SweepCell) -> Result<()> {
    sqlx::query!("DELETE FROM cells WHERE run = ? AND sweep = ?", run, cell.sweep)
        .execute(&mut *connection)
        .await?;
    for (position, (factor, value)) in cell.factors.iter().enumerate() {
        let position = position as i64;
        let value = serde_json::to_string(value).map_err(StoreError::Spec)?;
        sqlx::query!(
            "INSERT INTO cells (run, sweep, factor, position, value) VALUES (?, ?, ?, ?, ?)",
            run,
            cell.sweep,
            factor,
            position,
            value
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
