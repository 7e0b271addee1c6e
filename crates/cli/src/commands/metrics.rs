mod parquet;

use std::collections::BTreeSet;
use std::io::{BufWriter, IsTerminal, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use diptych_domain::{MetricKey, RunSummary, suggest};
use diptych_store::Series;
use serde::Serialize;

use crate::Context;
use crate::failure::Failure;
use crate::figures::Partial;
use crate::output;
use crate::render::csv::field;
use crate::selection;
use crate::session::Session;

/// Print the recorded metrics of runs
#[derive(clap::Args)]
#[command(
    after_help = "CSV and Parquet have the columns run, key, step, epoch, wall (seconds since 1970) and value; JSON is one array of objects
with these fields, where a value that is not finite is null. Points are written as they are read, whatever their number.

Examples:
  diptych metrics brisk-otter > metrics.csv
  diptych metrics brisk-otter calm-finch --metric eval/psnr --metric loss/G_L1
  diptych metrics sweep:losses --metric 'loss/*,eval/l1' -o losses.csv
  diptych metrics brisk-otter --json | jq '.[0]'
  diptych metrics brisk-otter -o metrics.parquet"
)]
pub struct Args {
    /// The runs: names, ids, or the start of either; or a query, as `diptych runs` takes it
    #[arg(required = true, value_name = "RUN|QUERY")]
    runs: Vec<String>,
    /// The format [default: by the ending of -o, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to a file; what it ends in says how: .csv, .json or .parquet
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The points that were superseded instead: made, and made again after the run had gone back to an older checkpoint;
    /// `back_to` says to which step
    #[arg(long)]
    superseded: bool,
    /// Only these metrics, such as eval/psnr, or 'loss/*' for a whole group; with commas between
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    metric: Vec<String>,
}

/// What `metrics` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line a point
    Csv,
    /// One array of points
    Json,
    /// Columns, compressed
    Parquet,
}

impl Args {
    fn format(&self) -> Result<Format, Failure> {
        match (self.json, self.format, &self.output) {
            (true, ..) => Ok(Format::Json),
            (_, Some(format), _) => Ok(format),
            (.., Some(path)) => of_file(path),
            _ => Ok(Format::Csv),
        }
    }
}

/// The format that a file's name asks for.
fn of_file(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(Format::Csv),
        Some("json") => Ok(Format::Json),
        Some("parquet") => Ok(Format::Parquet),
        other => {
            let hint = suggest::hint(other.unwrap_or_default(), ["csv", "json", "parquet"]);
            Err(Failure::usage(format!(
                "-o {}: what format is this{hint}? Expected a name that ends in .csv, .json or .parquet, or --format",
                path.display()
            )))
        }
    }
}

/// One point.
#[derive(Serialize)]
struct Point<'a> {
    run: &'a str,
    key: &'a str,
    step: u64,
    epoch: u64,
    wall: f64,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_to: Option<u64>,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let format = args.format()?;
    if format == Format::Parquet && args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            "Parquet is no text: write it to a file with -o FILE.parquet",
        ));
    }
    let session = Session::open(context)?;
    let runs = selection::runs(&session, &args.runs)?;
    let wanted = wanted(&args.metric, &runs)?;
    let source = Source {
        session: &session,
        runs: &runs,
        wanted: wanted.as_ref(),
        superseded: args.superseded,
    };
    match &args.output {
        None if format == Format::Parquet => source.parquet(std::io::stdout()),
        None => source.text(output::stdout(), format),
        Some(path) => Partial::write(path, |file| match format {
            Format::Parquet => source.parquet(file),
            _ => source.text(BufWriter::new(file), format),
        }),
    }
}

/// Where the points come from: a piece of a series at a time.
struct Source<'a> {
    session: &'a Session,
    runs: &'a [RunSummary],
    wanted: Option<&'a BTreeSet<MetricKey>>,
    superseded: bool,
}

impl Source<'_> {
    fn text(&self, out: impl Write, format: Format) -> Result<(), Failure> {
        let mut writer = PointWriter::new(out, format, self.superseded)?;
        self.each(|run, key, series, back_to| writer.series(run, key, series, back_to))?;
        writer.end()
    }

    fn parquet(&self, out: impl Write + Send) -> Result<(), Failure> {
        let mut writer = parquet::Table::new(out, self.superseded)?;
        self.each(|run, key, series, back_to| writer.series(run, key.as_str(), series, back_to))?;
        writer.end()
    }

    /// Hands out the points asked for, no more than about [`PIECE`] at a time.
    fn each(
        &self,
        mut take: impl FnMut(&str, &MetricKey, &Series, Option<u64>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let asked = |key: &MetricKey| self.wanted.is_none_or(|w| w.contains(key));
        let home = &self.session.home;
        for run in self.runs {
            if self.superseded {
                for part in self.session.wait(home.superseded(&run.id))? {
                    if asked(&part.key) {
                        take(&run.name, &part.key, &part.series, Some(part.back_to))?;
                    }
                }
                continue;
            }
            for (key, summary) in run.metrics.iter().filter(|(key, _)| asked(key)) {
                for steps in pieces(summary.step, summary.count) {
                    let series = self.session.wait(home.metrics(&run.id, key, steps))?;
                    take(&run.name, key, &series, None)?;
                }
            }
        }
        Ok(())
    }
}

/// Points in memory at a time.
const PIECE: u64 = 1 << 18;

/// Ranges of steps that hold about [`PIECE`] points each; the last has no end, since a run may go on meanwhile.
fn pieces(last_step: u64, count: u64) -> Vec<(Bound<u64>, Bound<u64>)> {
    let parts = count.div_ceil(PIECE).max(1);
    let width = (last_step / parts + 1).max(1);
    (0..parts)
        .map(|i| {
            let end = if i + 1 == parts {
                Bound::Unbounded
            } else {
                Bound::Excluded((i + 1) * width)
            };
            (Bound::Included(i * width), end)
        })
        .collect()
}

/// The keys asked for, where some are; each has to name what some run has.
fn wanted(keys: &[String], runs: &[RunSummary]) -> Result<Option<BTreeSet<MetricKey>>, Failure> {
    if keys.is_empty() {
        return Ok(None);
    }
    let known: BTreeSet<&MetricKey> = runs.iter().flat_map(|r| r.metrics.keys()).collect();
    let mut wanted = BTreeSet::new();
    for key in keys {
        if let Some(start) = key.strip_suffix('*') {
            let group: Vec<&MetricKey> = known
                .iter()
                .copied()
                .filter(|k| k.as_str().starts_with(start))
                .collect();
            if !group.is_empty() {
                wanted.extend(group.into_iter().cloned());
                continue;
            }
        }
        let key = MetricKey::new(key.as_str());
        if !known.contains(&key) {
            let names = || known.iter().map(|k| k.as_str());
            let in_group = names().find(|n| n.split_once('/').is_some_and(|(_, name)| name == key.as_str()));
            let hint = match in_group {
                Some(full) => format!(" (did you mean `{full}`?)"),
                None => suggest::hint(key.as_str(), names()),
            };
            let list = names().collect::<Vec<_>>().join(", ");
            let there = if list.is_empty() {
                "nothing".to_owned()
            } else {
                list
            };
            return Err(Failure::usage(format!(
                "--metric {key}: no such metric{hint}; recorded: {there}"
            )));
        }
        wanted.insert(key);
    }
    Ok(Some(wanted))
}

/// Writes points as they come, so that millions need no memory.
struct PointWriter<W> {
    out: W,
    format: Format,
    first: bool,
}

impl<W: Write> PointWriter<W> {
    fn new(mut out: W, format: Format, superseded: bool) -> Result<Self, Failure> {
        match format {
            Format::Csv => {
                let more = if superseded { ",back_to" } else { "" };
                writeln!(out, "run,key,step,epoch,wall,value{more}")?;
            }
            Format::Parquet => {}
            Format::Json => write!(out, "[")?,
        }
        Ok(Self {
            out,
            format,
            first: true,
        })
    }

    fn series(
        &mut self,
        run: &str,
        key: &MetricKey,
        series: &Series,
        back_to: Option<u64>,
    ) -> Result<(), Failure> {
        let more = back_to.map(|step| format!(",{step}")).unwrap_or_default();
        let (run_field, key_field) = (field(run), field(key.as_str()));
        for i in 0..series.len() {
            let point = Point {
                run,
                key: key.as_str(),
                step: series.steps[i],
                epoch: series.epochs[i],
                wall: series.walls[i],
                value: series.values[i],
                back_to,
            };
            match self.format {
                Format::Csv => writeln!(
                    self.out,
                    "{run_field},{key_field},{},{},{},{}{more}",
                    point.step, point.epoch, point.wall, point.value
                )?,
                Format::Parquet => {}
                Format::Json => {
                    self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
                    serde_json::to_writer(&mut self.out, &point).map_err(std::io::Error::from)?;
                }
            }
            self.first = false;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Failure> {
        if self.format == Format::Json {
            self.out.write_all(if self.first { b"]\n" } else { b"\n]\n" })?;
        }
        output::finish(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series {
            steps: vec![1, 2],
            epochs: vec![1, 1],
            walls: vec![1.5, 2.0],
            values: vec![0.1, f64::NAN],
        }
    }

    fn written(format: Format, runs: &[&str]) -> String {
        let mut out = Vec::new();
        let mut writer = PointWriter::new(&mut out, format, false).unwrap();
        for run in runs {
            writer
                .series(run, &MetricKey::eval("l1"), &series(), None)
                .unwrap();
        }
        writer.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pieces_cover_all_steps_once() {
        assert_eq!(pieces(400, 400), [(Bound::Included(0), Bound::Unbounded)]);
        assert_eq!(pieces(0, 0).len(), 1);
        let all = pieces(999_999, PIECE * 3);
        assert_eq!(all.len(), 3);
        for two in all.windows(2) {
            let (Bound::Excluded(end), Bound::Included(start)) = (two[0].1, two[1].0) else {
                panic!("{two:?}")
            };
            assert_eq!(end, start);
        }
    }

    #[test]
    fn csv_quotes_what_it_must() {
        assert_eq!(
            written(Format::Csv, &["a, \"b\""]),
            "run,key,step,epoch,wall,value\n\"a, \"\"b\"\"\",eval/l1,1,1,1.5,0.1\n\"a, \"\"b\"\"\",eval/l1,2,1,2,NaN\n"
        );
    }

    #[test]
    fn json_is_one_document_even_when_empty() {
        assert_eq!(written(Format::Json, &[]), "[]\n");
        let points: serde_json::Value = serde_json::from_str(&written(Format::Json, &["a", "b"])).unwrap();
        assert_eq!(points.as_array().unwrap().len(), 4);
        assert_eq!(points[3]["run"], "b");
        assert!(points[3]["value"].is_null());
    }
}
