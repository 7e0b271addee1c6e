//! Making a run.

use std::collections::BTreeMap;

use diptych_domain::spec::{ExperimentSpec, keys};
use diptych_domain::{ParamValue, RunId, RunSummary, Size, name::memorable};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::error::{Result, StoreError};
use crate::home::{Home, now};
use crate::metrics::fold::to_db;
use crate::metrics::inherit;

/// What a run is made from.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The resolved experiment.
    pub spec: ExperimentSpec,
    /// The name asked for; without one the spec's name, else a memorable one. Where it is taken a number is appended
    /// (`facades-2`).
    pub name: Option<String>,
    /// Tags; order and repetition do not matter.
    pub tags: Vec<String>,
    /// Free text.
    pub note: String,
    /// The machine and the toolchain: `hostname`, `os`, `cpu`, `threads`, `rustc`, `diptych`, ...
    pub environment: BTreeMap<String, String>,
    /// The version or commit of the code.
    pub code_version: String,
    /// A hash over the data set, where one was taken.
    pub data_fingerprint: Option<String>,
    /// The device it will compute on.
    pub device: String,
    /// The run it is forked from, and the step at which it is: it takes over the points up to there.
    pub parent: Option<(RunId, u64)>,
}

impl NewRun {
    /// A run of `spec` with nothing else said.
    pub fn new(spec: ExperimentSpec) -> Self {
        Self {
            spec,
            name: None,
            tags: Vec::new(),
            note: String::new(),
            environment: BTreeMap::new(),
            code_version: String::new(),
            data_fingerprint: None,
            device: "cpu".into(),
            parent: None,
        }
    }
}

impl Home {
    /// Makes a run, `queued`, and its folder.
    ///
    /// # Errors
    /// A name that is no good ([`StoreError::BadName`]), an unknown parent, a spec without JSON form, or a database
    /// or folder that cannot be written.
    pub async fn create_run(&self, new: NewRun) -> Result<RunSummary> {
        let mut tx = self.write().await?;
        let (_, id) = insert(&mut tx, self, &new).await?;
        tx.commit().await?;
        self.summary(&id).await
    }
}

/// Adds a run's rows and makes its folder, in a transaction that writes.
pub(super) async fn insert(tx: &mut SqliteConnection, home: &Home, new: &NewRun) -> Result<(i64, RunId)> {
    let id = RunId::generate();
    let json = new.spec.canonical_json().map_err(StoreError::Spec)?;
    let hash = new.spec.hash().map_err(StoreError::Spec)?;
    let wanted = match new.name.as_ref().or(new.spec.name.as_ref()) {
        Some(name) => checked(name)?.to_owned(),
        None => memorable(entropy(&id)),
    };
    let (created, seed) = (now(), new.spec.seed as i64);
    let parent_step = new.parent.as_ref().map(|(_, step)| to_db(*step));
    let step = parent_step.unwrap_or(0);

    let parent = match &new.parent {
        Some((parent, _)) => Some(pk(tx, parent).await?),
        None => None,
    };
    let name = free_name(tx, &wanted).await?;
    let id_text = id.as_str();
    let run = sqlx::query!(
        "INSERT INTO runs (id, name, status, model, note, created, updated, device, spec, spec_hash, seed,
                           code_version, data_fingerprint, parent, parent_step, step)
         VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id_text,
        name,
        new.spec.model,
        new.note,
        created,
        created,
        new.device,
        json,
        hash,
        seed,
        new.code_version,
        new.data_fingerprint,
        parent,
        parent_step,
        step
    )
    .execute(&mut *tx)
    .await?
    .last_insert_rowid();
    for tag in &new.tags {
        let tag = tag.trim();
        if !tag.is_empty() {
            sqlx::query!("INSERT OR IGNORE INTO tags (run, tag) VALUES (?, ?)", run, tag)
                .execute(&mut *tx)
                .await?;
        }
    }
    for (key, value) in &new.environment {
        sqlx::query!(
            "INSERT INTO environment (run, key, value) VALUES (?, ?, ?)",
            run,
            key,
            value
        )
        .execute(&mut *tx)
        .await?;
    }
    let spec: Value = serde_json::from_str(&json).map_err(StoreError::Spec)?;
    for (key, value) in flatten(&spec) {
        let (kind, number) = match &value {
            ParamValue::Bool(v) => ("bool", Some(f64::from(u8::from(*v)))),
            ParamValue::Int(v) => ("int", Some(*v as f64)),
            ParamValue::Float(v) => ("float", Some(*v)),
            ParamValue::Text(_) => ("text", None),
        };
        let text = value.to_string();
        sqlx::query!(
            "INSERT INTO params (run, key, kind, number, text) VALUES (?, ?, ?, ?, ?)",
            run,
            key,
            kind,
            number,
            text
        )
        .execute(&mut *tx)
        .await?;
    }
    let mut origin = None;
    if let (Some(parent), Some((_, step))) = (parent, &new.parent) {
        inherit(tx, parent, *step, run).await?;
        let name = sqlx::query_scalar!("SELECT name FROM runs WHERE pk = ?", parent)
            .fetch_one(&mut *tx)
            .await?;
        origin = Some(format!("forked from {name} at step {step}"));
    }
    sqlx::query!(
        "INSERT INTO events (run, wall, kind, step, epoch, detail) VALUES (?, ?, 'created', ?, 0, ?)",
        run,
        created,
        step,
        origin
    )
    .execute(&mut *tx)
    .await?;
    let dir = home.run_dir(&id);
    for part in ["checkpoints", "images"] {
        std::fs::create_dir_all(dir.join(part)).map_err(|source| StoreError::Unwritable {
            path: dir.join(part),
            source,
        })?;
    }
    Ok((run, id))
}

/// The row of a run.
pub(crate) async fn pk(connection: &mut SqliteConnection, run: &RunId) -> Result<i64> {
    let id = run.as_str();
    sqlx::query_scalar!("SELECT pk FROM runs WHERE id = ?", id)
        .fetch_optional(connection)
        .await?
        .ok_or_else(|| StoreError::NotFound {
            text: id.to_owned(),
            nearest: None,
            hint: String::new(),
        })
}

/// The name if it can be told from an option or a path on a command line.
fn checked(name: &str) -> Result<&str> {
    let problem = if name.trim().is_empty() {
        "it is empty"
    } else if name.trim() != name || name.chars().any(char::is_control) {
        "it has spaces at its ends or control characters"
    } else if name.starts_with('-') {
        "it starts with a hyphen, like an option"
    } else if name.contains(['/', '\\']) {
        "it has a slash, like a path"
    } else if name.chars().count() > 100 {
        "it is longer than 100 characters"
    } else {
        return Ok(name);
    };
    Err(StoreError::BadName {
        name: name.to_owned(),
        problem,
    })
}

/// `wanted`, or `wanted-2`, `wanted-3`, ... whichever is free first.
async fn free_name(connection: &mut SqliteConnection, wanted: &str) -> Result<String> {
    let mut name = wanted.to_owned();
    for n in 2_u64.. {
        let taken = sqlx::query_scalar!("SELECT count(*) FROM runs WHERE name = ?", name)
            .fetch_one(&mut *connection)
            .await?;
        if taken == 0 {
            break;
        }
        name = format!("{wanted}-{n}");
    }
    Ok(name)
}

/// The random bits of an id.
fn entropy(id: &RunId) -> u64 {
    let tail = id.as_str().get(16..).unwrap_or_default();
    u64::from_str_radix(tail, 16).unwrap_or(0)
}

/// The leaves of a JSON document under dotted keys; sizes as queries name them, other lists as their JSON text, nulls left out.
fn flatten(value: &Value) -> Vec<(String, ParamValue)> {
    fn walk(prefix: &str, value: &Value, out: &mut Vec<(String, ParamValue)>) {
        let leaf = match value {
            Value::Null => return,
            Value::Object(map) => {
                for (key, inner) in map {
                    let dotted = if prefix.is_empty() {
                        key.clone()
                    } else {
                        format!("{prefix}.{key}")
                    };
                    walk(&dotted, inner, out);
                }
                return;
            }
            Value::Bool(v) => ParamValue::Bool(*v),
            Value::Number(n) => match n.as_i64() {
                Some(v) => ParamValue::Int(v),
                None => ParamValue::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(s) => ParamValue::Text(s.clone()),
            Value::Array(_) => match serde_json::from_value::<Size>(value.clone()) {
                Ok(size) => keys::size_value(size),
                Err(_) => ParamValue::Text(value.to_string()),
            },
        };
        out.push((prefix.to_owned(), leaf));
    }
    let mut out = Vec::new();
    walk("", value, &mut out);
    out
}
