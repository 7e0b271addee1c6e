//! Keeping points: a tail of small rows, one a flush, folded into chunks of thousands every so often.
//!
//! A flush of a few points costs one small insert at the end of a table, however many metrics there are. Folding
//! gathers a metric's points from the tail, fills up its last chunk and starts new ones. Large flushes skip the tail.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::codec::{self, get_varint, put_varint};
use super::rollup;
use super::series::Series;
use super::stats::Stats;
use crate::error::{Result, StoreError};

/// Points to a chunk: large enough that a page's rest is a small part of it, small enough to be filled up again cheaply.
const CHUNK: usize = 4096;
/// Points in a tail that are worth folding.
const FOLD_POINTS: u64 = 1 << 15;
/// Rows in a tail that are worth folding: a minute of flushes.
const FOLD_ROWS: u64 = 240;

/// Points by metric (its row in `metrics`).
pub(crate) type Points = BTreeMap<i64, Series>;

/// Where a run's tail stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tail {
    seq: i64,
    rows: u64,
    points: u64,
}

impl Tail {
    pub async fn load(connection: &mut SqliteConnection, run: i64) -> Result<Self> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "rows!: i64", coalesce(sum(points), 0) AS "points!: i64",
                      coalesce(max(seq), 0) AS "seq!: i64"
               FROM tails WHERE run = ?"#,
            run
        )
        .fetch_one(connection)
        .await?;
        Ok(Self {
            seq: row.seq,
            rows: row.rows as u64,
            points: row.points as u64,
        })
    }

    /// Keeps `points`, folding where that is worth it.
    pub async fn add(&mut self, connection: &mut SqliteConnection, run: i64, points: Points) -> Result<()> {
        let count: u64 = points.values().map(|s| s.len() as u64).sum();
        if count == 0 {
            return Ok(());
        }
        if self.points + count >= FOLD_POINTS || self.rows + 1 >= FOLD_ROWS {
            return self.fold(connection, run, points).await;
        }
        let mut data = Vec::with_capacity(count as usize * 12);
        for (metric, series) in &points {
            put_varint(&mut data, *metric as u64);
            codec::encode(series, &mut data);
        }
        self.seq += 1;
        self.rows += 1;
        self.points += count;
        let count = count as i64;
        sqlx::query!(
            "INSERT INTO tails (run, seq, points, data) VALUES (?, ?, ?, ?)",
            run,
            self.seq,
            count,
            data
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Moves the tail, and `newer` points after it, into chunks.
    pub async fn fold(&mut self, connection: &mut SqliteConnection, run: i64, newer: Points) -> Result<()> {
        let mut points = if self.rows == 0 {
            Points::new()
        } else {
            read_tail(connection, run, None).await?
        };
        for (metric, mut series) in newer {
            points.entry(metric).or_default().append(&mut series);
        }
        for (metric, series) in points {
            append_to_chunks(connection, metric, series).await?;
        }
        if self.rows > 0 {
            sqlx::query!("DELETE FROM tails WHERE run = ?", run)
                .execute(connection)
                .await?;
        }
        *self = Self::default();
        Ok(())
    }
}

/// The tail's points, of one metric or of all.
pub(crate) async fn read_tail(
    connection: &mut SqliteConnection,
    run: i64,
    only: Option<i64>,
) -> Result<Points> {
    let rows = sqlx::query!("SELECT seq, data FROM tails WHERE run = ? ORDER BY seq", run)
        .fetch_all(connection)
        .await?;
    let mut points = Points::new();
    for row in rows {
        let mut bytes = row.data.as_slice();
        while !bytes.is_empty() {
            let damage = |problem| damaged(&format!("tail {} of run {run}", row.seq), problem);
            let metric = get_varint(&mut bytes).map_err(damage)? as i64;
            let mut unwanted = Series::default();
            let into = if only.is_none_or(|m| m == metric) {
                points.entry(metric).or_default()
            } else {
                &mut unwanted
            };
            codec::decode(&mut bytes, into).map_err(damage)?;
        }
    }
    Ok(points)
}

/// Appends points to a metric's chunks, filling up the last one first.
pub(crate) async fn append_to_chunks(
    connection: &mut SqliteConnection,
    metric: i64,
    mut points: Series,
) -> Result<()> {
    let last = sqlx::query!(
        "SELECT seq, points, data FROM chunks WHERE metric = ? ORDER BY seq DESC LIMIT 1",
        metric
    )
    .fetch_optional(&mut *connection)
    .await?;
    let mut seq = 0;
    if let Some(last) = last {
        if last.points < CHUNK as i64 {
            seq = last.seq;
            let mut open = decode_chunk(metric, last.seq, &last.data)?;
            open.append(&mut points);
            points = open;
        } else {
            seq = last.seq + 1;
        }
    }
    while !points.is_empty() {
        let chunk = points.take_front(CHUNK);
        put_chunk(connection, metric, seq, &chunk).await?;
        seq += 1;
    }
    Ok(())
}

/// Writes or replaces one chunk.
pub(crate) async fn put_chunk(
    connection: &mut SqliteConnection,
    metric: i64,
    seq: i64,
    chunk: &Series,
) -> Result<()> {
    let mut data = Vec::with_capacity(chunk.len() * 11 + 64);
    codec::encode(chunk, &mut data);
    let stats = Stats::of(chunk);
    let (points, first, last) = (
        stats.points as i64,
        to_db(stats.first_step),
        to_db(stats.last_step),
    );
    sqlx::query!(
        "INSERT INTO chunks (metric, seq, points, first_step, last_step, last_value, min_value, max_value, data)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET points = excluded.points, first_step = excluded.first_step,
             last_step = excluded.last_step, last_value = excluded.last_value, min_value = excluded.min_value,
             max_value = excluded.max_value, data = excluded.data",
        metric,
        seq,
        points,
        first,
        last,
        stats.last,
        stats.min,
        stats.max,
        data
    )
    .execute(&mut *connection)
    .await?;
    if let Some(rollup) = rollup::encode(chunk) {
        sqlx::query!(
            "INSERT INTO rollups (metric, seq, data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
            metric,
            seq,
            rollup
        )
        .execute(connection)
        .await?;
    } else {
        // A rewind may have cut the chunk short.
        sqlx::query!("DELETE FROM rollups WHERE metric = ? AND seq = ?", metric, seq)
            .execute(connection)
            .await?;
    }
    Ok(())
}

pub(crate) fn decode_chunk(metric: i64, seq: i64, data: &[u8]) -> Result<Series> {
    let mut series = Series::default();
    decode_chunk_into(metric, seq, data, &mut series)?;
    Ok(series)
}

pub(crate) fn decode_chunk_into(metric: i64, seq: i64, mut data: &[u8], into: &mut Series) -> Result<()> {
    codec::decode(&mut data, into)
        .map_err(|problem| damaged(&format!("chunk {seq} of metric {metric}"), problem))
}

pub(crate) fn damaged(what: &str, problem: codec::Damage) -> StoreError {
    StoreError::Damaged {
        what: what.to_owned(),
        problem: problem.to_owned(),
    }
}

/// A step as SQLite keeps it: signed.
pub(crate) fn to_db(v: u64) -> i64 {
    i64::try_from(v).unwrap_or(i64::MAX)
}
