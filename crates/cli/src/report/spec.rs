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

#[cfg(test)]
mod tests {
    use diptych_plots::spec::Kind;

    use super::*;

    #[test]
    fn figures_take_over_what_the_report_says() {
        let text = "query = \"sweep:a\"\nby = [\"sweep.loss\"]\nagainst = \"L1\"\n[[figure]]\nkind = \"ablation\"\n\
                    [[figure]]\nkind = \"curves\"\nruns = [\"x\"]\n";
        let mut spec = ReportSpec::parse("r.toml", text).unwrap();
        let figures = spec.figures.clone().unwrap();
        assert_eq!(
            (
                figures[0].query.as_deref(),
                figures[0].by.as_slice(),
                figures[0].against.as_deref()
            ),
            (Some("sweep:a"), &["sweep.loss".to_owned()][..], Some("L1"))
        );
        assert_eq!((figures[1].query.as_deref(), figures[1].by.len()), (None, 0));
        spec.take_runs("sweep:b");
        let figures = spec.figures.unwrap();
        assert_eq!(
            (spec.query.as_deref(), figures[0].query.as_deref()),
            (Some("sweep:b"), Some("sweep:b"))
        );
        assert_eq!(figures[1].runs, ["x"]);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, expected) in [
            (
                "titel = \"x\"",
                "r.toml:1: `titel`: unknown key (did you mean `title`?)",
            ),
            ("title = 3", "r.toml:1: `title = 3`: expected text"),
            ("title = \"x\"", "r.toml: no runs"),
            (
                "query = \"a\"\nprobes = -1",
                "r.toml:2: `probes = -1`: expected a whole number",
            ),
            (
                "query = \"a\"\n\n[[figure]]\nkind = \"curve\"",
                "r.toml:4: `kind = \"curve\"`: expected one of",
            ),
            (
                "query = \"a\"\n[[figure]]\nmetrics = [\"x\"]",
                "r.toml:2: no `kind`",
            ),
            ("figure = 3\nquery = \"a\"", "r.toml:1: `figure`: expected tables"),
            ("query = ", "r.toml:1: not valid TOML"),
        ] {
            let error = ReportSpec::parse("r.toml", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }

    #[test]
    fn every_study_has_a_report() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let mut studies = 0;
        for entry in std::fs::read_dir(&root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() || !std::fs::read_to_string(&path).unwrap().contains("[sweep") {
                continue;
            }
            studies += 1;
            let name = path.file_stem().unwrap().to_str().unwrap();
            let file = root.join(format!("reports/{name}.toml"));
            let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
            let spec = ReportSpec::parse(name, &text).unwrap();
            assert_eq!(spec.query, Some(format!("sweep:{name}")));
            let figures = spec.figures.unwrap();
            assert!(
                figures.iter().any(|f| f.kind == Kind::Ablation)
                    && figures.iter().all(|f| f.query == spec.query)
            );
        }
        assert_eq!(studies, 7);
    }
}
