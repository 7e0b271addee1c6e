//! Reading points back.

use std::ops::{Bound, RangeBounds};

use diptych_domain::{MetricKey, RunId};

use super::fold::{decode_chunk_into, read_tail, to_db};
use super::series::Series;
use crate::error::Result;
use crate::home::Home;
use crate::runs::pk;

impl Home {
    /// The points of one metric whose steps are in `steps` (`..` for all of them), in the order of their steps.
    /// Empty where the run never logged that key.
    ///
    /// # Errors
    /// An unknown run, a damaged chunk, or where the database cannot be read.
    pub async fn metrics(
        &self,
        run: &RunId,
        key: &MetricKey,
        steps: impl RangeBounds<u64>,
    ) -> Result<Series> {
        let Some((first, last)) = bounds(&steps) else {
            return Ok(Series::default());
        };
        let mut tx = self.read().await?;
        let (run, key) = (pk(&mut tx, run).await?, key.as_str());
        let Some(metric) = sqlx::query!(
            "SELECT pk, points FROM metrics WHERE run = ? AND key = ?",
            run,
            key
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(Series::default());
        };
        let (first_db, last_db) = (to_db(first), to_db(last));
        let chunks = sqlx::query!(
            "SELECT seq, data FROM chunks WHERE metric = ? AND last_step >= ? AND first_step <= ? ORDER BY seq",
            metric.pk,
            first_db,
            last_db
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut tail = read_tail(&mut tx, run, Some(metric.pk)).await?;
        drop(tx);
        let mut series = Series::default();
        for chunk in chunks {
            decode_chunk_into(metric.pk, chunk.seq, &chunk.data, &mut series)?;
        }
        if let Some(mut newest) = tail.remove(&metric.pk) {
            series.append(&mut newest);
        }
        series.retain_steps(|s| (first..=last).contains(&s));
        series.sort_by_step();
        Ok(series)
    }

    /// The keys that a run has logged, sorted.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn metric_keys(&self, run: &RunId) -> Result<Vec<MetricKey>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let keys = sqlx::query_scalar!("SELECT key FROM metrics WHERE run = ? ORDER BY key", run)
            .fetch_all(&mut *tx)
            .await?;
        Ok(keys.into_iter().map(MetricKey::new).collect())
    }
}

/// The first and the last step of a range; `None` where it is empty.
pub(super) fn bounds(steps: &impl RangeBounds<u64>) -> Option<(u64, u64)> {
    let first = match steps.start_bound() {
        Bound::Included(s) => *s,
        Bound::Excluded(s) => s.checked_add(1)?,
        Bound::Unbounded => 0,
    };
    let last = match steps.end_bound() {
        Bound::Included(s) => *s,
        Bound::Excluded(s) => s.checked_sub(1)?,
        Bound::Unbounded => u64::MAX,
    };
    (first <= last).then_some((first, last))
}
