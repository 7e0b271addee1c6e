//! Taking a run, so that one process trains it at a time.

use diptych_domain::{RunId, RunStatus};

use super::create::pk;
use crate::error::{Result, StoreError};
use crate::home::{Home, now};
use crate::process::ProcessIdentity;

/// The right to train a run: what [`Home::claim`] gives and [`Home::writer`] takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(crate) run: RunId,
    pub(crate) pk: i64,
    pub(crate) name: String,
    /// How often the run has been claimed, this time included.
    pub(crate) number: i64,
}

impl Claim {
    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Home {
    /// Takes a run for `process` and marks it `running`. A request to stop that came before is forgotten.
    ///
    /// # Errors
    /// [`StoreError::AlreadyRunning`] where a living process has it; [`StoreError::NotFound`].
    pub async fn claim(&self, run: &RunId, process: &ProcessIdentity) -> Result<Claim> {
        let mut tx = self.write().await?;
        let pk = pk(&mut tx, run).await?;
        let row = sqlx::query!(
            "SELECT name, status, owner, heartbeat, claim, step, epoch FROM runs WHERE pk = ?",
            pk
        )
        .fetch_one(&mut *tx)
        .await?;
        let owner = row.owner.as_deref().and_then(ProcessIdentity::from_json);
        let now = now();
        if let Some(owner) = owner
            && row.status == RunStatus::Running.as_str()
            && !owner.is_gone(process, now - row.heartbeat)
        {
            return Err(StoreError::AlreadyRunning {
                run: row.name,
                owner: Box::new(owner),
            });
        }
        let (number, owner) = (row.claim + 1, process.to_json());
        sqlx::query!(
            "UPDATE runs SET status = 'running', message = NULL, owner = ?, claim = ?, heartbeat = ?,
                             updated = max(updated, ?), stop_requested = 0
             WHERE pk = ?",
            owner,
            number,
            now,
            now,
            pk
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "INSERT INTO events (run, wall, kind, step, epoch, detail) VALUES (?, ?, 'claimed', ?, ?, ?)",
            pk,
            now,
            row.step,
            row.epoch,
            owner
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Claim {
            run: run.clone(),
            pk,
            name: row.name,
            number,
        })
    }

    /// Gives a run up without having trained it, as when its data turns out to be missing.
    ///
    /// # Errors
    /// [`StoreError::ClaimLost`] where it has been taken over meanwhile.
    pub async fn release(&self, claim: &Claim, status: RunStatus, message: Option<&str>) -> Result<()> {
        let mut tx = self.write().await?;
        let (now, status) = (now(), status.as_str());
        let changed = sqlx::query!(
            "UPDATE runs SET status = ?, message = ?, owner = NULL, updated = max(updated, ?), stop_requested = 0
             WHERE pk = ? AND claim = ?",
            status,
            message,
            now,
            claim.pk,
            claim.number
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if changed == 0 {
            return Err(lost(&mut tx, claim).await?);
        }
        sqlx::query!(
            "INSERT INTO events (run, wall, kind, step, epoch, detail)
             SELECT pk, ?, ?, step, epoch, ? FROM runs WHERE pk = ?",
            now,
            status,
            message,
            claim.pk
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

/// The error for a claim that no longer holds.
pub(crate) async fn lost(connection: &mut sqlx::SqliteConnection, claim: &Claim) -> Result<StoreError> {
    let owner = sqlx::query_scalar!("SELECT owner FROM runs WHERE pk = ?", claim.pk)
        .fetch_optional(connection)
        .await?
        .flatten();
    Ok(StoreError::ClaimLost {
        run: claim.name.clone(),
        owner: owner
            .as_deref()
            .and_then(ProcessIdentity::from_json)
            .map(Box::new),
    })
}
