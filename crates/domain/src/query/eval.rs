//! Whether a run matches.

use super::field::{Field, FieldValue};
use super::{Expr, Literal, Op, Query};
use crate::summary::RunSummary;

impl Query {
    /// Whether `run` matches at the time `now` (seconds since the Unix epoch; for ages). Archived runs match only where the
    /// query says something of `archived`.
    pub fn matches(&self, run: &RunSummary, now: f64) -> bool {
        (!run.archived || self.expr.names(&Field::Archived)) && self.expr.matches(run, now)
    }

    /// Whether `run` would match if it were not archived.
    pub fn hides(&self, run: &RunSummary, now: f64) -> bool {
        run.archived && !self.expr.names(&Field::Archived) && self.expr.matches(run, now)
    }
}

impl Expr {
    fn names(&self, wanted: &Field) -> bool {
        match self {
            Self::Word(_) => false,
            Self::Compare { field, .. } => field == wanted,
            Self::And(terms) | Self::Or(terms) => terms.iter().any(|t| t.names(wanted)),
            Self::Not(term) => term.names(wanted),
        }
    }

    fn matches(&self, run: &RunSummary, now: f64) -> bool {
        match self {
            Self::Word(word) => contains(&run.name, word) || run.tags.iter().any(|t| contains(t, word)),
            Self::Compare { field, op, value } => compare(run, now, field, *op, value),
            Self::And(terms) => terms.iter().all(|t| t.matches(run, now)),
            Self::Or(terms) => terms.iter().any(|t| t.matches(run, now)),
            Self::Not(term) => !term.matches(run, now),
        }
    }
}

fn compare(run: &RunSummary, now: f64, field: &Field, op: Op, wanted: &Literal) -> bool {
    let Some(value) = field.value(run) else {
        return false;
    };
    match (value, wanted) {
        (FieldValue::Number(time), Literal::Age(age)) => order(op, now - time, *age),
        (FieldValue::Number(value), Literal::Number(wanted)) => order(op, value, *wanted),
        (FieldValue::Text(value), Literal::Text(wanted)) => match op {
            Op::Has => has(field, &value, wanted),
            Op::Ne => !same(&value, wanted),
            _ => same(&value, wanted),
        },
        (FieldValue::List(values), Literal::Text(wanted)) => {
            values.iter().any(|v| same(v, wanted)) != (op == Op::Ne)
        }
        (FieldValue::Bool(value), Literal::Text(wanted)) => {
            same(if value { "true" } else { "false" }, wanted) != (op == Op::Ne)
        }
        // Values of different types differ.
        _ => op == Op::Ne,
    }
}

/// `field:text`: the whole text for the short words of status and model, the start of an id, any part of the rest.
fn has(field: &Field, value: &str, wanted: &str) -> bool {
    match field {
        Field::Status | Field::Model => same(value, wanted),
        Field::Id => value.starts_with(&wanted.to_lowercase()),
        _ => contains(value, wanted),
    }
}

fn order(op: Op, value: f64, wanted: f64) -> bool {
    match op {
        Op::Has | Op::Eq => value == wanted,
        Op::Ne => value != wanted,
        Op::Lt => value < wanted,
        Op::Le => value <= wanted,
        Op::Gt => value > wanted,
        Op::Ge => value >= wanted,
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
