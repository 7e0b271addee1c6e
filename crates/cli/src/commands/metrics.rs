use std::collections::BTreeSet;
use std::io::Write;

use clap::ValueEnum;
use diptych_domain::{MetricKey, RunSummary, suggest};
use diptych_store::Series;
use serde::Serialize;

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::render::csv::field;
use crate::session::Session;

/// Print the recorded metrics of runs
#[derive(clap::Args)]
#[command(
    after_help = "CSV has the columns run, key, step, epoch, wall (seconds since 1970) and value; JSON is one array of objects
with these fields, where a value that is not finite is null.

Examples:
  diptych metrics brisk-otter > metrics.csv
  diptych metrics brisk-otter calm-finch --metric eval/psnr --metric loss/G_L1
  diptych metrics brisk-otter --format json | jq '.[0]'"
)]
pub struct Args {
    /// The runs: names, ids, or the start of either
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// The format
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The points that were superseded instead: made, and made again after the run had gone back to an older checkpoint;
    /// `back_to` says to which step
    #[arg(long)]
    superseded: bool,
    /// Only this metric, such as eval/psnr; may be given several times
    #[arg(long, value_name = "KEY")]
    metric: Vec<String>,
}

/// What `metrics` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line a point
    Csv,
    /// One array of points
    Json,
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
    let session = Session::open(context)?;
    let mut runs = Vec::new();
    for text in &args.runs {
        let run = session.find(text)?;
        if !runs.iter().any(|r: &RunSummary| r.id == run.id) {
            runs.push(run);
        }
    }
    let wanted = wanted(&args.metric, &runs)?;
    let mut writer = PointWriter::new(output::stdout(), args.format, args.superseded)?;
    let asked = |key: &MetricKey| wanted.as_ref().is_none_or(|w| w.contains(key));
    for run in &runs {
        if args.superseded {
            for part in session.wait(session.home.superseded(&run.id))? {
                if asked(&part.key) {
                    writer.series(&run.name, &part.key, &part.series, Some(part.back_to))?;
                }
            }
            continue;
        }
        for key in run.metrics.keys().filter(|k| asked(k)) {
            let series = session.wait(session.home.metrics(&run.id, key, ..))?;
            writer.series(&run.name, key, &series, None)?;
        }
    }
    writer.end()
}

/// The keys asked for; every one must be in some run.
fn wanted(keys: &[String], runs: &[RunSummary]) -> Result<Option<BTreeSet<MetricKey>>, Failure> {
    if keys.is_empty() {
        return Ok(None);
    }
    let known: BTreeSet<&MetricKey> = runs.iter().flat_map(|r| r.metrics.keys()).collect();
    let mut wanted = BTreeSet::new();
    for key in keys {
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
