//! Tokens to expressions: `or` binds least, then `and` (or nothing) between terms, then `not`.

use super::error::QueryError;
use super::field::Field;
use super::lexer::{self, Token};
use super::{Expr, Literal, Op, Query, age};
use crate::size::Size;
use crate::spec::keys::{self, KeyKind, SpecKey};
use crate::status::RunStatus;
use crate::suggest;

/// Parentheses and `not`s inside one another: more than any query needs, few enough for the stack.
const MAX_DEPTH: usize = 64;

impl Query {
    /// Reads a query; the empty text matches every run.
    ///
    /// # Errors
    /// The first mistake, with its byte offset and, where one is near, the right spelling.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut parser = Parser {
            tokens: lexer::tokens(text)?,
            next: 0,
            end: text.len(),
            depth: 0,
        };
        if parser.tokens.is_empty() {
            return Ok(Self::default());
        }
        let expr = parser.any()?;
        match parser.peek() {
            None => Ok(Self { expr }),
            Some(_) => Err(QueryError::new(parser.at(), "this ) closes nothing")),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    /// The byte offset of the next token.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(keyword)) && !self.op_follows()
    }

    fn op_follows(&self) -> bool {
        matches!(self.tokens.get(self.next + 1), Some((_, Token::Op(_))))
    }

    fn any(&mut self) -> Result<Expr, QueryError> {
        let mut terms = vec![self.all()?];
        while self.is_keyword("or") {
            self.next += 1;
            terms.push(self.all()?);
        }
        Ok(join(terms, Expr::Or, |e| match e {
            Expr::Or(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn all(&mut self) -> Result<Expr, QueryError> {
        let mut terms = vec![self.term()?];
        loop {
            if self.is_keyword("and") {
                self.next += 1;
            } else if self.peek().is_none_or(|t| *t == Token::Close) || self.is_keyword("or") {
                break;
            }
            terms.push(self.term()?);
        }
        Ok(join(terms, Expr::And, |e| match e {
            Expr::And(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn term(&mut self) -> Result<Expr, QueryError> {
        let at = self.at();
        if self.depth >= MAX_DEPTH {
            return Err(QueryError::new(at, format!("nested more than {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        let expr = self.nested(at)?;
        self.depth -= 1;
        Ok(expr)
    }

    fn nested(&mut self, at: usize) -> Result<Expr, QueryError> {
        if self.is_keyword("not") {
            self.next += 1;
            return Ok(Expr::Not(Box::new(self.term()?)));
        }
        for joint in ["and", "or"] {
            if self.is_keyword(joint) {
                return Err(QueryError::new(
                    at,
                    format!("expected a condition before `{joint}`"),
                ));
            }
        }
        let op_follows = self.op_follows();
        let token = self.tokens.get(self.next).map(|(_, t)| t.clone());
        self.next += 1;
        match token {
            None => Err(QueryError::new(
                at,
                "expected a condition here, such as status:running",
            )),
            Some(Token::Close) => Err(QueryError::new(at, "expected a condition before this )")),
            Some(Token::Op(_)) => Err(QueryError::new(
                at,
                "expected a field before this, such as params.n_layers",
            )),
            Some(Token::Quoted(_)) if op_follows => Err(QueryError::new(
                at,
                "expected a field, without quotes, such as params.n_layers",
            )),
            Some(Token::Quoted(text)) => Ok(Expr::Word(text)),
            Some(Token::Word(name)) if op_follows => self.compare(at, name),
            Some(Token::Word(word)) => Ok(Expr::Word(word.to_owned())),
            Some(Token::Open) => {
                let expr = self.any()?;
                if self.peek() != Some(&Token::Close) {
                    return Err(QueryError::new(at, "this ( is not closed"));
                }
                self.next += 1;
                Ok(expr)
            }
        }
    }

    fn compare(&mut self, at: usize, name: &str) -> Result<Expr, QueryError> {
        let field = Field::parse(name).map_err(|problem| QueryError::new(at, problem))?;
        let op_at = self.at();
        let Some(Token::Op(op)) = self.peek().cloned() else {
            return Err(QueryError::new(op_at, "expected an operator"));
        };
        self.next += 1;
        let value_at = self.at();
        let (text, quoted) = match self.peek() {
            Some(Token::Word(word)) => ((*word).to_owned(), false),
            Some(Token::Quoted(text)) => (text.clone(), true),
            _ => {
                return Err(QueryError::new(
                    value_at,
                    format!("expected a value for `{name}`"),
                ));
            }
        };
        self.next += 1;
        let value = literal(&field, op, op_at, &text, quoted, value_at)?;
        Ok(Expr::Compare { field, op, value })
    }
}

/// The value in the type that the field takes.
fn literal(
    field: &Field,
    op: Op,
    op_at: usize,
    text: &str,
    quoted: bool,
    value_at: usize,
) -> Result<Literal, QueryError> {
    let wrong = |problem: String| Err(QueryError::new(value_at, problem));
    if field.is_text() {
        if op.is_order() {
            return Err(QueryError::new(
                op_at,
                format!("`{field}` is text: expected `:`, `=` or `!=`"),
            ));
        }
        if *field == Field::Status && text.parse::<RunStatus>().is_err() {
            let names = RunStatus::ALL.map(RunStatus::as_str);
            let hint = suggest::hint(text, names);
            return wrong(format!(
                "unknown status `{text}`{hint}: expected one of {}",
                names.join(", ")
            ));
        }
        return Ok(Literal::Text(text.to_owned()));
    }
    if *field == Field::Archived {
        if op.is_order() || !matches!(text, "true" | "false") {
            return wrong(format!(
                "`archived` is true or false, as in archived:true: not `{text}`"
            ));
        }
        return Ok(Literal::Text(text.to_owned()));
    }
    if field.is_time() {
        let Some(seconds) = age::parse(text).filter(|_| !quoted) else {
            return wrong(format!(
                "`{field}` is compared with an age such as 2d, 12h, 30m, 1w: not `{text}`"
            ));
        };
        if !op.is_order() {
            return Err(QueryError::new(
                op_at,
                format!("`{field}` takes < (younger than) or > (older than), such as {field} < 2d"),
            ));
        }
        return Ok(Literal::Age(seconds));
    }
    let number = lexer::number(text).filter(|_| !quoted);
    let is_size = |known: &SpecKey| matches!(known.kind, KeyKind::Size { .. });
    if let Field::Spec(key) = field
        && keys::find(key).is_some_and(is_size)
        && number.is_none()
    {
        return match size(text) {
            Some(size) if size.is_square() => Ok(Literal::Number(size.width.into())),
            Some(size) if !op.is_order() => Ok(Literal::Text(size.to_string())),
            Some(_) => Err(QueryError::new(
                op_at,
                format!(
                    "sizes that are not square have no order: expected `=` or `!=` between `{field}` and `{text}`"
                ),
            )),
            None => wrong(format!(
                "expected a size to compare `{field}` with, such as 256, or width and height as in 256x128: not `{text}`"
            )),
        };
    }
    let takes_text = match field {
        Field::Factor(_) => true, // a value of any type, or a variant's name
        Field::Spec(key) => match keys::find(key) {
            None => true, // a parameter, of whatever type its plugin says
            Some(known) => !matches!(
                known.kind,
                KeyKind::Int { .. } | KeyKind::Positive | KeyKind::Fraction
            ),
        },
        _ => false,
    };
    match number {
        Some(number) => Ok(Literal::Number(number)),
        None if takes_text && !op.is_order() => Ok(Literal::Text(text.to_owned())),
        None => wrong(format!(
            "expected a number to compare `{field}` with, not `{text}`"
        )),
    }
}

/// `256x128`, or `[256,128]` as experiment files have it.
fn size(text: &str) -> Option<Size> {
    let sides = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    match sides.and_then(|t| t.split_once(',')) {
        Some((width, height)) => Size::parse(&format!("{}x{}", width.trim(), height.trim())),
        None => Size::parse(text),
    }
}

/// One term as it is; several in one node, with nodes of the same kind opened up.
fn join(terms: Vec<Expr>, node: fn(Vec<Expr>) -> Expr, open: fn(Expr) -> Result<Vec<Expr>, Expr>) -> Expr {
    let mut flat: Vec<Expr> = Vec::with_capacity(terms.len());
    for term in terms {
        match open(term) {
            Ok(inner) => flat.extend(inner),
            Err(other) => flat.push(other),
        }
    }
    match flat.len() {
        1 => flat.swap_remove(0),
        _ => node(flat),
    }
}
