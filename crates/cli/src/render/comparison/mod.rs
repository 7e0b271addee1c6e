//! Tables of compared runs, in every format.

mod beside;
mod csv;
mod html;
mod json;
mod latex;
mod markdown;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use clap::ValueEnum;
use diptych_domain::compare::bootstrap::{LEVEL, RESAMPLES};
use diptych_domain::compare::rounding::{decimals, fixed, plain_decimals};
use diptych_domain::compare::stats::Sample;
use diptych_domain::compare::{Difference, Table};

pub use beside::Beside;
pub use json::document;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading in a terminal
    Text,
    /// One document with every number in full
    Json,
    /// One line for each cell and metric, every number in full
    Csv,
    /// A table for a README or an issue
    Markdown,
    /// A tabular for a paper (needs the package booktabs)
    Latex,
}

impl Format {
    /// What a file of that name is expected to hold.
    pub fn of_file(path: &std::path::Path) -> Option<Self> {
        Some(match path.extension()?.to_str()? {
            "json" => Self::Json,
            "csv" => Self::Csv,
            "md" | "markdown" => Self::Markdown,
            "tex" => Self::Latex,
            "txt" => Self::Text,
            _ => return None,
        })
    }
}

/// An ablation table with its footnotes.
pub struct Page<'t> {
    table: &'t Table<'t>,
    /// The footnotes, each once, in the order of the cells.
    footnotes: Vec<String>,
    /// For each cell the footnotes that it refers to.
    marks: Vec<Vec<usize>>,
    /// What metrics, factors and levels are called in LaTeX, by their names.
    labels: BTreeMap<String, String>,
}

impl<'t> Page<'t> {
    /// Gathers the cells' notes.
    pub fn new(table: &'t Table<'t>) -> Self {
        let mut footnotes: Vec<String> = Vec::new();
        let marks = table.cells.iter().map(|cell| {
            let place = |note: String| {
                footnotes.iter().position(|f| *f == note).unwrap_or_else(|| {
                    footnotes.push(note);
                    footnotes.len() - 1
                })
            };
            cell.notes.iter().map(ToString::to_string).map(place).collect()
        });
        Self {
            marks: marks.collect(),
            footnotes,
            table,
            labels: BTreeMap::new(),
        }
    }

    /// Calls metrics, factors and levels what a figure of them does; in LaTeX alone.
    pub fn called(mut self, labels: &BTreeMap<String, String>) -> Self {
        self.labels.clone_from(labels);
        self
    }

    /// The table in one of the formats that are text; [`document`] is the JSON form.
    pub fn render(&self, format: Format, width: usize, colours: bool) -> String {
        match format {
            Format::Csv => self.csv(),
            Format::Markdown => self.markdown(),
            Format::Latex => self.latex(),
            Format::Text | Format::Json => self.text(width, colours),
        }
    }

    /// What is said below the table: about the differences, and about cells beside each other.
    fn remarks(&self) -> Vec<String> {
        let baseline = self.table.baseline.and_then(|i| self.table.cells.get(i));
        let differences = baseline.map(|cell| {
            format!(
                "Differences are to {}, paired by seed ({}), with {} bootstrap intervals ({METHOD}).",
                self.table.label(cell),
                self.pairs(),
                level()
            )
        });
        let notes = self.table.notes.iter().map(|note| {
            let text = note.to_string();
            let mut chars = text.chars();
            let first = chars
                .next()
                .map(|c| c.to_uppercase().to_string())
                .unwrap_or_default();
            format!("{first}{}.", chars.as_str())
        });
        differences.into_iter().chain(notes).collect()
    }

    /// `3 pairs`, or `2 to 3 pairs`.
    fn pairs(&self) -> String {
        let all = self.table.cells.iter().flat_map(|c| &c.measured);
        let counts: BTreeSet<usize> = all.filter_map(|m| m.difference.map(|d| d.pairs)).collect();
        match (counts.first(), counts.last()) {
            (Some(1), Some(1)) => "1 pair".to_owned(),
            (Some(least), Some(most)) if least < most => format!("{least} to {most} pairs"),
            (Some(all), _) => format!("{all} pairs"),
            _ => "no pairs".to_owned(),
        }
    }

    /// The letters of a cell's footnotes.
    fn letters(&self, cell: usize) -> Vec<String> {
        self.marks[cell].iter().map(|i| letter(*i)).collect()
    }

    /// What a cell's row begins with in a document: its levels, `escaped`, the last of them `marked` with the letters of its
    /// footnotes, and how many runs it has.
    fn heading(
        &self,
        cell: usize,
        escaped: impl Fn(&str) -> String,
        marked: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let of = &self.table.cells[cell];
        let mut row: Vec<String> = of.levels.iter().map(|l| escaped(&l.to_string())).collect();
        let letters = self.letters(cell);
        if let (Some(last), false) = (row.last_mut(), letters.is_empty()) {
            *last += &marked(&letters.join(","));
        }
        row.push(of.runs.len().to_string());
        row
    }
}

const METHOD: &str = "percentile, 10,000 resamples";
const _: () = assert!(RESAMPLES == 10_000);

/// `95 %`.
fn level() -> String {
    format!("{} %", (LEVEL * 100.0).round())
}

/// `a` to `z`, then `aa`.
fn letter(mut i: usize) -> String {
    let mut text = String::new();
    loop {
        text.insert(0, char::from(b'a' + (i % 26) as u8));
        if i < 26 {
            return text;
        }
        i = i / 26 - 1;
    }
}

/// The mean and, where there is one, the standard deviation: this to two digits, the mean to the same decimal.
fn estimate(sample: &Sample) -> (String, Option<String>) {
    let places = sample
        .std
        .and_then(decimals)
        .unwrap_or_else(|| plain_decimals(sample.mean));
    (fixed(sample.mean, places), sample.std.map(|s| fixed(s, places)))
}

/// A difference with its sign, and the ends of its interval: half of its width to two digits.
fn shown(difference: &Difference) -> (String, Option<(String, String)>) {
    let half = difference.interval.and_then(|i| decimals((i.high - i.low) / 2.0));
    let places = half.unwrap_or_else(|| plain_decimals(difference.value));
    let value = fixed(difference.value, places);
    let sign = if value.starts_with('-') || value.chars().all(|c| matches!(c, '0' | '.')) {
        ""
    } else {
        "+"
    };
    let ends = difference
        .interval
        .map(|i| (fixed(i.low, places), fixed(i.high, places)));
    (format!("{sign}{value}"), ends)
}

/// `+1.17 [0.70, 1.50], 3 pairs`.
fn difference_text(difference: &Difference) -> String {
    let (value, ends) = shown(difference);
    let interval = ends.map_or(String::new(), |(low, high)| format!(" [{low}, {high}]"));
    let pairs = match (difference.paired, difference.pairs) {
        (false, _) => "unpaired".to_owned(),
        (true, 1) => "1 pair".to_owned(),
        (true, n) => format!("{n} pairs"),
    };
    format!("{value}{interval}, {pairs}")
}
