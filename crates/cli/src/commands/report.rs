use std::path::{Path, PathBuf};

use diptych_plots::FigureSpec;
use diptych_plots::spec::Kind;

use crate::Context;
use crate::failure::Failure;
use crate::figures;
use crate::report::{self, Form, ReportSpec};
use crate::session::Session;

/// Write a report about runs: one page with figures, tables, images and how to reproduce each run
#[derive(clap::Args)]
#[command(
    after_help = "The page needs no network and no other file: figures are inline SVG (light and dark), images are made as small as they
have to be. With -o report.md the pictures lie in report_files/ beside it.

A report's file (docs/figures.md) names the runs, what tables group by, and the figures; runs or a query alone get what suits. Where a
figure of the file cannot be drawn, the page says why in its place, everything else is written, and the command ends with 1.

Examples:
  diptych report brisk-otter calm-finch -o report.html
  diptych report sweep:losses -o report.html
  diptych report experiments/reports/pix2pix-losses.toml -o report.html --figures figures
  diptych report 'status:finished model:cyclegan' -o report.md"
)]
pub struct Args {
    /// A report's file, or which runs: names of runs, or several words that are one query
    #[arg(required = true, value_name = "SPEC.toml|RUN|QUERY")]
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
    let from_file = matches!(args.what.as_slice(), [file] if file.ends_with(".toml"));
    let mut spec = match args.what.as_slice() {
        [file] if from_file => {
            let text = std::fs::read_to_string(Path::new(file))
                .map_err(|e| Failure::usage(format!("cannot read {file}: {e}")))?;
            ReportSpec::parse(file, &text)?
        }
        _ => ReportSpec::of_query(""),
    };
    let session = Session::open(context)?;
    if !from_file {
        // As for `diptych plot`: names of runs, or else together a query.
        let mut chosen = FigureSpec::new(Kind::Curves);
        figures::words(&session, &mut chosen, &args.what)?;
        (spec.runs, spec.query) = (chosen.runs, chosen.query);
    }
    if let Some(query) = &args.query {
        spec.take_runs(query);
    }
    let report = report::gather(&session, spec, page.is_some())?;
    if let Some(folder) = &args.figures {
        report::write_figures(&report, folder)?;
    }
    if let Some((form, path)) = page {
        report::write(&report, form, path)?;
    }
    // The rest is written; whoever runs this in a script has to know.
    let problems: Vec<String> = report
        .figures
        .iter()
        .enumerate()
        .filter_map(|(i, f)| {
            f.as_ref()
                .err()
                .map(|problem| format!("figure {}: {problem}", i + 1))
        })
        .collect();
    match problems.len() {
        0 => Ok(()),
        n => Err(Failure::new(format!(
            "{n} of {} figures could not be drawn, everything else was written: {}",
            report.figures.len(),
            problems.join("; ")
        ))),
    }
}
