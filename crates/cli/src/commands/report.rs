use std::path::{Path, PathBuf};

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::report::{self, Form, ReportSpec};
use crate::session::Session;

/// Write a report about runs: one page with figures, tables, images and how to reproduce each run
#[derive(clap::Args)]
#[command(
    after_help = "The page needs no network and no other file: figures are inline SVG (light and dark), images are made as small as they
have to be. With -o report.md the pictures lie in report_files/ beside it.

A report's file (docs/figures.md) names the runs, what tables group by, and the figures; a query alone gets what suits.

Examples:
  diptych report sweep:losses -o report.html
  diptych report experiments/reports/pix2pix-losses.toml -o report.html --figures figures
  diptych report 'status:finished model:cyclegan' -o report.md"
)]
pub struct Args {
    /// A report's file, or which runs: several words are one query
    #[arg(required = true, value_name = "SPEC.toml|QUERY")]
    what: Vec<String>,
    /// Take these runs instead of those that the file names
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// The file: .html or .md
    #[arg(short, long, value_name = "FILE", required_unless_present = "figures")]
    output: Option<PathBuf>,
    /// Write the figures by themselves into this folder, as SVG, PDF, PNG, CSV and LaTeX
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let page = match &args.output {
        Some(path) => Some((Form::of_file(path)?, path)),
        None => None,
    };
    let mut spec = match args.what.as_slice() {
        [file] if file.ends_with(".toml") => {
            let text = std::fs::read_to_string(Path::new(file))
                .map_err(|e| Failure::usage(format!("cannot read {file}: {e}")))?;
            ReportSpec::parse(file, &text)?
        }
        words => ReportSpec::of_query(&words.join(" ")),
    };
    if let Some(query) = &args.query {
        spec.take_runs(query);
    }
    let session = Session::open(context)?;
    let report = report::gather(&session, spec, page.is_some())?;
    for problem in report.figures.iter().filter_map(|f| f.as_ref().err()) {
        output::note(format!("warning: a figure could not be drawn: {problem}"));
    }
    if let Some(folder) = &args.figures {
        report::write_figures(&report, folder)?;
    }
    match page {
        Some((form, path)) => report::write(&report, form, path),
        None => Ok(()),
    }
}
