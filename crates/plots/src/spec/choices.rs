//! Words that a figure's keys take.

use std::fmt;
use std::str::FromStr;

use diptych_domain::suggest;
use serde::{Deserialize, Serialize};

/// A word that is none of those that a key takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{word}`{hint}: expected {expected}")]
pub struct Unknown {
    /// What the word should have been.
    pub what: &'static str,
    /// The word.
    pub word: String,
    /// ` (did you mean …?)` or nothing.
    pub hint: String,
    /// The words that are valid.
    pub expected: String,
}

// The first word is the default.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $what:literal:
     $(#[$first_doc:meta])* $first:ident = $first_word:literal, $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[$first_doc])* #[default] #[serde(rename = $first_word)] $first,
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];
            /// Their words.
            pub const WORDS: &'static [&'static str] = &[$first_word, $($word),*];

            /// The word in files.
            pub fn word(self) -> &'static str {
                match self { Self::$first => $first_word, $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(word: &str) -> Result<Self, Unknown> {
                Self::ALL.iter().copied().find(|v| v.word() == word).ok_or_else(|| Unknown {
                    what: $what,
                    word: word.to_owned(),
                    hint: suggest::hint(word, Self::WORDS.iter().copied()),
                    expected: format!("one of {}", Self::WORDS.join(", ")),
                })
            }
        }
    };
}

choice! {
    /// The kinds of figures.
    Kind, "kind of figure":
    /// Metrics along training.
    Curves = "curves",
    /// Means of groups with their intervals and their seeds.
    Ablation = "ablation",
    /// A setting against a metric.
    Scatter = "scatter",
    /// Settings and a metric as parallel axes, a line a run.
    Parallel = "parallel",
    /// How settings correlate with a metric.
    Correlation = "correlation",
    /// How a metric is distributed over runs.
    Histogram = "histogram",
    /// Images of probes.
    Images = "images",
    /// A GAN's losses and health values, with alarms.
    Health = "health",
}

choice! {
    /// What curves run along.
    XAxis, "x axis":
    /// Steps.
    Step = "step",
    /// Epochs, with fractions.
    Epoch = "epoch",
    /// Time since the run began.
    Relative = "relative",
    /// Time of day (UTC).
    Wall = "wall",
}

choice! {
    /// What is drawn around a mean.
    Band, "band":
    /// One sample standard deviation each way.
    Std = "std",
    /// The 95 % bootstrap interval of the mean.
    Ci = "ci",
    /// Nothing.
    None = "none",
}

choice! {
    /// What curves get panels of their own.
    Panels, "panels":
    /// Every metric.
    Metric = "metric",
    /// Every run, or every group where runs are grouped.
    Group = "group",
    /// Nothing: all curves in one panel.
    None = "none",
}

choice! {
    /// What is in the columns of an image grid.
    Arrange, "arrangement":
    /// Runs.
    Runs = "runs",
    /// Steps of each run: a filmstrip.
    Steps = "steps",
    /// What goes in, what each run makes of it, what should come out: a row a probe.
    Table = "table",
}

choice! {
    /// How large a figure is.
    Preset, "preset":
    /// The width of a page: 170 mm, 8 pt.
    Page = "page",
    /// One column of a two-column page: 85 mm, 8 pt.
    Column = "column",
    /// A slide: 254 mm by 143 mm, 14 pt.
    Slide = "slide",
}

choice! {
    /// A set of colours.
    Theme, "theme":
    /// On white.
    Light = "light",
    /// On near-black.
    Dark = "dark",
}
