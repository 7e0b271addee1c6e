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
        let rows = sqlx::query!("SELECT id, name FROM runs ORDER BY id DESC")
            .fetch_all(&self.pool)
            .await?;
        let exact = rows.iter().find(|r| r.name == text || r.id == text);
        let like: Vec<_> = match exact {
            Some(one) => vec![one],
            None if text.is_empty() => Vec::new(),
            None => rows
                .iter()
                .filter(|r| r.name.starts_with(text) || r.id.starts_with(text))
                .collect(),
        };
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
