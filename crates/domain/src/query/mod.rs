//! The query language that lists and screens share.
//!
//! Bare words match names and tags. `field op value` compares: `status:running`, `tag:x`, `name = brisk-otter`,
//! `params.n_layers >= 3`, `data.crop_size = 256`, `optim.lr < 1e-3`, `seed = 1`, `eval/psnr.best > 20`,
//! `loss/G_L1.last < 12`, and ages such as `created > 2d` (older than two days). Terms are joined by `and`
//! (which may be left out), `or`, `not` and parentheses; text with spaces goes in quotes. A run without the
//! value that a term asks for does not match that term.

mod age;
mod error;
mod eval;
mod field;
mod lexer;
mod parser;
mod print;
mod sort;
mod unmet;

pub use error::QueryError;
pub use field::{Aggregate, Field, FieldValue};
pub use sort::SortKey;

/// A condition on runs. The default matches every run.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    expr: Expr,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            expr: Expr::And(Vec::new()),
        }
    }
}

/// `And` and `Or` hold two or more terms and never one of their own kind; the empty `And` is the empty query.
#[derive(Clone, Debug, PartialEq)]
enum Expr {
    Word(String),
    Compare { field: Field, op: Op, value: Literal },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Has,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Op {
    const ALL: [(&'static str, Self); 8] = [
        // Longer ones first, for the lexer.
        ("==", Self::Eq),
        ("!=", Self::Ne),
        ("<=", Self::Le),
        (">=", Self::Ge),
        ("<", Self::Lt),
        (">", Self::Gt),
        ("=", Self::Eq),
        (":", Self::Has),
    ];

    fn is_order(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
    /// Seconds.
    Age(f64),
}

#[cfg(test)]
mod tests;
