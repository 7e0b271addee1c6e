//! Reports: one page, or a Markdown file with its assets, about some runs.

mod films;
mod gather;
mod html;
mod markdown;
mod spec;

pub use gather::{Report, gather};
pub use spec::ReportSpec;

use std::path::Path;

use crate::failure::Failure;
use crate::figures;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One self-contained page.
    Html,
    /// Markdown, its pictures in a folder beside it.
    Markdown,
}

impl Form {
    /// What a file of that name is expected to hold.
    pub fn of_file(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("html" | "htm") => Ok(Self::Html),
            Some("md" | "markdown") => Ok(Self::Markdown),
            other => Err(Failure::usage(format!(
                "-o {}: {}: expected .html or .md",
                path.display(),
                other.map_or("no format".to_owned(), |o| format!("unknown format `{o}`"))
            ))),
        }
    }
}

/// Writes a report.
pub fn write(report: &Report, form: Form, path: &Path) -> Result<(), Failure> {
    match form {
        Form::Html => figures::write(path, html::page(report)?.as_bytes()),
        Form::Markdown => markdown::write(report, path),
    }
}
