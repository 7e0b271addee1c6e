//! What can be wrong with a query.

/// A mistake in a query, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {at})")]
pub struct QueryError {
    /// The byte offset in the query where the mistake begins.
    pub at: usize,
    /// What is wrong and what would be valid.
    pub problem: String,
}

impl QueryError {
    pub(super) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self {
            at,
            problem: problem.into(),
        }
    }

    /// The query with a caret below the mistake: two lines to show under the message.
    pub fn pointer(&self, query: &str) -> String {
        let column = query.get(..self.at).unwrap_or(query).chars().count();
        format!("{query}\n{}^", " ".repeat(column))
    }
}
