//! What may come next in a query.

use std::collections::BTreeSet;
use std::ops::Range;

use diptych_domain::spec::keys;
use diptych_domain::{RunStatus, RunSummary};

use super::runs::{RunStore, factors as sweep_factors, settings, varying};

const FIELDS: [&str; 13] = [
    "archived", "status", "model", "tag", "name", "note", "sweep", "device", "created", "updated", "epoch",
    "step", "id",
];
const AGES: [&str; 4] = ["1h", "1d", "1w", "30m"];
/// More are no help.
const MOST: usize = 50;

/// The part of `text` that is being written, with what may stand there instead: values behind an operator, else fields.
pub fn query(text: &str, cursor: usize, runs: &RunStore) -> (Range<usize>, Vec<String>) {
    let start = text[..cursor]
        .rfind(|c: char| c.is_whitespace() || matches!(c, ':' | '=' | '<' | '>' | '!' | '('))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let range = start..cursor;
    let word = text[range.clone()].to_lowercase();
    let candidates = match field_before(&text[..start]) {
        Some(field) => values(&field, runs).into_iter().collect(),
        None => fields(runs),
    };
    (range, matching(candidates, &word))
}

/// Factors to group by, the last of several with commas between.
pub fn factors(text: &str, cursor: usize, runs: &RunStore) -> (Range<usize>, Vec<String>) {
    let start = text[..cursor].rfind([',', ' ']).map_or(0, |at| at + 1);
    let word = text[start..cursor].to_lowercase();
    (start..cursor, matching(groupings(runs.all()), &word))
}

/// What runs can be grouped by.
pub fn groupings(runs: &[RunSummary]) -> Vec<String> {
    let all = settings(runs);
    let mut out: Vec<String> = sweep_factors(runs).into_iter().collect();
    let varying = varying(|| runs.iter(), all.clone());
    out.extend(varying.iter().filter(|k| *k != "name").cloned());
    out.extend(["model", "experiment", "tag", "status", "device", "code", "data"].map(str::to_owned));
    out.extend(
        all.into_iter()
            .filter(|k| !varying.contains(k) && k != "name" && k != "model"),
    );
    let mut seen = BTreeSet::new();
    out.retain(|k| seen.insert(k.clone()));
    out
}

fn matching(candidates: Vec<String>, word: &str) -> Vec<String> {
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        let last = lower.rsplit(['.', '/']).next().unwrap_or_default();
        if lower.starts_with(word) {
            first.push(candidate);
        } else if !word.is_empty() && (last.starts_with(word) || lower.contains(word)) {
            later.push(candidate);
        }
    }
    first.append(&mut later);
    first.truncate(MOST);
    first
}

/// `status` where the text ends in `status:`; operators may have spaces around them.
fn field_before(text: &str) -> Option<String> {
    let before = text.trim_end();
    let bare = before.trim_end_matches([':', '=', '<', '>', '!']);
    if bare.len() == before.len() {
        return None;
    }
    let bare = bare.trim_end();
    let start = bare
        .rfind(|c: char| c.is_whitespace() || c == '(')
        .map_or(0, |at| at + 1);
    Some(bare[start..].to_owned())
}

fn fields(runs: &RunStore) -> Vec<String> {
    let mut out: Vec<String> = FIELDS.map(|f| format!("{f}:")).into();
    for out in out
        .iter_mut()
        .filter(|f| matches!(f.as_str(), "created:" | "updated:" | "epoch:" | "step:"))
    {
        out.pop();
    }
    out.extend(
        runs.settings()
            .into_iter()
            .filter(|k| k != "name" && k != "model"),
    );
    out.extend(runs.factors());
    for key in runs.metrics() {
        out.push(format!("{key}.best"));
        out.push(format!("{key}.last"));
    }
    out.extend(["and", "or", "not"].map(str::to_owned));
    out
}

fn values(field: &str, runs: &RunStore) -> BTreeSet<String> {
    let all = || runs.all().iter();
    let found: BTreeSet<String> = match field {
        "status" => RunStatus::ALL.map(|s| s.as_str().to_owned()).into(),
        "model" => all().map(|r| r.model.clone()).collect(),
        "tag" => all().flat_map(|r| r.tags.clone()).collect(),
        "name" => all().map(|r| r.name.clone()).collect(),
        "device" => all().map(|r| r.device.clone()).collect(),
        "sweep" => all()
            .flat_map(|r| r.cells.iter().map(|c| c.sweep.clone()))
            .collect(),
        "archived" => ["true".to_owned(), "false".to_owned()].into(),
        "created" | "updated" => AGES.map(str::to_owned).into(),
        _ => match field.strip_prefix("sweep.") {
            Some(factor) => all()
                .flat_map(|r| r.cells.iter().filter_map(|c| c.value(factor)))
                .map(ToString::to_string)
                .collect(),
            None => all()
                .filter_map(|r| keys::value(&r.spec, field))
                .map(|v| v.to_string())
                .collect(),
        },
    };
    found
        .into_iter()
        .map(|v| {
            if v.is_empty()
                || v.contains(|c: char| {
                    c.is_whitespace() || matches!(c, '(' | ')' | '"' | '=' | ':' | '<' | '>')
                })
            {
                format!("{v:?}")
            } else {
                v
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn complete(text: &str) -> Vec<String> {
        let mut runs = RunStore::default();
        runs.take(testing::news(), testing::NOW);
        let (range, found) = query(text, text.len(), &runs);
        found
            .into_iter()
            .map(|f| text[..range.start].to_owned() + &f)
            .collect()
    }

    #[test]
    fn fields_come_first_and_values_after_their_operator() {
        assert_eq!(complete("stat")[0], "status:");
        assert_eq!(complete("status:fin"), ["status:finished"]);
        assert!(complete("tag:b not mod").contains(&"tag:b not model:".to_owned()));
        assert!(complete("psnr").contains(&"eval/psnr.best".to_owned()));
        assert!(complete("params.n_layers = ").contains(&"params.n_layers = 3".to_owned()));
        assert_eq!(complete("zzz"), Vec::<String>::new());
    }
}
