//! Points that a rewind took out of a run's history.

use diptych_domain::{MetricKey, RunId};
use sqlx::SqliteConnection;

use super::codec;
use super::fold::{damaged, to_db};
use super::series::Series;
use crate::error::Result;
use crate::home::Home;
use crate::runs::pk;

/// Points of one metric that one rewind superseded.
#[derive(Clone, Debug, PartialEq)]
pub struct Superseded {
    /// The metric.
    pub key: MetricKey,
    /// The step that the run went back to.
    pub back_to: u64,
    /// When it did: seconds since the Unix epoch.
    pub wall: f64,
    /// The points, in the order of their steps.
    pub series: Series,
}

impl Home {
    /// Every point of a run that was made again after it had resumed at an older checkpoint, or would have been: oldest rewind
    /// first, then by metric.
    ///
    /// # Errors
    /// An unknown run, a damaged row, or where the database cannot be read.
    pub async fn superseded(&self, run: &RunId) -> Result<Vec<Superseded>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let rows = sqlx::query!(
            "SELECT r.pk AS rewind, r.wall, r.step, s.key, s.data FROM rewinds r JOIN superseded s ON s.rewind = r.pk
             WHERE r.run = ? ORDER BY r.pk, s.key, s.seq",
            run
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut found: Vec<(i64, Superseded)> = Vec::new();
        for row in rows {
            let key = MetricKey::new(row.key);
            if found
                .last()
                .is_none_or(|(rewind, s)| (*rewind, &s.key) != (row.rewind, &key))
            {
                let (back_to, wall, series) = (row.step as u64, row.wall, Series::default());
                let one = Superseded {
                    key: key.clone(),
                    back_to,
                    wall,
                    series,
                };
                found.push((row.rewind, one));
            }
            if let Some((_, one)) = found.last_mut() {
                codec::decode(&mut row.data.as_slice(), &mut one.series)
                    .map_err(|problem| damaged(&format!("superseded points of {key}"), problem))?;
            }
        }
        Ok(found
            .into_iter()
            .map(|(_, mut one)| {
                one.series.sort_by_step();
                one
            })
            .collect())
    }
}

/// Notes a rewind to `step`.
pub(super) async fn new_rewind(
    connection: &mut SqliteConnection,
    run: i64,
    step: u64,
    wall: f64,
) -> Result<i64> {
    let step = to_db(step);
    Ok(sqlx::query!(
        "INSERT INTO rewinds (run, wall, step) VALUES (?, ?, ?)",
        run,
        wall,
        step
    )
    .execute(connection)
    .await?
    .last_insert_rowid())
}

/// Keeps points that were in chunk `seq` of the metric.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    rewind: i64,
    metric: i64,
    seq: i64,
    points: &Series,
) -> Result<()> {
    let mut data = Vec::new();
    codec::encode(points, &mut data);
    let count = points.len() as i64;
    sqlx::query!(
        "INSERT INTO superseded (rewind, key, seq, points, data) SELECT ?, key, ?, ?, ? FROM metrics WHERE pk = ?",
        rewind,
        seq,
        count,
        data,
        metric
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps every chunk of the run that lies wholly after `step`.
pub(super) async fn keep_chunks(
    connection: &mut SqliteConnection,
    rewind: i64,
    run: i64,
    step: u64,
) -> Result<()> {
    let step = to_db(step);
    sqlx::query!(
        "INSERT INTO superseded (rewind, key, seq, points, data)
         SELECT ?, m.key, c.seq, c.points, c.data FROM metrics m JOIN chunks c ON c.metric = m.pk
         WHERE m.run = ? AND c.first_step > ?",
        rewind,
        run,
        step
    )
    .execute(connection)
    .await?;
    Ok(())
}
