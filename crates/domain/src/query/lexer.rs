//! Queries as tokens.

use super::Op;
use super::error::QueryError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    Op(Op),
    Word(&'a str),
    Quoted(String),
}

/// The tokens of a query with their byte offsets.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, QueryError> {
    let mut out: Vec<(usize, Token<'_>)> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let after_op = matches!(out.last(), Some((_, Token::Op(_))));
        let (len, token) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c == '(' {
            (1, Token::Open)
        } else if c == ')' {
            (1, Token::Close)
        } else if c == '"' || c == '\'' {
            quoted(at, rest, c)?
        } else if let Some((symbol, op)) = Op::ALL.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            (symbol.len(), Token::Op(*op))
        } else {
            // A value may hold colons, such as `device:cuda:0`; a field ends at one.
            let end = rest
                .find(|c| ends_word(c) || (c == ':' && !after_op))
                .unwrap_or(rest.len());
            if end == 0 {
                return Err(QueryError::new(
                    at,
                    format!("unexpected `{c}`; write != for \"differs from\""),
                ));
            }
            (end, Token::Word(&rest[..end]))
        };
        out.push((at, token));
        at += len;
    }
    Ok(out)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "()=<>!\"".contains(c)
}

/// Whether `text` is read back as one word, not as a keyword, a number's neighbour or several tokens.
pub(super) fn is_plain_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('\'')
        && !text.contains(|c| ends_word(c) || c == ':')
        && !["and", "or", "not"].iter().any(|k| text.eq_ignore_ascii_case(k))
}

/// A finite number in its usual spellings; not `inf`, not `nan`.
pub(super) fn number(text: &str) -> Option<f64> {
    let first = text.trim_start_matches(['+', '-']).chars().next()?;
    let value: f64 = (first.is_ascii_digit() || first == '.').then(|| text.parse().ok())??;
    value.is_finite().then_some(value)
}

fn quoted(at: usize, rest: &str, quote: char) -> Result<(usize, Token<'_>), QueryError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((i + 1, Token::Quoted(text))),
            '\\' => match chars.next() {
                Some((_, escaped)) => text.push(escaped),
                None => break,
            },
            c => text.push(c),
        }
    }
    Err(QueryError::new(at, format!("this {quote} has no end")))
}
