//! Names in a query that nothing goes by: most likely mistyped.

use std::collections::BTreeSet;

use super::field::Field;
use super::{Expr, Query};
use crate::suggest;
use crate::summary::RunSummary;

impl Query {
    /// What the query names and none of `runs` has: parameters, metrics and factors of sweeps, each as a sentence with the nearest
    /// name that some run has. Such a term matches nothing, and its negation everything. Without runs there is nothing to say.
    pub fn unmet(&self, runs: &[RunSummary]) -> Vec<String> {
        if runs.is_empty() {
            return Vec::new();
        }
        let mut fields = Vec::new();
        self.expr.fields(&mut fields);
        fields
            .into_iter()
            .filter_map(|field| unmet(field, runs))
            .collect()
    }
}

impl Expr {
    /// Each field that is named, once.
    fn fields<'a>(&'a self, found: &mut Vec<&'a Field>) {
        match self {
            Self::Word(_) => {}
            Self::Compare { field, .. } if found.contains(&field) => {}
            Self::Compare { field, .. } => found.push(field),
            Self::And(terms) | Self::Or(terms) => terms.iter().for_each(|t| t.fields(found)),
            Self::Not(term) => term.fields(found),
        }
    }
}

fn unmet(field: &Field, runs: &[RunSummary]) -> Option<String> {
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
