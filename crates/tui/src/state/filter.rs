//! Which runs are shown: a query of the language that `diptych runs` takes.

use diptych_domain::RunSummary;
use diptych_domain::query::{Query, QueryError};

/// A query with its text. While the text has a mistake, the last query that found something is at work: half a word typed before it
/// may have been sound and have found nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    text: String,
    query: Query,
    fruitful: Query,
    error: Option<QueryError>,
}

impl Filter {
    /// A filter of that text.
    pub fn new(text: &str) -> Self {
        let mut filter = Self::default();
        filter.set(text);
        filter
    }

    /// Takes another text.
    pub fn set(&mut self, text: &str) {
        text.trim().clone_into(&mut self.text);
        match Query::parse(&self.text) {
            Ok(query) => {
                self.query = query;
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// What is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with it.
    pub fn error(&self) -> Option<&QueryError> {
        self.error.as_ref()
    }

    /// Whether a run is shown.
    pub fn shows(&self, run: &RunSummary, now: f64) -> bool {
        self.at_work().matches(run, now)
    }

    /// Whether a run is not shown for the only reason that it is archived.
    pub fn hides(&self, run: &RunSummary, now: f64) -> bool {
        self.at_work().hides(run, now)
    }

    fn at_work(&self) -> &Query {
        match self.error {
            Some(_) => &self.fruitful,
            None => &self.query,
        }
    }

    /// Remembers that it has found something.
    pub fn found(&mut self) {
        if self.error.is_none() && self.fruitful != self.query {
            self.fruitful.clone_from(&self.query);
        }
    }
}
