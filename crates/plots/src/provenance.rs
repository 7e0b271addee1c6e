//! Where a figure comes from, carried in its file: enough to draw it again from the same store.

use diptych_domain::RunSummary;
use serde::{Deserialize, Serialize};

use crate::error::FigureError;
use crate::spec::FigureSpec;

/// More runs than this are counted and hashed, but not listed.
const LISTED: usize = 500;

/// A run as a figure remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// Its name then.
    pub name: String,
    /// The version of the code that made it.
    pub code: String,
    /// How many steps it had done.
    pub step: u64,
}

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What drew it, with its version.
    pub generator: String,
    /// What was drawn: query, metrics, smoothing and everything else.
    pub figure: FigureSpec,
    /// The runs that are in it, or nothing where there were too many to list.
    pub runs: Vec<Source>,
    /// How many runs are in it.
    pub n: usize,
}

impl Provenance {
    /// Of a figure over runs.
    pub fn of(generator: &str, spec: &FigureSpec, runs: &[RunSummary]) -> Self {
        let source = |run: &RunSummary| Source {
            id: run.id.to_string(),
            name: run.name.clone(),
            code: run.code_version.clone(),
            step: run.step,
        };
        Self {
            generator: generator.to_owned(),
            figure: spec.clone(),
            runs: if runs.len() <= LISTED {
                runs.iter().map(source).collect()
            } else {
                Vec::new()
            },
            n: runs.len(),
        }
    }

    /// As one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Out of the bytes of a file that this crate has written: SVG, PNG, PDF, CSV or LaTeX.
    ///
    /// # Errors
    /// A file without it, or with one that cannot be read.
    pub fn read(bytes: &[u8]) -> Result<Self, FigureError> {
        let wrong = |problem: &str| FigureError::Export {
            form: "the figure again",
            problem: problem.to_owned(),
        };
        let json = find(bytes).ok_or_else(|| wrong("the file does not say where it comes from: it was not written by Diptych, or its metadata were removed"))?;
        let value: serde_json::Value =
            serde_json::from_str(&json).map_err(|e| wrong(&format!("its metadata are damaged: {e}")))?;
        serde_json::from_value(value).map_err(|e| wrong(&format!("its metadata are of another version: {e}")))
    }
}

/// The JSON in a file.
fn find(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(crate::export::png::SIGNATURE) {
        return crate::export::png::text(bytes);
    }
    let between = |from: &str, to: &str| {
        let start = position(bytes, from.as_bytes())? + from.len();
        let rest = &bytes[start..];
        let end = position(rest, to.as_bytes())?;
        String::from_utf8(rest[..end].to_vec()).ok()
    };
    if bytes.starts_with(b"%PDF") {
        return between("<pdf:Keywords>", "</pdf:Keywords>").map(|t| unescaped(&t));
    }
    if let Some(text) = between(
        "<provenance xmlns=\"https://diptych.invalid/figure\">",
        "</provenance>",
    ) {
        return Some(unescaped(&text));
    }
    // The first line of CSV and LaTeX files.
    let first = bytes.split(|b| *b == b'\n').next()?;
    let line = std::str::from_utf8(first).ok()?;
    let line = line
        .strip_prefix("# diptych ")
        .or_else(|| line.strip_prefix("% diptych "))?;
    Some(line.to_owned())
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|w| w == wanted)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
