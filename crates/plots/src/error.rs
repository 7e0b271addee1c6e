//! Why a figure cannot be drawn.

use crate::spec::{Kind, SpecIssue};

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// A key with a value that does not do.
    #[error(transparent)]
    Spec(#[from] SpecIssue),
    /// No run was given.
    #[error("there is no run to draw")]
    NoRuns,
    /// A key of the figure names something that the runs do not have.
    #[error("{key} {text}: {problem}")]
    Unknown {
        /// The key: metrics, by, against, params, roles, ...
        key: &'static str,
        /// What was asked for.
        text: String,
        /// What is wrong and what would be valid.
        problem: String,
    },
    /// The kind needs something that was not said.
    #[error("a figure of kind {kind} needs {what}")]
    Missing {
        /// The kind.
        kind: Kind,
        /// What it needs, and how to say it.
        what: String,
    },
    /// Everything was found and nothing of it can be drawn.
    #[error("there is nothing to draw: {why}")]
    Empty {
        /// Why.
        why: String,
    },
    /// A figure that was drawn cannot be written in that form.
    #[error("{form} cannot be made: {problem}")]
    Export {
        /// PNG, PDF, ...
        form: &'static str,
        /// What is wrong.
        problem: String,
    },
}
