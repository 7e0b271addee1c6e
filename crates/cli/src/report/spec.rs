//! What a report shows.

use diptych_domain::suggest;
use diptych_plots::FigureSpec;
use diptych_plots::spec::from_json;
use serde_json::{Map, Value};
use toml_edit::{Document, Item};

use crate::failure::Failure;

/// Probes that a report shows, unless it says otherwise.
const PROBES: usize = 8;
/// Steps that a report shows of each probe.
const STEPS: usize = 20;

/// What a report shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportSpec {
    /// Its title.
    pub title: Option<String>,
    /// What is said first: paragraphs with empty lines between.
    pub text: Option<String>,
    /// Its runs by name.
    pub runs: Vec<String>,
    /// Its runs by query.
    pub query: Option<String>,
    /// What the tables group by; empty: the factors of the runs' sweep.
    pub by: Vec<String>,
    /// The baseline of the tables.
    pub against: Option<String>,
    /// The metrics of the tables; empty: the evaluations.
    pub metrics: Vec<String>,
    /// Probes shown at most.
    pub probes: usize,
    /// Steps shown of each at most.
    pub steps: usize,
    /// The figures; nothing: what suits the runs.
    pub figures: Option<Vec<FigureSpec>>,
}

const KEYS: [&str; 10] = [
    "title", "text", "runs", "query", "by", "against", "metrics", "probes", "steps", "figure",
];

impl ReportSpec {
    /// A report about runs that match a query.
    pub fn of_query(query: &str) -> Self {
        Self {
            title: None,
            text: None,
            runs: Vec::new(),
            query: Some(query.to_owned()),
            by: Vec::new(),
            against: None,
            metrics: Vec::new(),
            probes: PROBES,
            steps: STEPS,
            figures: None,
        }
    }

    /// Reads a report's file; figures take over the report's runs, groups and baseline where they have none of their own.
    pub fn parse(file: &str, text: &str) -> Result<Self, Failure> {
        let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|b| *b == b'\n').count();
        let wrong = |line: Option<usize>, problem: String| {
            let line = line.map_or(String::new(), |l| format!(":{l}"));
            Failure::usage(format!("{file}{line}: {problem}"))
        };
        let document = Document::parse(text).map_err(|e| {
            let message = e.message().trim().replace('\n', "; ");
            wrong(
                e.span().map(|s| line_of(s.start)),
                format!("not valid TOML: {message}"),
            )
        })?;
        let value: toml::Value = toml::from_str(text).map_err(|e| wrong(None, e.message().to_owned()))?;
        let value = serde_json::to_value(value)?;
        let line = |key: &str| {
            let span = document.key(key).and_then(toml_edit::Key::span);
            span.map(|s| line_of(s.start))
        };
        let mut spec = Self::of_query("");
        spec.query = None;
        for (key, value) in value.as_object().into_iter().flatten() {
            let expected = |what: &str| wrong(line(key), format!("`{key} = {value}`: expected {what}"));
            let string = || value.as_str().map(str::to_owned).ok_or_else(|| expected("text"));
            let number = || {
                value
                    .as_u64()
                    .map(|n| n as usize)
                    .ok_or_else(|| expected("a whole number"))
            };
            let list = || -> Result<Vec<String>, Failure> {
                let all: Option<Vec<String>> = value
                    .as_array()
                    .and_then(|a| a.iter().map(|v| v.as_str().map(str::to_owned)).collect());
                all.ok_or_else(|| expected(&format!("a list of texts, such as {key} = [\"...\"]")))
            };
            match key.as_str() {
                "title" => spec.title = Some(string()?),
                "text" => spec.text = Some(string()?),
                "query" => spec.query = Some(string()?),
                "against" => spec.against = Some(string()?),
                "runs" => spec.runs = list()?,
                "by" => spec.by = list()?,
                "metrics" => spec.metrics = list()?,
                "probes" => spec.probes = number()?,
                "steps" => spec.steps = number()?,
                "figure" => {}
                unknown => {
                    let hint = suggest::hint(unknown, KEYS);
                    return Err(wrong(
                        line(key),
                        format!("`{unknown}`: unknown key{hint}; a report has {}", KEYS.join(", ")),
                    ));
                }
            }
        }
        if let Some(figures) = value.get("figure") {
            let Some(tables) = figures.as_array() else {
                return Err(wrong(
                    line("figure"),
                    "`figure`: expected tables, each headed [[figure]]".into(),
                ));
            };
            let places: Vec<usize> = document
                .get("figure")
                .and_then(Item::as_array_of_tables)
                .map(|all| {
                    all.iter()
                        .map(|t| t.span().map_or(1, |s| line_of(s.start)))
                        .collect()
                })
                .unwrap_or_default();
            let key_line = |i: usize, key: &str| {
                let tables = document.get("figure").and_then(Item::as_array_of_tables)?;
                let span = tables.get(i)?.key(key)?.span()?;
                Some(line_of(span.start))
            };
            let mut all = Vec::new();
            for (i, table) in tables.iter().enumerate() {
                let inherited = spec.inherited(table);
                let figure = from_json(&inherited.to_string()).map_err(|e| {
                    let at = e
                        .key
                        .as_deref()
                        .and_then(|k| key_line(i, k))
                        .or(places.get(i).copied());
                    wrong(at, e.to_string())
                })?;
                all.push(figure);
            }
            spec.figures = Some(all);
        }
        if spec.runs.is_empty() && spec.query.is_none() {
            return Err(wrong(
                None,
                "no runs: expected query = \"...\" or runs = [\"...\"]".into(),
            ));
        }
        Ok(spec)
    }

    /// Takes other runs, for the report and for those of its figures that have the report's.
    pub fn take_runs(&mut self, query: &str) {
        let before = (
            std::mem::take(&mut self.runs),
            self.query.replace(query.to_owned()),
        );
        for figure in self.figures.iter_mut().flatten() {
            if (&figure.runs, &figure.query) == (&before.0, &before.1) {
                (figure.runs, figure.query) = (Vec::new(), Some(query.to_owned()));
            }
        }
    }

    /// A figure's table with what it takes over from the report.
    fn inherited(&self, table: &Value) -> Value {
        let mut all: Map<String, Value> = table.as_object().cloned().unwrap_or_default();
        if !all.contains_key("runs") && !all.contains_key("query") {
            if !self.runs.is_empty() {
                all.insert("runs".into(), self.runs.clone().into());
            }
            if let Some(query) = &self.query {
                all.insert("query".into(), query.clone().into());
            }
        }
        if all.get("kind").and_then(Value::as_str) == Some("ablation") {
            if !all.contains_key("by") {
                all.insert("by".into(), self.by.clone().into());
            }
            if let (false, Some(against)) = (all.contains_key("against"), &self.against) {
                all.insert("against".into(), against.clone().into());
            }
        }
        Value::Object(all)
    }
}
