//! A metric's points as a chart of some width needs them.

use std::ops::RangeBounds;

use diptych_domain::{MetricKey, RunId};
use sqlx::SqliteConnection;

use super::fold::{damaged, decode_chunk_into, read_tail, to_db};
use super::read::bounds;
use super::rollup::{self, Bucket};
use super::series::Series;
use crate::error::Result;
use crate::home::Home;
use crate::runs::pk;

/// Points a bucket for which rollups, whose buckets hold 256, are too coarse: up to this many, points themselves are read.
const RAW: u64 = 256;

/// The points of one metric in order of their steps, neighbours taken together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// The buckets, in order of their steps. Where points came late, their steps may overlap.
    pub buckets: Vec<Bucket>,
    /// Whether every bucket is one point.
    pub exact: bool,
}

impl Overview {
    /// How many points it covers.
    pub fn points(&self) -> u64 {
        self.buckets.iter().map(|b| b.points).sum()
    }
}

impl Home {
    /// The points of one metric whose steps are in `steps`, in at most `most` buckets (at least one) of about equally many steps. No
    /// extreme is lost: every point is in one bucket. Where the points are more than 256 a bucket, those at the ends
    /// may reach past `steps` by as much as their neighbours; otherwise buckets end where `steps` does.
    ///
    /// Empty where the run never logged that key. A million points take a few milliseconds.
    ///
    /// # Errors
    /// An unknown run, damaged points, or where the database cannot be read.
    pub async fn overview(
        &self,
        run: &RunId,
        key: &MetricKey,
        steps: impl RangeBounds<u64>,
        most: usize,
    ) -> Result<Overview> {
        let Some((first, last)) = bounds(&steps) else {
            return Ok(Overview::default());
        };
        let most = most.max(1);
        let mut tx = self.read().await?;
        let (run, key) = (pk(&mut tx, run).await?, key.as_str());
        let metric = sqlx::query_scalar!("SELECT pk FROM metrics WHERE run = ? AND key = ?", run, key)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(metric) = metric else {
            return Ok(Overview::default());
        };
        let (first_db, last_db) = (to_db(first), to_db(last));
        let stored = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(points), 0) AS "n!: i64" FROM chunks
               WHERE metric = ? AND last_step >= ? AND first_step <= ?"#,
            metric,
            first_db,
            last_db
        )
        .fetch_one(&mut *tx)
        .await?;
        let mut newest = read_tail(&mut tx, run, Some(metric))
            .await?
            .remove(&metric)
            .unwrap_or_default();
        newest.retain_steps(|s| (first..=last).contains(&s));
        newest.sort_by_step();
        let total = stored as u64 + newest.len() as u64;
        let raw = total <= RAW.saturating_mul(most as u64);
        let mut buckets = if raw {
            points(&mut tx, metric, (first, last)).await?
        } else {
            rollups(&mut tx, metric, (first, last)).await?
        };
        drop(tx);
        buckets.extend(rollup::points(&newest));
        if !buckets.is_sorted_by_key(|b| b.steps.0) {
            buckets.sort_by_key(|b| b.steps.0); // stable: order of arrival within a step
        }
        let exact = buckets.len() <= most && buckets.iter().all(|b| b.points == 1);
        if !exact {
            buckets = merge(buckets, most);
        }
        Ok(Overview { buckets, exact })
    }
}

/// The chunks' points, one by one.
async fn points(tx: &mut SqliteConnection, metric: i64, (first, last): (u64, u64)) -> Result<Vec<Bucket>> {
    let (first_db, last_db) = (to_db(first), to_db(last));
    let chunks = sqlx::query!(
        "SELECT seq, data FROM chunks WHERE metric = ? AND last_step >= ? AND first_step <= ? ORDER BY seq",
        metric,
        first_db,
        last_db
    )
    .fetch_all(tx)
    .await?;
    let mut series = Series::default();
    for chunk in chunks {
        decode_chunk_into(metric, chunk.seq, &chunk.data, &mut series)?;
    }
    series.retain_steps(|s| (first..=last).contains(&s));
    Ok(rollup::points(&series).collect())
}

/// The chunks' rollups; the points of chunks that have none.
async fn rollups(tx: &mut SqliteConnection, metric: i64, (first, last): (u64, u64)) -> Result<Vec<Bucket>> {
    let (first_db, last_db) = (to_db(first), to_db(last));
    let chunks = sqlx::query!(
        r#"SELECT c.seq, r.data AS "rollup?", CASE WHEN r.data IS NULL THEN c.data END AS "data?: Vec<u8>"
           FROM chunks c LEFT JOIN rollups r ON r.metric = c.metric AND r.seq = c.seq
           WHERE c.metric = ? AND c.last_step >= ? AND c.first_step <= ? ORDER BY c.seq"#,
        metric,
        first_db,
        last_db
    )
    .fetch_all(tx)
    .await?;
    let mut buckets = Vec::new();
    for chunk in chunks {
        match (chunk.rollup, chunk.data) {
            (Some(rollup), _) => rollup::decode(&rollup, &mut buckets).map_err(|problem| {
                damaged(
                    &format!("the rollup of chunk {} of metric {metric}", chunk.seq),
                    problem,
                )
            })?,
            (None, Some(data)) => {
                let mut series = Series::default();
                decode_chunk_into(metric, chunk.seq, &data, &mut series)?;
                series.sort_by_step();
                buckets.extend(rollup::points(&series));
            }
            (None, None) => {}
        }
    }
    buckets.retain(|b| b.steps.1 >= first && b.steps.0 <= last);
    Ok(buckets)
}

/// Merges buckets in order of their steps into at most `most`, cutting the range of steps evenly.
fn merge(buckets: Vec<Bucket>, most: usize) -> Vec<Bucket> {
    let Some(first) = buckets.first().map(|b| b.steps.0) else {
        return buckets;
    };
    let last = buckets.iter().map(|b| b.steps.0).max().unwrap_or(first);
    let width = u128::from(last - first) + 1;
    let column = |b: &Bucket| (u128::from(b.steps.0 - first) * most as u128 / width) as usize;
    let mut merged: Vec<(usize, Bucket)> = Vec::with_capacity(most.min(buckets.len()));
    for bucket in buckets {
        let at = column(&bucket);
        match merged.last_mut() {
            Some((column, open)) if *column == at => {
                let end = open.steps.1.max(bucket.steps.1);
                open.merge(&bucket);
                open.steps.1 = end;
            }
            _ => merged.push((at, bucket)),
        }
    }
    merged.into_iter().map(|(_, b)| b).collect()
}

#[cfg(test)]
#[path = "overview/tests.rs"]
mod tests;
