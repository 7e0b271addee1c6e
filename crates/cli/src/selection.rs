//! Which runs the words of a command line mean: names of runs, or together a query.

use diptych_domain::RunSummary;
use diptych_domain::query::Query;

use crate::failure::Failure;
use crate::output;
use crate::render::human;
use crate::session::Session;

/// Whether words are a query, because one of them is more than the name of a run.
pub fn is_query(words: &[String]) -> bool {
    words.iter().any(|word| {
        word.contains([':', '=', '<', '>', '(', '/'])
            || word.contains(char::is_whitespace)
            || matches!(word.as_str(), "and" | "or" | "not")
    })
}

/// A query, or what is wrong with it and where.
pub fn parse_query(text: &str) -> Result<Query, Failure> {
    Query::parse(text).map_err(|e| {
        Failure::usage(format!(
            "{}\n  {}",
            e.problem,
            e.pointer(text).replace('\n', "\n  ")
        ))
    })
}

/// What a query finds.
pub struct Matches {
    /// The runs that match, newest first.
    pub runs: Vec<RunSummary>,
    /// How many would match if they were not archived.
    pub hidden: usize,
    /// How many runs there are.
    pub of: usize,
}

/// The runs that match a query; warns of names in it that no run has.
pub fn matching(session: &Session, text: &str) -> Result<Matches, Failure> {
    let (found, unmet) = search(session, text)?;
    for unmet in unmet {
        output::note(format!("warning: `{text}`: {unmet}"));
    }
    Ok(found)
}

/// The runs that match a query, and the names in it that no run has.
fn search(session: &Session, text: &str) -> Result<(Matches, Vec<String>), Failure> {
    let query = parse_query(text)?;
    let mut runs = session.wait(session.home.list())?;
    let unmet = query.unmet(&runs);
    let now = human::now();
    let of = runs.len();
    let hidden = runs.iter().filter(|run| query.hides(run, now)).count();
    runs.retain(|run| query.matches(run, now));
    Ok((Matches { runs, hidden, of }, unmet))
}

impl Matches {
    /// The runs, of which there has to be one.
    pub fn some(self, session: &Session, text: &str) -> Result<Vec<RunSummary>, Failure> {
        if !self.runs.is_empty() {
            return Ok(self.runs);
        }
        Err(Failure::usage(match (self.of, self.hidden) {
            (0, _) => format!("there are no runs in {}", session.home.path().display()),
            (of, 0) => format!("none of {of} runs matches `{text}`"),
            (of, hidden) => format!(
                "none of {of} runs matches `{text}`, but {hidden} archived: add archived:true to the query"
            ),
        }))
    }
}

/// The runs that are named, in that order and each once, or that match the query that the words are; at least one.
pub fn runs(session: &Session, words: &[String]) -> Result<Vec<RunSummary>, Failure> {
    if is_query(words) {
        let text = words.join(" ");
        return matching(session, &text)?.some(session, &text);
    }
    session.find_all(words)
}

/// As [`runs`], for commands that change what they are given: a query with a name that no run has is an error.
pub fn runs_to_change(session: &Session, words: &[String]) -> Result<Vec<RunSummary>, Failure> {
    if !is_query(words) {
        return session.find_all(words);
    }
    let text = words.join(" ");
    let (found, unmet) = search(session, &text)?;
    match unmet.first() {
        Some(unmet) => Err(Failure::usage(format!("`{text}`: {unmet}"))),
        None => found.some(session, &text),
    }
}
