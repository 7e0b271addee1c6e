//! What the writer knows of its run between transactions; read again after a failed one.

use std::collections::HashMap;

use diptych_domain::MetricKey;
use sqlx::SqliteConnection;

use crate::error::Result;
use crate::metrics::fold::Tail;
use crate::metrics::stats::Stats;

/// One metric's row and its summary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    pub pk: i64,
    pub stats: Stats,
}

/// The run as the database has it.
#[derive(Debug)]
pub(super) struct State {
    pub metrics: HashMap<MetricKey, Tracked>,
    pub tail: Tail,
    pub step: u64,
    pub epoch: u64,
    pub ended: bool,
}

impl State {
    pub async fn load(connection: &mut SqliteConnection, run: i64, ended: bool) -> Result<Self> {
        let progress = sqlx::query!("SELECT step, epoch FROM runs WHERE pk = ?", run)
            .fetch_one(&mut *connection)
            .await?;
        Ok(Self {
            metrics: metrics(connection, run).await?,
            tail: Tail::load(connection, run).await?,
            step: progress.step as u64,
            epoch: progress.epoch as u64,
            ended,
        })
    }
}

/// The metrics of a run with their summaries.
pub(super) async fn metrics(
    connection: &mut SqliteConnection,
    run: i64,
) -> Result<HashMap<MetricKey, Tracked>> {
    let rows = sqlx::query!(
        "SELECT pk, key, points, last_step, last_value, min_value, max_value FROM metrics WHERE run = ?",
        run
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let [last, min, max] = [r.last_value, r.min_value, r.max_value].map(|v| v.unwrap_or(f64::NAN));
            let stats = Stats {
                points: r.points as u64,
                first_step: 0, // of no use to a summary
                last_step: r.last_step as u64,
                last,
                min,
                max,
            };
            (MetricKey::new(r.key), Tracked { pk: r.pk, stats })
        })
        .collect())
}
