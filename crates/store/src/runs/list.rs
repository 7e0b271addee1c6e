//! Runs as lists show them.

use std::collections::{BTreeMap, HashMap};

use diptych_domain::cell::SweepCell;
use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{MetricKey, MetricSummary, Parent, RunId, RunStatus, RunSummary};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::create::pk;
use crate::error::{Result, StoreError};
use crate::home::Home;
use crate::metrics::stats::summary;

impl Home {
    /// Every run, newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn list(&self) -> Result<Vec<RunSummary>> {
        let mut tx = self.read().await?;
        summaries(&mut tx, None).await
    }

    /// The `limit` newest runs that are older than `before` (`None`: the newest of all), newest first: for screens that
    /// show the first ones while the others are read.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn list_page(&self, before: Option<&RunId>, limit: usize) -> Result<Vec<RunSummary>> {
        let mut tx = self.read().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = before.map(RunId::as_str);
        let page = sqlx::query_scalar!(
            "SELECT pk FROM runs WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2",
            before,
            limit
        )
        .fetch_all(&mut *tx)
        .await?;
        summaries(&mut tx, Some(&page)).await
    }

    /// One run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or where the database cannot be read.
    pub async fn summary(&self, run: &RunId) -> Result<RunSummary> {
        let mut tx = self.read().await?;
        let row = pk(&mut tx, run).await?;
        let found = summaries(&mut tx, Some(&[row])).await?;
        found.into_iter().next().ok_or_else(|| StoreError::NotFound {
            text: run.to_string(),
            nearest: None,
            hint: String::new(),
        })
    }
}

/// The runs of these rows, or all, newest first.
pub(super) async fn summaries(tx: &mut SqliteConnection, only: Option<&[i64]>) -> Result<Vec<RunSummary>> {
    // A list as JSON is one parameter, whatever its length.
    let only = only.map(|rows| Value::from(rows).to_string());
    let only = only.as_deref();
    let mut tags = tags(tx, only).await?;
    let mut metrics = metrics(tx, only).await?;
    let mut cells = cells(tx, only).await?;
    let rows = match only {
        None => {
            sqlx::query_as!(
                RunRow,
                r#"SELECT r.pk, r.id, r.name, r.status, r.message, r.model, r.note, r.created, r.updated, r.step, r.epoch,
                          r.total_steps, r.device, r.code_version, r.data_fingerprint, r.spec, r.parent_step,
                          r.archived AS "archived: bool", p.id AS "parent_id?", p.name AS "parent_name?"
                   FROM runs r LEFT JOIN runs p ON p.pk = r.parent ORDER BY r.id DESC"#
            )
            .fetch_all(&mut *tx)
            .await?
        }
        Some(only) => {
            sqlx::query_as!(
                RunRow,
                r#"SELECT r.pk, r.id, r.name, r.status, r.message, r.model, r.note, r.created, r.updated, r.step, r.epoch,
                          r.total_steps, r.device, r.code_version, r.data_fingerprint, r.spec, r.parent_step,
                          r.archived AS "archived: bool", p.id AS "parent_id?", p.name AS "parent_name?"
                   FROM runs r LEFT JOIN runs p ON p.pk = r.parent
                   WHERE r.pk IN (SELECT value FROM json_each(?)) ORDER BY r.id DESC"#,
                only
            )
            .fetch_all(&mut *tx)
            .await?
        }
    };
    rows.into_iter()
        .map(|row| {
            let status = parse_status(&row.id, &row.status)?;
            let spec = read_spec(&row.id, &row.model, &row.spec)?;
            Ok(RunSummary {
                id: RunId::from_stored(row.id),
                name: row.name,
                status,
                message: row.message,
                model: row.model,
                tags: tags.remove(&row.pk).unwrap_or_default(),
                note: row.note,
                created: row.created,
                updated: row.updated,
                epoch: row.epoch as u64,
                step: row.step as u64,
                total_steps: row.total_steps as u64,
                device: row.device,
                code_version: row.code_version,
                data_fingerprint: row.data_fingerprint,
                archived: row.archived,
                parent: parent(row.parent_id, row.parent_name, row.parent_step),
                spec,
                cells: cells.remove(&row.pk).unwrap_or_default(),
                metrics: metrics.remove(&row.pk).unwrap_or_default(),
            })
        })
        .collect()
}

// One query for all and one for some, which finds their rows by index: a condition that covers both would not.

struct RunRow {
    pk: i64,
    id: String,
    name: String,
    status: String,
    message: Option<String>,
    model: String,
    note: String,
    created: f64,
    updated: f64,
    step: i64,
    epoch: i64,
    total_steps: i64,
    device: String,
    code_version: String,
    data_fingerprint: Option<String>,
    spec: String,
    parent_step: Option<i64>,
    archived: bool,
    parent_id: Option<String>,
    parent_name: Option<String>,
}

fn parent(id: Option<String>, name: Option<String>, step: Option<i64>) -> Option<Parent> {
    Some(Parent {
        id: id.map(RunId::from_stored),
        name,
        step: step? as u64,
    })
}

struct MetricRow {
    run: i64,
    key: String,
    points: i64,
    last_step: i64,
    last_value: Option<f64>,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

async fn tags(connection: &mut SqliteConnection, only: Option<&str>) -> Result<HashMap<i64, Vec<String>>> {
    let rows = sqlx::query!(
        "SELECT run, tag FROM tags WHERE ?1 IS NULL OR run IN (SELECT value FROM json_each(?1)) ORDER BY run, tag",
        only
    )
    .fetch_all(connection)
    .await?;
    let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
    for row in rows {
        tags.entry(row.run).or_default().push(row.tag);
    }
    Ok(tags)
}

async fn cells(
    connection: &mut SqliteConnection,
    only: Option<&str>,
) -> Result<HashMap<i64, Vec<SweepCell>>> {
    let rows = sqlx::query!(
        "SELECT run, sweep, factor, value FROM cells
         WHERE ?1 IS NULL OR run IN (SELECT value FROM json_each(?1)) ORDER BY run, sweep, position",
        only
    )
    .fetch_all(connection)
    .await?;
    let mut cells: HashMap<i64, Vec<SweepCell>> = HashMap::new();
    for row in rows {
        let value = serde_json::from_str(&row.value).map_err(|e| StoreError::Damaged {
            what: format!("a value of the sweep {}", row.sweep),
            problem: e.to_string(),
        })?;
        let of_run = cells.entry(row.run).or_default();
        match of_run.last_mut().filter(|cell| cell.sweep == row.sweep) {
            Some(cell) => cell.factors.push((row.factor, value)),
            None => of_run.push(SweepCell {
                sweep: row.sweep,
                factors: vec![(row.factor, value)],
            }),
        }
    }
    Ok(cells)
}

type Metrics = BTreeMap<MetricKey, MetricSummary>;

async fn metrics(connection: &mut SqliteConnection, only: Option<&str>) -> Result<HashMap<i64, Metrics>> {
    let rows = match only {
        None => {
            sqlx::query_as!(
                MetricRow,
                "SELECT run, key, points, last_step, last_value, min_value, max_value FROM metrics"
            )
            .fetch_all(connection)
            .await?
        }
        Some(only) => {
            sqlx::query_as!(
                MetricRow,
                "SELECT run, key, points, last_step, last_value, min_value, max_value FROM metrics
                 WHERE run IN (SELECT value FROM json_each(?))",
                only
            )
            .fetch_all(connection)
            .await?
        }
    };
    // Runs share their keys: one allocation each, not one per run.
    let mut keys: HashMap<String, MetricKey> = HashMap::new();
    let mut metrics: HashMap<i64, Metrics> = HashMap::new();
    for row in rows {
        let key = keys
            .entry(row.key)
            .or_insert_with_key(|text| MetricKey::new(text.as_str()));
        let one = summary(
            key,
            row.points,
            row.last_step,
            row.last_value,
            row.min_value,
            row.max_value,
        );
        metrics.entry(row.run).or_default().insert(key.clone(), one);
    }
    Ok(metrics)
}

pub(crate) fn parse_status(run: &str, text: &str) -> Result<RunStatus> {
    text.parse().map_err(|e| StoreError::Damaged {
        what: format!("the status of run {run}"),
        problem: format!("{e}"),
    })
}

/// The spec as saved. One from another version, with keys that this binary does not know, is read as far as it goes:
/// a list must not fail over one old run.
fn read_spec(run: &str, model: &str, json: &str) -> Result<ExperimentSpec> {
    if let Ok(spec) = serde_json::from_str(json) {
        return Ok(spec);
    }
    let value: Value = serde_json::from_str(json).map_err(|e| StoreError::Damaged {
        what: format!("the spec of run {run}"),
        problem: e.to_string(),
    })?;
    Ok(ExperimentSpec {
        model: model.to_owned(),
        name: lenient(&value["name"]),
        seed: lenient(&value["seed"]),
        data: section(&value["data"]),
        params: lenient(&value["params"]),
        optim: section(&value["optim"]),
        log: section(&value["log"]),
    })
}

fn lenient<T: DeserializeOwned + Default>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// A section without the keys that its type refuses.
fn section<T: DeserializeOwned + Default>(value: &Value) -> T {
    let Value::Object(map) = value else {
        return T::default();
    };
    let known = map
        .iter()
        .filter(|(k, v)| {
            let alone = Value::Object([((*k).clone(), (*v).clone())].into_iter().collect());
            serde_json::from_value::<T>(alone).is_ok()
        })
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    lenient(&Value::Object(known))
}
