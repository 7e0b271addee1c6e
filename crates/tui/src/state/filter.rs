//! Which runs are shown: a query of the language that `diptych runs` takes.

use diptych_domain::RunSummary;
use diptych_domain::query::{Query, QueryError};

/// A query with its text. While the text has a mistake, the terms before it are at work: the word with the mistake was half typed a
/// moment ago, was sound, and found nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    text: String,
    query: Query,
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
            Err(error) => {
                self.query = sound_start(&self.text, error.at);
                self.error = Some(error);
            }
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
        self.query.matches(run, now)
    }

    /// Whether a run is not shown for the only reason that it is archived.
    pub fn hides(&self, run: &RunSummary, now: f64) -> bool {
        self.query.hides(run, now)
    }
}

/// The query of the terms before a mistake, as many as make one.
fn sound_start(text: &str, mistake: usize) -> Query {
    let mut rest = text.get(..mistake).unwrap_or_default().trim_end();
    loop {
        // An operator belongs to the field before it.
        let field = rest.trim_end_matches([':', '=', '<', '>', '!']);
        match Query::parse(rest) {
            Ok(query) if field.len() == rest.len() => return query,
            _ => {}
        }
        let field = field.trim_end();
        rest = field
            .rfind(char::is_whitespace)
            .map_or("", |at| field[..at].trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_before_a_mistake_are_at_work() {
        for (text, works) in [
            ("statis:finished", ""),
            ("status:finished statis:x", "status:finished"),
            ("status:finished and (tag:a or statis:x)", "status:finished"),
            ("status:finished eval/psnr.best >", "status:finished"),
        ] {
            let filter = Filter::new(text);
            assert!(filter.error().is_some(), "{text}");
            assert_eq!(filter.query, Query::parse(works).unwrap(), "{text}");
        }
    }
}
