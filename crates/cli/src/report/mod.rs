//! Reports: one page, or a Markdown file with its assets, about some runs.

mod films;
mod gather;
mod html;
mod markdown;
mod spec;

pub use gather::{Report, gather};
pub use spec::ReportSpec;

use std::path::Path;

use diptych_plots::export;
use diptych_plots::spec::Kind;

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

/// Writes the figures by themselves: `figure-1-curves.svg` and so on.
pub fn write_figures(report: &Report, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::usage(format!("cannot write {}: {e}", folder.display())))?;
    for (i, drawn) in report.figures.iter().enumerate() {
        let Ok(drawn) = drawn else { continue };
        for form in export::Form::ALL {
            // A grid of images has no numbers.
            if drawn.spec.kind == Kind::Images && matches!(form, export::Form::Csv | export::Form::Latex) {
                continue;
            }
            let name = format!("figure-{}-{}.{form}", i + 1, drawn.spec.kind);
            figures::write(&folder.join(name), &figures::bytes(drawn, form)?)?;
        }
    }
    Ok(())
}
