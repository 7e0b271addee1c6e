//! Runs beside each other: what differs, and the metrics.

use std::collections::BTreeSet;

use diptych_domain::compare::{Column, varying};
use diptych_domain::query::Aggregate;
use diptych_domain::{MetricKey, RunSummary};
use serde_json::{Value, json};

use super::Format;
use crate::render::table::{Align, Table};
use crate::render::{csv, human, latex, markdown};

/// Some runs, one to a column.
pub struct Beside<'r> {
    runs: Vec<&'r RunSummary>,
    columns: Vec<Column>,
}

/// A line: what it is, and its text for each run.
type Row = (String, Vec<String>);

impl<'r> Beside<'r> {
    /// Runs with these metrics; with none, losses as they are and evaluations both as they are and at their best.
    pub fn new(runs: Vec<&'r RunSummary>, columns: Vec<Column>) -> Self {
        let columns = if columns.is_empty() { usual(&runs) } else { columns };
        Self { runs, columns }
    }

    /// In one of the formats that are text.
    pub fn render(&self, format: Format, width: usize, colours: bool) -> String {
        let header: Vec<String> = std::iter::once(String::new())
            .chain(self.runs.iter().map(|r| r.name.clone()))
            .collect();
        let rows = self.rows(format == Format::Csv);
        let lines = |escape: fn(&str) -> String| -> Vec<Vec<String>> {
            let cells = |(key, values): &Row| std::iter::once(key).chain(values).map(|t| escape(t)).collect();
            rows.iter().map(cells).collect()
        };
        match format {
            Format::Csv => {
                let header = header
                    .iter()
                    .map(|h| if h.is_empty() { "key" } else { h.as_str() });
                let lines = lines(str::to_owned);
                csv::line(header) + &lines.iter().map(csv::line).collect::<String>()
            }
            Format::Markdown => {
                let align = |(i, h): (usize, &String)| {
                    let side = if i == 0 { Align::Left } else { Align::Right };
                    (markdown::escaped(h), side)
                };
                let columns: Vec<_> = header.iter().enumerate().map(align).collect();
                markdown::table(&columns, &lines(markdown::escaped))
            }
            Format::Latex => {
                let header: Vec<String> = header.iter().map(|h| latex::escaped(h)).collect();
                latex::tabular(
                    &format!("l{}", "r".repeat(self.runs.len())),
                    &header,
                    &lines(latex::escaped),
                )
            }
            Format::Text | Format::Json => {
                let align =
                    |(i, h): (usize, &String)| (h.clone(), if i == 0 { Align::Left } else { Align::Right });
                let mut table = Table::new(header.iter().enumerate().map(align));
                lines(str::to_owned).into_iter().for_each(|row| table.row(row));
                table.render_styled(width, colours)
            }
        }
    }

    /// The JSON form.
    pub fn document(&self) -> Value {
        let settings: serde_json::Map<String, Value> = varying(&self.runs)
            .into_iter()
            .map(|s| (s.key, json!(s.values)))
            .collect();
        let metrics: serde_json::Map<String, Value> = self
            .columns
            .iter()
            .map(|c| {
                (
                    c.to_string(),
                    json!(self.runs.iter().map(|r| c.value(r)).collect::<Vec<_>>()),
                )
            })
            .collect();
        json!({
            "runs": self.runs.iter().map(|r| json!({
                "id": r.id, "name": r.name, "status": r.status, "step": r.step, "epoch": r.epoch,
                "code_version": r.code_version, "data_fingerprint": r.data_fingerprint,
            })).collect::<Vec<_>>(),
            "settings": settings,
            "metrics": metrics,
        })
    }

    fn rows(&self, full: bool) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut row = |key: &str, of: &dyn Fn(&RunSummary) -> String| {
            rows.push((key.to_owned(), self.runs.iter().map(|r| of(r)).collect()));
        };
        row("status", &|r| r.status.to_string());
        row("step", &|r| r.step.to_string());
        let differ = |of: &dyn Fn(&RunSummary) -> String| self.runs.windows(2).any(|w| of(w[0]) != of(w[1]));
        let code = |r: &RunSummary| r.code_version.clone();
        if differ(&code) {
            row("code", &code);
        }
        let data = |r: &RunSummary| {
            let print = r.data_fingerprint.as_deref().unwrap_or("-");
            print.chars().take(12).collect()
        };
        if differ(&data) {
            row("data", &data);
        }
        for setting in varying(&self.runs).into_iter().filter(|s| s.key != "name") {
            let text = |v: Option<_>| v.map_or("-".to_owned(), |v: diptych_domain::ParamValue| v.to_string());
            rows.push((setting.key, setting.values.into_iter().map(text).collect()));
        }
        for column in &self.columns {
            let text = |r: &&RunSummary| match column.value(r) {
                None if full => String::new(),
                None => "-".to_owned(),
                Some(v) if full => v.to_string(),
                Some(v) => human::number(v),
            };
            rows.push((column.to_string(), self.runs.iter().map(text).collect()));
        }
        rows
    }
}

fn usual(runs: &[&RunSummary]) -> Vec<Column> {
    let keys: BTreeSet<&MetricKey> = runs.iter().flat_map(|r| r.metrics.keys()).collect();
    let told = keys
        .into_iter()
        .filter(|k| k.has_better_end() && !k.is_of_the_machine());
    told.flat_map(|key| {
        let both: &[Aggregate] = if key.as_str().starts_with("eval/") {
            &[Aggregate::Last, Aggregate::Best]
        } else {
            &[Aggregate::Last]
        };
        both.iter().map(|of| Column {
            key: key.clone(),
            of: *of,
        })
    })
    .collect()
}
