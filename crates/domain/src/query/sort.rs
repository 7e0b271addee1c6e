//! `--sort KEY`.

use std::cmp::Ordering;

use super::field::{Field, FieldValue};
use crate::status::RunStatus;
use crate::summary::RunSummary;

/// A field to sort runs by, ascending, or descending with a `-` in front.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    field: Field,
    descending: bool,
}

impl SortKey {
    /// Reads `created`, `-eval/psnr.best`, `params.n_layers`.
    ///
    /// # Errors
    /// The problem, with the nearest field.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        Ok(Self {
            field: Field::parse(name)?,
            descending,
        })
    }

    /// What it sorts by.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The order of two runs. Runs without a value come last whichever way; equal ones newest first.
    pub fn compare(&self, a: &RunSummary, b: &RunSummary) -> Ordering {
        let order = match (self.key(a), self.key(b)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => {
                let order = between(&a, &b);
                if self.descending { order.reverse() } else { order }
            }
        };
        order.then_with(|| b.id.cmp(&a.id))
    }

    fn key(&self, run: &RunSummary) -> Option<FieldValue> {
        if self.field == Field::Status {
            // By the life of a run, not by the alphabet.
            let place = RunStatus::ALL.iter().position(|s| *s == run.status)?;
            return Some(FieldValue::Number(place as f64));
        }
        match self.field.value(run)? {
            FieldValue::Number(v) if v.is_nan() => None,
            FieldValue::List(v) if v.is_empty() => None,
            FieldValue::List(v) => Some(FieldValue::Text(v.join(" ").to_lowercase())),
            FieldValue::Text(v) => Some(FieldValue::Text(v.to_lowercase())),
            other => Some(other),
        }
    }
}

fn between(a: &FieldValue, b: &FieldValue) -> Ordering {
    use FieldValue::{Bool, List, Number, Text};
    let rank = |v: &FieldValue| match v {
        Bool(_) => 0,
        Number(_) => 1,
        Text(_) => 2,
        List(_) => 3,
    };
    match (a, b) {
        (Number(a), Number(b)) => a.total_cmp(b),
        (Text(a), Text(b)) => a.cmp(b),
        (Bool(a), Bool(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}
