//! Figures from text: every mistake with its place and what would be valid.

use std::fmt;

use diptych_domain::suggest;
use serde_json::Value;
use toml_edit::Document;

use super::{FigureSpec, KEYS};

/// What is wrong with a figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SpecIssue {
    /// The file, if it comes from one.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The key.
    pub key: Option<String>,
    /// The value as written.
    pub value: Option<String>,
    /// What is wrong and what would be valid.
    pub problem: String,
}

impl fmt::Display for SpecIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            _ => {}
        }
        match (&self.key, &self.value) {
            (Some(key), Some(value)) => write!(f, "`{key} = {value}`: ")?,
            (Some(key), None) => write!(f, "`{key}`: ")?,
            _ => {}
        }
        f.write_str(&self.problem)
    }
}

/// An issue of a key and its value, without a place.
pub fn issue(key: &str, value: &str, problem: &str) -> SpecIssue {
    SpecIssue {
        file: None,
        line: None,
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
        problem: problem.to_owned(),
    }
}

/// A figure from the text of a TOML file; `file` is named in messages.
///
/// # Errors
/// The first mistake.
pub fn from_toml(file: &str, text: &str) -> Result<FigureSpec, SpecIssue> {
    let at = |line: Option<usize>, problem: String| SpecIssue {
        file: Some(file.to_owned()),
        line,
        key: None,
        value: None,
        problem,
    };
    let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|b| *b == b'\n').count();
    let document = Document::parse(text).map_err(|e| {
        let message = e.message().trim().replace('\n', "; ");
        at(
            e.span().map(|s| line_of(s.start)),
            format!("not valid TOML: {message}"),
        )
    })?;
    let place = |key: &str| {
        let span = document.key(key).and_then(toml_edit::Key::span);
        span.map(|s| line_of(s.start))
    };
    let written = |key: &str| {
        let span = document.get(key).and_then(toml_edit::Item::span)?;
        text.get(span).map(str::to_owned)
    };
    let placed = |issue: SpecIssue| SpecIssue {
        file: Some(file.to_owned()),
        line: issue.key.as_deref().and_then(place),
        value: issue.key.as_deref().and_then(written).or(issue.value),
        ..issue
    };
    if let Some((key, _)) = document.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(SpecIssue {
            value: None,
            ..placed(unknown_key(key))
        });
    }
    let value: toml::Value = toml::from_str(text).map_err(|e| at(None, e.message().to_owned()))?;
    let value = serde_json::to_value(value).map_err(|e| at(None, e.to_string()))?;
    of_value(&value).map_err(placed)
}

/// A figure from JSON, as [`FigureSpec::to_json`] writes it.
///
/// # Errors
/// The first mistake.
pub fn from_json(text: &str) -> Result<FigureSpec, SpecIssue> {
    let value: Value = serde_json::from_str(text).map_err(|e| plain(format!("not valid JSON: {e}")))?;
    of_value(&value)
}

fn of_value(value: &Value) -> Result<FigureSpec, SpecIssue> {
    let Some(table) = value.as_object() else {
        return Err(plain(
            "expected a table of keys, such as kind = \"curves\"".into(),
        ));
    };
    if let Some(key) = table.keys().find(|k| !KEYS.contains(&k.as_str())) {
        return Err(unknown_key(key));
    }
    if !table.contains_key("kind") {
        return Err(plain(format!(
            "no `kind`: expected one of {}",
            super::Kind::WORDS.join(", ")
        )));
    }
    // Each key by itself, so that a message can name it.
    for (key, value) in table {
        let mut alone = serde_json::Map::from_iter([(key.clone(), value.clone())]);
        if key != "kind" {
            alone.insert("kind".into(), Value::from("curves"));
        }
        if let Err(e) = serde_json::from_value::<FigureSpec>(Value::Object(alone)) {
            return Err(issue(
                key,
                &value.to_string(),
                &explained(key, value, &e.to_string()),
            ));
        }
    }
    let spec: FigureSpec = serde_json::from_value(value.clone()).map_err(|e| plain(e.to_string()))?;
    spec.check()?;
    Ok(spec)
}

fn plain(problem: String) -> SpecIssue {
    SpecIssue {
        file: None,
        line: None,
        key: None,
        value: None,
        problem,
    }
}

fn unknown_key(key: &str) -> SpecIssue {
    SpecIssue {
        key: Some(key.to_owned()),
        ..plain(format!(
            "unknown key{}; a figure has {}",
            suggest::hint(key, KEYS.iter().copied()),
            KEYS.join(", ")
        ))
    }
}

/// What serde says of a value, in words of ours.
fn explained(key: &str, value: &Value, said: &str) -> String {
    let choice = |words: &[&str]| {
        let hint = value
            .as_str()
            .map_or(String::new(), |v| suggest::hint(v, words.iter().copied()));
        format!("expected one of {}{hint}", words.join(", "))
    };
    match key {
        "kind" => choice(super::Kind::WORDS),
        "x" => choice(super::XAxis::WORDS),
        "band" => choice(super::Band::WORDS),
        "panels" => choice(super::Panels::WORDS),
        "arrange" => choice(super::Arrange::WORDS),
        "preset" => choice(super::Preset::WORDS),
        "theme" => choice(super::Theme::WORDS),
        "runs" | "metrics" | "by" | "params" | "roles" => {
            format!("expected a list of texts, such as {key} = [\"...\"]")
        }
        "probes" | "steps" => format!("expected a list of whole numbers, such as {key} = [0, 1]"),
        "log_x" | "log_y" | "notes" => "expected true or false".into(),
        "bins" | "limit" | "dpi" => "expected a whole number".into(),
        "smoothing" | "x_min" | "x_max" | "y_min" | "y_max" | "width" | "height" => {
            "expected a number".into()
        }
        "labels" => "expected a table of texts, such as labels = { \"eval/l1\" = \"L1 error\" }".into(),
        "query" | "against" | "title" | "caption" => "expected text".into(),
        _ => said.to_owned(),
    }
}
