use std::path::{Path, PathBuf};

use diptych_data::write_atomic;
use diptych_domain::RunSummary;
use diptych_domain::compare::{Baseline, Column, Factor, Table};

use crate::Context;
use crate::failure::{Failure, chain};
use crate::output;
use crate::render::comparison::{Beside, Format, Page, document};
use crate::render::terminal;
use crate::selection::{is_query, matching, parse_query};
use crate::session::Session;

/// Compare runs: beside each other, or as an ablation table
#[derive(clap::Args)]
#[command(
    after_help = "Without --by, names runs and shows them beside each other: the settings that differ, and the metrics.

With --by, takes a query as `diptych runs` does and groups ALL runs that match by these factors: a key \
        of the experiment (params.n_layers, seed), model, tag, tag.KEY (the rest of a tag KEY=... or KEY:...), \
        experiment (its name), name, status, device, code, data. A cell shows the mean ± the sample standard \
        deviation over its runs; JSON and CSV have the median, minimum and maximum too. Notes say what makes a \
        cell doubtful: few runs, missing values, unequal lengths, other code or data, settings that are no \
        factor and vary nevertheless. Of runs of one and the same experiment and seed, only the newest that \
        finished counts.

--against CELL adds the difference to that cell, paired by seed: the mean over the seeds that both have, \
        with a 95 % percentile bootstrap interval (10,000 resamples, drawn by the numbers themselves, so always \
        the same). Seeds that do not pair are left out of the difference and named; where fewer than two pair, \
        it is the difference of the means.

Examples:
  diptych compare brisk-otter calm-finch
  diptych compare tag:patchgan --by params.n_layers --metric eval/l1.best --against params.n_layers=3
  diptych compare status:finished --by params.norm,params.gan_mode --metric eval/l1,eval/psnr --against first
  diptych compare tag:losses --by tag.loss --metric eval/ssim -o table.tex"
)]
pub struct Args {
    /// The runs: names, ids, or the start of either; with --by, which runs: several words are one query
    #[arg(value_name = "RUN|QUERY")]
    what: Vec<String>,
    /// Group by these, with commas between
    #[arg(long, value_name = "FACTOR", value_delimiter = ',')]
    by: Vec<String>,
    /// What to compare: KEY, KEY.last, .best, .min or .max, with commas between [default: the evaluations]
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    metric: Vec<String>,
    /// The cell to compare the others with: `first`, or FACTOR=LEVEL with commas between
    #[arg(long, value_name = "CELL", requires = "by")]
    against: Option<String>,
    /// How to write it [default: by the ending of -o, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to a file; what it ends in says how: .txt, .md, .tex, .csv or .json
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let to_file = args.output.is_some();
    let format = match (args.json, args.format) {
        (true, _) => Format::Json,
        (_, Some(format)) => format,
        (_, None) => args.output.as_deref().map_or(Ok(Format::Text), of_file)?,
    };
    let (width, colours) = if to_file {
        (100, false)
    } else {
        (terminal::width(), terminal::colours())
    };
    let text = if args.by.is_empty() {
        beside(context, &args, format, width, colours)?
    } else {
        grouped(context, &args, format, width, colours)?
    };
    match &args.output {
        // Whole or not at all.
        Some(path) => write_atomic(path, text.as_bytes())
            .map_err(|e| Failure::usage(format!("cannot write the table: {}", chain(&e)))),
        None => output::line(text),
    }
}

/// The format that a file's name asks for.
fn of_file(path: &Path) -> Result<Format, Failure> {
    Format::of_file(path).ok_or_else(|| {
        Failure::usage(format!(
            "-o {}: what format is this? Expected a name that ends in .txt, .md, .tex, .csv or .json, or --format",
            path.display()
        ))
    })
}

fn beside(
    context: &Context,
    args: &Args,
    format: Format,
    width: usize,
    colours: bool,
) -> Result<String, Failure> {
    if args.what.is_empty() {
        return Err(Failure::usage(
            "which runs? Name them, or group runs with --by, such as `diptych compare --by params.n_layers`",
        ));
    }
    let session = Session::open(context)?;
    if is_query(&args.what) && args.what.iter().any(|word| session.find(word).is_err()) {
        return Err(without_by(&session, &args.what.join(" "))?);
    }
    let runs = session.find_all(&args.what)?;
    let columns = columns(&args.metric, &runs)?;
    let page = Beside::new(runs.iter().collect(), columns);
    match format {
        Format::Json => Ok(serde_json::to_string_pretty(&page.document())? + "\n"),
        _ => Ok(page.render(format, width, colours)),
    }
}

/// Why a query cannot be compared without factors, and which would do.
fn without_by(session: &Session, text: &str) -> Result<Failure, Failure> {
    let mut factors: Vec<String> = Vec::new();
    for run in matching(session, text)?.some(session, text)? {
        for (name, _) in run.cells.iter().flat_map(|c| &c.factors) {
            if name != "seed" && !factors.contains(name) {
                factors.push(name.clone());
            }
        }
    }
    let example = factors.first().map_or("params.n_layers", String::as_str);
    let sweeps = if factors.is_empty() {
        String::new()
    } else {
        format!("; the runs' sweeps vary {}", factors.join(", "))
    };
    Ok(Failure::usage(format!(
        "`{text}` is a query, and the runs that match are grouped: say by what, such as --by {example}{sweeps}. Without --by, name runs"
    )))
}

fn grouped(
    context: &Context,
    args: &Args,
    format: Format,
    width: usize,
    colours: bool,
) -> Result<String, Failure> {
    let query_text = args.what.join(" ");
    // Before a home is made where there is none.
    parse_query(&query_text)?;
    let session = Session::open(context)?;
    let runs = matching(&session, &query_text)?.some(&session, &query_text)?;
    let factors = args
        .by
        .iter()
        .map(|text| Factor::parse(text, &runs).map_err(|e| Failure::usage(format!("--by {text}: {e}"))));
    let factors: Vec<Factor> = factors.collect::<Result<_, _>>()?;
    let mut columns = columns(&args.metric, &runs)?;
    if columns.is_empty() {
        columns = evaluations(&runs)?;
    }
    let against = args.against.as_deref().map(Baseline::parse);
    let table = Table::new(&runs, factors, columns, against.as_ref()).map_err(|e| {
        Failure::usage(format!(
            "--against {}: {e}",
            args.against.as_deref().unwrap_or_default()
        ))
    })?;
    match format {
        Format::Json => Ok(serde_json::to_string_pretty(&document(&table, &query_text))? + "\n"),
        _ => Ok(Page::new(&table).render(format, width, colours)),
    }
}

fn columns(texts: &[String], runs: &[RunSummary]) -> Result<Vec<Column>, Failure> {
    let parse = |text: &String| {
        Column::parse(text, runs).map_err(|e| Failure::usage(format!("--metric {text}: {e}")))
    };
    texts.iter().map(parse).collect()
}

/// The last value of every evaluation.
fn evaluations(runs: &[RunSummary]) -> Result<Vec<Column>, Failure> {
    let keys: std::collections::BTreeSet<&str> = runs
        .iter()
        .flat_map(|r| r.metrics.keys())
        .map(|k| k.as_str())
        .collect();
    let evaluations: Vec<String> = keys
        .into_iter()
        .filter(|k| k.starts_with("eval/"))
        .map(str::to_owned)
        .collect();
    if evaluations.is_empty() {
        return Err(Failure::usage(
            "the runs have no evaluations: say what to compare with --metric, such as loss/G_L1",
        ));
    }
    columns(&evaluations, runs)
}
