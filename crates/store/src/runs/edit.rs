//! What a user may change about a run.

use std::collections::BTreeMap;

use diptych_domain::RunId;

use super::create::pk;
use crate::error::Result;
use crate::home::Home;

impl Home {
    /// Adds tags; those that it has already stay.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be written.
    pub async fn add_tags(&self, run: &RunId, tags: &[String]) -> Result<()> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        for tag in tags {
            let tag = tag.trim();
            if tag.is_empty() {
                continue;
            }
            sqlx::query!("INSERT OR IGNORE INTO tags (run, tag) VALUES (?, ?)", run, tag)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes tags; says how many of them it had.
    ///
    /// # Errors
    /// As [`Home::add_tags`].
    pub async fn remove_tags(&self, run: &RunId, tags: &[String]) -> Result<u64> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        let mut removed = 0;
        for tag in tags {
            let tag = tag.trim();
            removed += sqlx::query!("DELETE FROM tags WHERE run = ? AND tag = ?", run, tag)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        Ok(removed)
    }

    /// Replaces the note.
    ///
    /// # Errors
    /// As [`Home::add_tags`].
    pub async fn set_note(&self, run: &RunId, note: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        sqlx::query!("UPDATE runs SET note = ? WHERE pk = ?", note, run)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Sets the environment's values, keeping those under other keys: what a resumed run calls on another machine.
    ///
    /// # Errors
    /// As [`Home::add_tags`].
    pub async fn set_environment(&self, run: &RunId, environment: &BTreeMap<String, String>) -> Result<()> {
        let mut tx = self.write().await?;
        let run = pk(&mut tx, run).await?;
        for (key, value) in environment {
            sqlx::query!(
                "INSERT INTO environment (run, key, value) VALUES (?, ?, ?)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
                run,
                key,
                value
            )
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }
}
