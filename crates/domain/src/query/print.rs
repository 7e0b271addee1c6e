//! Queries as text again, in one canonical spelling that parses to the same query.

use std::fmt::{self, Display, Write};

use super::{Expr, Literal, Op, Query, age, lexer};

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => text(f, word, false),
            Self::Compare { field, op, value } => {
                let symbol = match op {
                    Op::Has => ":",
                    Op::Eq => " = ",
                    Op::Ne => " != ",
                    Op::Lt => " < ",
                    Op::Le => " <= ",
                    Op::Gt => " > ",
                    Op::Ge => " >= ",
                };
                write!(f, "{field}{symbol}")?;
                match value {
                    Literal::Text(value) => text(f, value, !field.is_text()),
                    Literal::Number(value) => write!(f, "{value:?}"),
                    Literal::Age(seconds) => f.write_str(&age::print(*seconds)),
                }
            }
            Self::And(terms) => joined(f, terms, " and "),
            Self::Or(terms) => joined(f, terms, " or "),
            Self::Not(term) => {
                f.write_str("not ")?;
                inner(f, term)
            }
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, terms: &[Expr], joint: &str) -> fmt::Result {
    for (i, term) in terms.iter().enumerate() {
        if i > 0 {
            f.write_str(joint)?;
        }
        inner(f, term)?;
    }
    Ok(())
}

/// A term inside another: joined terms get parentheses, though `and` inside `or` could do without.
fn inner(f: &mut fmt::Formatter<'_>, term: &Expr) -> fmt::Result {
    match term {
        Expr::And(_) | Expr::Or(_) => write!(f, "({term})"),
        _ => term.fmt(f),
    }
}

fn text(f: &mut fmt::Formatter<'_>, text: &str, number_like_is_number: bool) -> fmt::Result {
    let read_as_number = number_like_is_number && lexer::number(text).is_some();
    if lexer::is_plain_word(text) && !read_as_number {
        return f.write_str(text);
    }
    f.write_char('"')?;
    for c in text.chars() {
        if c == '"' || c == '\\' {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}
