//! The plotted numbers as a table, for those who want to draw them themselves.

use std::collections::BTreeMap;

/// What a figure's numbers are.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Of curves: they are in the marks; this says of what they are, by the marks' names.
    Curves(BTreeMap<String, Series>),
    /// Of everything else: a table of its own.
    Table(Rows),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Table(Rows::default())
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// What its columns are called.
    pub head: Vec<String>,
    /// As many cells as the head has.
    pub rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// An empty table.
    pub fn new<S: ToString>(head: impl IntoIterator<Item = S>) -> Self {
        Self {
            head: head.into_iter().map(|h| h.to_string()).collect(),
            rows: Vec::new(),
        }
    }
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is nothing to say.
    Empty,
    /// Words.
    Text(String),
    /// A number, in full.
    Number(f64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// What a curve is of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The metric.
    pub metric: String,
    /// The run, or what the runs of a group share.
    pub name: String,
    /// Over how many runs, from which place on; empty: it is one run's.
    pub n: Vec<(f64, usize)>,
}

impl Series {
    /// Over how many runs it is at a place.
    pub fn n_at(&self, x: f64) -> usize {
        let before = self.n.iter().take_while(|(from, _)| *from <= x).last();
        before.or(self.n.first()).map_or(1, |(_, n)| *n)
    }
}
