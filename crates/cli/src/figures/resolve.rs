//! Which runs a figure is about.

use diptych_domain::RunSummary;
use diptych_plots::{FigureSpec, Provenance};
use diptych_store::StoreError;

use crate::failure::Failure;
use crate::selection::{is_query, matching};
use crate::session::Session;

/// Puts words of the command line where they belong: all of them names of runs, or else together a query.
pub fn words(session: &Session, spec: &mut FigureSpec, words: &[String]) -> Result<(), Failure> {
    if words.is_empty() {
        return Ok(());
    }
    if is_query(words) {
        spec.query = Some(words.join(" "));
        return Ok(());
    }
    for word in words {
        session.find(word)?;
    }
    spec.runs = words.to_vec();
    Ok(())
}

/// The runs that a figure names, in its order, then those that match its query, newest first; each once.
pub fn runs(session: &Session, spec: &FigureSpec) -> Result<Vec<RunSummary>, Failure> {
    let mut found: Vec<RunSummary> = Vec::new();
    for text in &spec.runs {
        let run = session.find(text)?;
        if !found.iter().any(|r| r.id == run.id) {
            found.push(run);
        }
    }
    let all_of_them = spec.runs.is_empty() && spec.query.is_none();
    if let Some(text) = spec.query.as_deref().or(all_of_them.then_some("")) {
        let matching = matching(session, text)?;
        if found.is_empty() {
            return matching.some(session, text);
        }
        let known: std::collections::HashSet<_> = found.iter().map(|r| r.id.clone()).collect();
        found.extend(matching.runs.into_iter().filter(|r| !known.contains(&r.id)));
    }
    Ok(found)
}

/// The runs that a figure was made of, by their ids; those that are gone are named.
pub fn name_in_store(
    session: &Session,
    provenance: &Provenance,
) -> Result<(Vec<RunSummary>, Vec<String>), Failure> {
    if provenance.runs.is_empty() {
        return Ok((runs(session, &provenance.figure)?, Vec::new()));
    }
    let (mut found, mut gone) = (Vec::new(), Vec::new());
    for source in &provenance.runs {
        let run = session.wait(async {
            match session.home.find_run(&source.id).await {
                Ok(run) => Ok(Some(run)),
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(e) => Err(e),
            }
        })?;
        match run {
            Some(run) => found.push(run),
            None => gone.push(source.name.clone()),
        }
    }
    Ok((found, gone))
}
