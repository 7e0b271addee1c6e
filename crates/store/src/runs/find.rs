//! Finding a run by what a user types.

use diptych_domain::{RunId, RunSummary, suggest};

use crate::error::{Result, StoreError};
use crate::home::Home;

impl Home {
    /// The run with this name or id, or the only one whose name or id starts like this.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] with the nearest name, [`StoreError::Ambiguous`] with all it may mean.
    pub async fn find_run(&self, text: &str) -> Result<RunSummary> {
        // Most texts are a whole name or id, which an index finds; the others need every name.
        let exact = sqlx::query_scalar!("SELECT id FROM runs WHERE name = ?1 OR id = ?1", text)
            .fetch_optional(&self.pool)
            .await?;
        if let Some(id) = exact {
            return self.summary(&RunId::from_stored(id)).await;
        }
        let rows = sqlx::query!("SELECT id, name FROM runs ORDER BY id DESC")
            .fetch_all(&self.pool)
            .await?;
        let like: Vec<_> = rows
            .iter()
            .filter(|r| !text.is_empty() && (r.name.starts_with(text) || r.id.starts_with(text)))
            .collect();
        match like.as_slice() {
            [one] => self.summary(&RunId::from_stored(one.id.as_str())).await,
            [] => {
                let names = || rows.iter().map(|r| r.name.as_str());
                Err(StoreError::NotFound {
                    text: text.to_owned(),
                    nearest: suggest::nearest(text, names()).map(str::to_owned),
                    hint: suggest::hint(text, names()),
                })
            }
            several => Err(StoreError::Ambiguous {
                text: text.to_owned(),
                candidates: several.iter().map(|r| r.name.clone()).collect(),
            }),
        }
    }
}
