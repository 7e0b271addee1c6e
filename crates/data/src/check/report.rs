//! What a check found, as data and as text.

use std::fmt;

use serde::Serialize;

/// How the images of a split belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A and B in one file.
    SideBySide,
    /// Folders A and B with equal names.
    Parallel,
    /// Folders A and B without names in common.
    Unaligned,
    /// Side-by-side files beside folders A and B.
    TwoForms,
    /// Images that stand by themselves: in a folder that is no split, or of the single layout.
    Loose,
}

impl Form {
    fn as_str(self) -> &'static str {
        match self {
            Self::SideBySide => "side by side",
            Self::Parallel => "parallel folders",
            Self::Unaligned => "unaligned folders",
            Self::TwoForms => "two forms at once",
            Self::Loose => "single images",
        }
    }
}

/// What is wrong. The order is that of reports: what stops training comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The system cannot read the file.
    Unreadable,
    /// The contents are no image.
    NotAnImage,
    /// The file ends too early.
    Truncated,
    /// The decoder fails.
    Corrupt,
    /// The header claims more pixels than are accepted.
    TooLarge,
    /// Pairs in two forms in one split.
    TwoForms,
    /// No partner in the other folder.
    Unpaired,
    /// A side-by-side pair of odd width.
    OddWidth,
    /// A side of a few pixels.
    Tiny,
    /// Equal files in several splits: what is measured there was trained on.
    Leakage,
    /// Equal files in one split.
    Duplicate,
    /// Channel counts differ within a split.
    MixedChannels,
    /// Bit depths differ within a split.
    MixedDepths,
    /// Sizes differ within a split; all are resized, but proportions may suffer.
    MixedSizes,
}

impl ProblemKind {
    /// Whether training would stop at it; the others are warnings.
    pub fn is_error(self) -> bool {
        self <= Self::Unpaired
    }

    /// The heading in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NotAnImage => "not an image",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::TooLarge => "too large",
            Self::TwoForms => "two forms",
            Self::Unpaired => "unpaired",
            Self::OddWidth => "odd width",
            Self::Tiny => "tiny",
            Self::Leakage => "leakage",
            Self::Duplicate => "duplicates",
            Self::MixedChannels => "mixed channel counts",
            Self::MixedDepths => "mixed bit depths",
            Self::MixedSizes => "mixed sizes",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// `error` where training would stop at it, else `warning`.
    pub severity: &'static str,
    /// The files, relative to the root; lossy where a path is not UTF-8.
    pub paths: Vec<String>,
    /// What exactly.
    pub detail: String,
}

impl Problem {
    pub(super) fn new<'a>(
        kind: ProblemKind,
        paths: impl IntoIterator<Item = &'a String>,
        detail: String,
    ) -> Self {
        let severity = if kind.is_error() { "error" } else { "warning" };
        Self {
            kind,
            severity,
            paths: paths.into_iter().cloned().collect(),
            detail,
        }
    }
}

/// How many images have a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SizeCount {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Images.
    pub count: usize,
}

/// How many images have a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value.
    pub value: u32,
    /// Images.
    pub count: usize,
}

/// One split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitReport {
    /// `train`, `val`, `test`, another folder's name, or `.` for the root.
    pub name: String,
    /// How its images belong together.
    pub form: Form,
    /// Image files.
    pub images: usize,
    /// Examples that an epoch would have.
    pub examples: usize,
    /// Files that decode.
    pub readable: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Sizes, the commonest first.
    pub sizes: Vec<SizeCount>,
    /// Channel counts, ascending.
    pub channels: Vec<ValueCount>,
    /// Bits of a sample, ascending.
    pub depths: Vec<ValueCount>,
}

/// What [`super::check`] found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The root as given; lossy where it is not UTF-8.
    pub root: String,
    /// Image files.
    pub images: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The splits by name.
    pub splits: Vec<SplitReport>,
    /// The findings, errors first.
    pub problems: Vec<Problem>,
}

impl CheckReport {
    /// Findings that training would stop at.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.kind.is_error()).count()
    }

    /// The other findings.
    pub fn warnings(&self) -> usize {
        self.problems.len() - self.errors()
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Paths of one finding that are shown in text.
const SHOWN: usize = 8;

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} images, {:.1} MB",
            self.root,
            self.images,
            self.bytes as f64 / 1e6
        )?;
        for split in &self.splits {
            let joined = |values: &[ValueCount]| {
                values
                    .iter()
                    .map(|v| v.value.to_string())
                    .collect::<Vec<_>>()
                    .join("/")
            };
            write!(
                f,
                "  {:<6} {:>6} examples, {}",
                split.name,
                split.examples,
                split.form.as_str()
            )?;
            if let Some(size) = split.sizes.first() {
                let more = if split.sizes.len() > 1 {
                    format!(" and {} other sizes", split.sizes.len() - 1)
                } else {
                    String::new()
                };
                let (channels, depths) = (joined(&split.channels), joined(&split.depths));
                write!(
                    f,
                    ", {} x {}{more}, {channels} channels, {depths} bits",
                    size.width, size.height
                )?;
            }
            writeln!(f)?;
        }
        let mut heading = None;
        for problem in &self.problems {
            if heading != Some(problem.kind) {
                heading = Some(problem.kind);
                writeln!(f, "{}: {}", problem.severity, problem.kind.as_str())?;
            }
            match problem.paths.as_slice() {
                [path] => writeln!(f, "  {path}: {}", problem.detail)?,
                paths => {
                    writeln!(f, "  {}", problem.detail)?;
                    paths
                        .iter()
                        .take(SHOWN)
                        .try_for_each(|path| writeln!(f, "    {path}"))?;
                    if paths.len() > SHOWN {
                        writeln!(f, "    and {} more", paths.len() - SHOWN)?;
                    }
                }
            }
        }
        let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        match (self.errors(), self.warnings()) {
            (0, 0) => write!(f, "no problems found"),
            (errors, warnings) => write!(f, "{}, {}", count(errors, "error"), count(warnings, "warning")),
        }
    }
}
