//! What can be wrong with an experiment file, each mistake with its place.

use std::fmt;

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// On the command line, as `--set KEY=VALUE`.
    Set,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Set => f.write_str("--set"),
        }
    }
}

/// One mistake in an experiment: where, which key, which value, and what would be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecIssue {
    /// Where it was written; nothing for what is missing.
    pub origin: Option<Origin>,
    /// The dotted key, where the mistake is about one.
    pub key: Option<String>,
    /// The value as written.
    pub value: Option<String>,
    /// What is wrong and what would be valid.
    pub problem: String,
}

impl fmt::Display for SpecIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        match (&self.key, &self.value) {
            (Some(key), Some(value)) => write!(f, "`{key} = {value}`: ")?,
            (Some(key), None) => write!(f, "`{key}`: ")?,
            _ => {}
        }
        f.write_str(&self.problem)
    }
}

/// Every mistake in an experiment, in the order of the file. Displays one a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SpecError {
    /// At least one.
    pub issues: Vec<SpecIssue>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, issue) in self.issues.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            issue.fmt(f)?;
        }
        Ok(())
    }
}
