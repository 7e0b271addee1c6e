//! What a reader has to know before believing a cell.

use std::fmt;

use crate::status::RunStatus;

/// Names that a note lists; of more it says how many.
const LISTED: usize = 4;

/// A reservation about one cell, or about cells beside each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A column with fewer than three values.
    Few,
    /// Runs without a finite value of a column.
    Missing {
        /// The column.
        column: String,
        /// The runs' names.
        runs: Vec<String>,
    },
    /// Runs that have not finished.
    Unfinished {
        /// Names and statuses.
        runs: Vec<(String, RunStatus)>,
    },
    /// Runs that ended at different steps.
    Lengths {
        /// The fewest steps.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Runs of different code.
    Code {
        /// The versions, sorted.
        versions: Vec<String>,
    },
    /// Runs on different data.
    Data {
        /// The fingerprints (where none was taken, the folders), sorted.
        sets: Vec<String>,
    },
    /// The same experiment run more than once: one run counts, the newest that finished or else the newest.
    Repeated {
        /// The run that counts.
        counted: String,
        /// The others.
        left_out: Vec<String>,
    },
    /// Seeds of more than one run that counts: these differ in something else, and are not independent.
    SharedSeeds {
        /// The seeds, sorted.
        seeds: Vec<u64>,
    },
    /// A setting that is no factor and yet differs between the runs of a cell.
    Varies {
        /// The key.
        key: String,
        /// Its values, sorted.
        values: Vec<String>,
    },
    /// Several such settings.
    ManyVary {
        /// The keys.
        keys: Vec<String>,
    },
    /// Runs that were forked from others, whose settings before that may have been others.
    Forked {
        /// The runs' names.
        runs: Vec<String>,
    },
    /// Settings that are no factors and yet differ between cells.
    Confounded {
        /// The keys.
        keys: Vec<String>,
    },
    /// Settings that differ between cells and follow from factors that are names: what these stand for.
    StandsFor {
        /// The factors.
        factors: Vec<String>,
        /// The keys.
        keys: Vec<String>,
    },
    /// Seeds without a counterpart in the other cell; the difference leaves their runs out.
    Unpaired {
        /// Seeds in this cell alone.
        here: Vec<u64>,
        /// Seeds in the baseline alone.
        baseline: Vec<u64>,
    },
    /// Fewer than two seeds are in both cells: the difference is that of the means.
    NoPairs,
    /// An interval from few numbers.
    Narrow,
}

impl Note {
    /// A short stable word for what kind of note it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Few => "few_runs",
            Self::Missing { .. } => "missing_metric",
            Self::Unfinished { .. } => "unfinished",
            Self::Lengths { .. } => "unequal_lengths",
            Self::Code { .. } => "code_versions",
            Self::Data { .. } => "data_sets",
            Self::Repeated { .. } => "repeated",
            Self::SharedSeeds { .. } => "shared_seeds",
            Self::Varies { .. } | Self::ManyVary { .. } => "varies",
            Self::Forked { .. } => "forked",
            Self::Confounded { .. } => "confounded",
            Self::StandsFor { .. } => "stands_for",
            Self::Unpaired { .. } => "unpaired_seeds",
            Self::NoPairs => "no_pairs",
            Self::Narrow => "narrow_interval",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Few => f.write_str("fewer than 3 runs"),
            Self::Missing { column, runs } => {
                write!(f, "no value of {column} in {}", listed(runs))
            }
            Self::Unfinished { runs } => {
                let runs: Vec<String> = runs
                    .iter()
                    .map(|(name, status)| format!("{name} ({status})"))
                    .collect();
                write!(f, "not finished: {}", listed(&runs))
            }
            Self::Lengths { least, most } => write!(f, "unequal lengths: {least} to {most} steps"),
            Self::Code { versions } => write!(f, "different code: {}", listed(versions)),
            Self::Data { sets } => {
                let short: Vec<String> = sets.iter().map(|s| shortened(s)).collect();
                write!(f, "different data: {}", listed(&short))
            }
            Self::Repeated { counted, left_out } => {
                write!(
                    f,
                    "the same experiment again: {counted} counts, not {}",
                    listed(left_out)
                )
            }
            Self::SharedSeeds { seeds } => write!(f, "more than one run of seed {}", seeds_text(seeds)),
            Self::Varies { key, values } => write!(f, "{key} varies within the cell: {}", listed(values)),
            Self::ManyVary { keys } => write!(f, "within the cell these vary: {}", keys.join(", ")),
            Self::Forked { runs } => write!(f, "forked from other runs: {}", listed(runs)),
            Self::Confounded { keys } => write!(f, "between cells these differ too: {}", keys.join(", ")),
            Self::StandsFor { factors, keys } => {
                let stand = if factors.len() == 1 { "stands" } else { "stand" };
                write!(
                    f,
                    "settings that {} {stand} for: {}",
                    factors.join(" and "),
                    keys.join(", ")
                )
            }
            Self::Unpaired { here, baseline } => {
                f.write_str("difference without the seeds that do not pair: ")?;
                match (here.is_empty(), baseline.is_empty()) {
                    (false, false) => write!(
                        f,
                        "{} here, {} in the baseline",
                        seeds_text(here),
                        seeds_text(baseline)
                    ),
                    (false, true) => write!(f, "{} here", seeds_text(here)),
                    _ => write!(f, "{} in the baseline", seeds_text(baseline)),
                }
            }
            Self::NoPairs => f.write_str("fewer than 2 seeds pair: difference of the means"),
            Self::Narrow => f.write_str("interval from fewer than 10 numbers: too narrow"),
        }
    }
}

/// A fingerprint's first digits; paths stay whole.
fn shortened(text: &str) -> String {
    if text.len() > 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        text.chars().take(12).collect()
    } else {
        text.to_owned()
    }
}

fn seeds_text(seeds: &[u64]) -> String {
    listed(&seeds.iter().map(u64::to_string).collect::<Vec<_>>())
}

fn listed(items: &[String]) -> String {
    match items.len().checked_sub(LISTED) {
        None | Some(0) => items.join(", "),
        Some(more) => format!("{} and {more} more", items[..LISTED].join(", ")),
    }
}
