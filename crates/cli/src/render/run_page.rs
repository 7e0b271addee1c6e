//! Everything about a run, for people and as JSON.

use std::collections::BTreeMap;

use diptych_domain::cell::label;
use diptych_domain::spec::keys::KEYS;
use diptych_domain::{ExperimentSpec, ParamDecl, ParamValue, RunSummary};
use diptych_store::{CheckpointRecord, EventRecord, LogLine, RunDetails};
use serde_json::{Value, json};

use super::table::{Align, Cell, Table, wrap};
use super::{human, runs};

/// Lines of the log, and events, that the page shows.
const RECENT: usize = 10;

/// What is known of a run.
pub struct RunPage {
    /// The run as lists show it.
    pub run: RunSummary,
    /// What lists leave out.
    pub details: RunDetails,
    /// Its checkpoints.
    pub checkpoints: Vec<CheckpointRecord>,
    /// Its history.
    pub events: Vec<EventRecord>,
    /// Where it was made.
    pub environment: BTreeMap<String, String>,
    /// Its log.
    pub log: Vec<LogLine>,
    /// How many images it has written.
    pub images: usize,
    /// The plugin's hyperparameters, where this binary has the plugin.
    pub decls: Vec<ParamDecl>,
    /// Its folder.
    pub folder: String,
}

impl RunPage {
    /// The JSON form: that of `runs --json` and the rest beside it.
    pub fn document(&self) -> Value {
        let mut document = runs::document(&self.run);
        let d = &self.details;
        let more = json!({
            "spec_hash": d.spec_hash,
            "forks": d.forks.iter().map(|f| json!({"id": f.id, "name": f.name, "step": f.step})).collect::<Vec<_>>(),
            "stop_requested": d.stop_requested,
            "process": d.owner,
            "folder": self.folder,
            "images": self.images,
            "environment": self.environment,
            "checkpoints": self.checkpoints.iter().map(|c| json!({
                "step": c.step, "epoch": c.epoch, "wall": c.wall, "kind": c.kind.as_str(), "path": c.path,
                "bytes": c.bytes, "score": c.score,
            })).collect::<Vec<_>>(),
            "events": self.events.iter().map(|e| json!({
                "wall": e.wall, "kind": e.kind, "step": e.step, "epoch": e.epoch, "detail": e.detail,
            })).collect::<Vec<_>>(),
            "log_lines": self.log.iter().map(|l| json!({
                "wall": l.wall, "level": l.level.as_str(), "message": l.message,
            })).collect::<Vec<_>>(),
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut document, more) {
            all.extend(more);
        }
        document
    }

    /// The page for people.
    pub fn render(&self, now: f64, width: usize, colours: bool) -> String {
        let mut out = String::new();
        let mut section = |title: &str, body: String| {
            if !body.is_empty() {
                let title = if colours {
                    format!("\x1b[1m{title}\x1b[0m")
                } else {
                    title.to_owned()
                };
                out.push_str(&format!("{title}\n{body}\n"));
            }
        };
        let style = runs::status_style(self.run.status);
        let status = if colours {
            format!("\x1b[{style}m{}\x1b[0m", self.run.status)
        } else {
            self.run.status.to_string()
        };
        section(&format!("{}  {status}", self.run.name), self.head(now, width));
        section(
            "settings (* differs from the default)",
            self.settings(width, colours),
        );
        section("metrics", self.metrics(width));
        section("checkpoints", self.checkpoint_table(now, width));
        section("events", self.event_table(width));
        section("environment", self.environment_table(width));
        section("log", self.log_table(width, colours));
        out.truncate(out.trim_end().len());
        out
    }

    fn head(&self, now: f64, width: usize) -> String {
        let (run, d) = (&self.run, &self.details);
        let mut rows = vec![
            ("id", run.id.to_string()),
            ("model", format!("{} on {}", run.model, run.device)),
            (
                "progress",
                format!(
                    "epoch {} of {}, step {} of {}",
                    run.epoch,
                    run.spec.optim.total_epochs(),
                    run.step,
                    if run.total_steps == 0 {
                        "?".to_owned()
                    } else {
                        run.total_steps.to_string()
                    }
                ),
            ),
            (
                "created",
                format!("{} ({})", human::time(run.created), human::ago(run.created, now)),
            ),
            (
                "updated",
                format!("{} ({})", human::time(run.updated), human::ago(run.updated, now)),
            ),
        ];
        rows.extend(run.message.as_ref().map(|m| ("message", m.clone())));
        rows.extend(
            d.stop_requested
                .then(|| ("stop", "asked to stop after its step".to_owned())),
        );
        if run.archived {
            rows.push(("archived", "yes: lists and queries leave it out".into()));
        }
        if !run.tags.is_empty() {
            rows.push(("tags", run.tags.join(" ")));
        }
        for cell in &run.cells {
            rows.push(("sweep", format!("{}: {}", cell.sweep, label(&cell.factors))));
        }
        if !run.note.is_empty() {
            rows.push(("note", run.note.clone()));
        }
        if let Some(parent) = &run.parent {
            rows.push(("fork of", parent.to_string()));
        }
        if !d.forks.is_empty() {
            let forks = d.forks.iter().map(|f| format!("{} at step {}", f.name, f.step));
            rows.push(("forks", forks.collect::<Vec<_>>().join(", ")));
        }
        rows.push(("code", run.code_version.clone()));
        rows.push(("spec", d.spec_hash.chars().take(16).collect()));
        rows.extend(
            run.data_fingerprint
                .as_ref()
                .map(|f| ("data", f.chars().take(16).collect())),
        );
        rows.push(("images", self.images.to_string()));
        rows.push(("folder", self.folder.clone()));
        pairs(rows, width)
    }

    fn settings(&self, width: usize, colours: bool) -> String {
        let mut table = Table::headless([Align::Left, Align::Left, Align::Wrap]);
        let mut row = |key: &str, value: &ParamValue, default: Option<&ParamValue>| {
            let changed = default.is_some_and(|d| d != value);
            let note = default
                .filter(|_| changed)
                .map_or(String::new(), |d| format!(" (default {d})"));
            let style = if changed { "33" } else { "" };
            table.row([
                Cell::from(if changed { "*" } else { " " }),
                Cell::styled(key, style),
                Cell::styled(format!("{value}{note}"), style),
            ]);
        };
        let default = default_spec(&self.run.spec);
        for key in KEYS.iter().filter(|k| k.key.contains('.') || k.key == "seed") {
            let compare = key.key.contains('.') && key.key != "data.root";
            let default = key.get(&default);
            row(key.key, &key.get(&self.run.spec), compare.then_some(&default));
        }
        for (name, value) in &self.run.spec.params {
            let default = self.decls.iter().find(|d| d.name == name).map(|d| &d.default);
            row(&format!("params.{name}"), value, default);
        }
        table.render_styled(width, colours)
    }

    fn metrics(&self, width: usize) -> String {
        if self.run.metrics.is_empty() {
            return String::new();
        }
        let mut table = Table::new([
            ("  KEY", Align::Left),
            ("LAST", Align::Right),
            ("BEST", Align::Right),
            ("MIN", Align::Right),
            ("MAX", Align::Right),
            ("STEP", Align::Right),
            ("POINTS", Align::Right),
        ]);
        for (key, m) in &self.run.metrics {
            let mut row = vec![format!("  {key}")];
            row.extend([m.last, m.best, m.min, m.max].map(human::number));
            row.extend([m.step, m.count].map(|n| n.to_string()));
            table.row(row);
        }
        table.render(width)
    }

    fn checkpoint_table(&self, now: f64, width: usize) -> String {
        if self.checkpoints.is_empty() {
            return "  none yet\n".into();
        }
        let mut table = Table::headless([
            Align::Left,
            Align::Right,
            Align::Right,
            Align::Right,
            Align::Right,
            Align::Left,
        ]);
        for c in &self.checkpoints {
            table.row([
                format!("  {}", c.kind.as_str()),
                format!("step {}", c.step),
                format!("epoch {}", c.epoch),
                human::bytes(c.bytes),
                human::ago(c.wall, now),
                c.path.display().to_string(),
            ]);
        }
        table.render(width)
    }

    fn event_table(&self, width: usize) -> String {
        let mut table = Table::headless([Align::Left, Align::Left, Align::Right, Align::Wrap]);
        // Epochs are many and say little.
        let told: Vec<&EventRecord> = self.events.iter().filter(|e| e.kind != "epoch").collect();
        for e in &told[told.len().saturating_sub(RECENT)..] {
            let detail = match e.kind.as_str() {
                "claimed" | "crashed" => process(e.detail.as_deref()),
                _ => e.detail.clone().unwrap_or_default(),
            };
            table.row([
                format!("  {}", human::time(e.wall)),
                e.kind.clone(),
                format!("step {}", e.step),
                detail,
            ]);
        }
        table.render(width)
    }

    fn environment_table(&self, width: usize) -> String {
        let readable = |key: &str, value: &str| match (key, value.parse()) {
            ("memory", Ok(bytes)) => human::bytes(bytes),
            _ => value.to_owned(),
        };
        pairs(
            self.environment.iter().map(|(k, v)| (k.as_str(), readable(k, v))),
            width,
        )
    }

    fn log_table(&self, width: usize, colours: bool) -> String {
        let mut table = Table::headless([Align::Left, Align::Left, Align::Wrap]);
        for line in &self.log[self.log.len().saturating_sub(RECENT)..] {
            let style = match line.level.as_str() {
                "error" => "31",
                "warn" => "33",
                _ => "",
            };
            table.row([
                Cell::from(format!("  {}", human::time(line.wall))),
                Cell::styled(line.level.as_str(), style),
                Cell::styled(line.message.replace('\n', " "), style),
            ]);
        }
        table.render_styled(width, colours)
    }
}

/// The spec that says nothing but the model.
fn default_spec(spec: &ExperimentSpec) -> ExperimentSpec {
    ExperimentSpec {
        model: spec.model.clone(),
        name: None,
        seed: 1,
        data: Default::default(),
        params: Default::default(),
        optim: Default::default(),
        log: Default::default(),
    }
}

/// `pid 123 on host` of a process in JSON.
fn process(detail: Option<&str>) -> String {
    let Some(value) = detail.and_then(|d| serde_json::from_str::<Value>(d).ok()) else {
        return detail.unwrap_or_default().to_owned();
    };
    format!(
        "process {} on {}",
        value["pid"],
        value["host"].as_str().unwrap_or("?")
    )
}

/// Lines of `  name  value`, values wrapped.
fn pairs<'a>(rows: impl IntoIterator<Item = (&'a str, String)>, width: usize) -> String {
    let rows: Vec<(&str, String)> = rows.into_iter().collect();
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let indent = names + 4;
    let mut out = String::new();
    for (name, value) in rows {
        let lines = wrap(&value, width.saturating_sub(indent).max(20));
        out.push_str(&format!(
            "  {name:names$}  {}\n",
            lines.join(&format!("\n{}", " ".repeat(indent)))
        ));
    }
    out
}
