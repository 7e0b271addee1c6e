//! Names in a query that nothing goes by: most likely mistyped.

use std::collections::BTreeSet;

use super::field::Field;
use super::{Expr, Literal, Query};
use crate::suggest;
use crate::summary::RunSummary;

impl Query {
    /// What the query names and none of `runs` has: parameters, metrics, sweeps and their factors, each as a sentence with the nearest
    /// name that some run has. Such a term matches nothing, and its negation everything. Without runs there is nothing to say.
    pub fn unmet(&self, runs: &[RunSummary]) -> Vec<String> {
        if runs.is_empty() {
            return Vec::new();
        }
        let mut named = Vec::new();
        self.expr.named(&mut named);
        let mut told: Vec<String> = Vec::new();
        for (field, value) in named {
            if let Some(sentence) = unmet(field, value, runs)
                && !told.contains(&sentence)
            {
                told.push(sentence);
            }
        }
        told
    }
}

impl Expr {
    /// Each field that is compared, and with what.
    fn named<'a>(&'a self, found: &mut Vec<(&'a Field, &'a Literal)>) {
        match self {
            Self::Word(_) => {}
            Self::Compare { field, value, .. } => found.push((field, value)),
            Self::And(terms) | Self::Or(terms) => terms.iter().for_each(|t| t.named(found)),
            Self::Not(term) => term.named(found),
        }
    }
}

fn unmet(field: &Field, value: &Literal, runs: &[RunSummary]) -> Option<String> {
    let missing = |what: &str, prefix: &str, name: &str, there: BTreeSet<&str>| {
        (!there.contains(name)).then(|| {
            let near = suggest::nearest(name, there);
            let hint = near.map(|near| format!(" (did you mean `{prefix}{near}`?)"));
            format!(
                "no run has the {what} `{prefix}{name}`{}",
                hint.unwrap_or_default()
            )
        })
    };
    match field {
        Field::Spec(key) => {
            // The experiment's other keys were known when the query was read.
            let name = key.strip_prefix("params.")?;
            let there = runs.iter().flat_map(|r| r.spec.params.keys());
            missing("parameter", "params.", name, there.map(String::as_str).collect())
        }
        Field::Metric(key, _) => {
            let there = runs.iter().flat_map(|r| r.metrics.keys());
            missing("metric", "", key.as_str(), there.map(|k| k.as_str()).collect())
        }
        Field::Sweep => {
            let Literal::Text(wanted) = value else {
                return None;
            };
            let cells = || runs.iter().flat_map(|r| &r.cells);
            if cells().any(|c| c.sweep.to_lowercase() == wanted.to_lowercase()) {
                return None;
            }
            missing("sweep", "", wanted, cells().map(|c| c.sweep.as_str()).collect())
        }
        Field::Factor(name) => {
            if runs
                .iter()
                .flat_map(|r| &r.cells)
                .any(|c| c.value(name).is_some())
            {
                return None;
            }
            let there = runs.iter().flat_map(|r| &r.cells).flat_map(|c| &c.factors);
            missing(
                "factor",
                "sweep.",
                name,
                there.map(|(factor, _)| factor.as_str()).collect(),
            )
        }
        _ => None,
    }
}
