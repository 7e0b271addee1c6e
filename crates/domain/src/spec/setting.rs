//! Raw settings: dotted keys with values and places, from a TOML text or from `--set`.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use super::error::{Origin, SpecIssue};
use super::keys::{self, KeyKind};
use crate::params::ParamValue;
use crate::size::Size;

/// One setting as written, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    /// The dotted key.
    pub key: String,
    /// The value, or nothing for types that the key does not take (arrays but for sizes, dates, empty tables).
    pub value: Option<ParamValue>,
    /// The value's text as written, for messages.
    pub text: String,
    /// Where.
    pub origin: Origin,
}

/// The settings of a TOML text, in its order.
pub(super) fn from_toml(file: &str, text: &str) -> Result<Vec<Setting>, SpecIssue> {
    let document = Document::parse(text).map_err(|e| SpecIssue {
        origin: Some(Origin::File {
            file: file.to_owned(),
            line: line_of(text, e.span().map_or(0, |s| s.start)),
        }),
        key: None,
        value: None,
        problem: format!("not valid TOML: {}", e.message().trim().replace('\n', "; ")),
    })?;
    let mut walk = Walk {
        file,
        text,
        settings: Vec::new(),
    };
    walk.table("", document.as_table());
    Ok(walk.settings)
}

/// The settings of one table of a TOML text, such as a variant's; dotted keys start inside it.
pub(super) fn of_table(file: &str, text: &str, table: &dyn TableLike) -> Vec<Setting> {
    let mut walk = Walk {
        file,
        text,
        settings: Vec::new(),
    };
    walk.table("", table);
    walk.settings
}

/// The setting of `--set KEY=VALUE`: the value is TOML, and what is not valid TOML is plain text.
pub(super) fn from_assignment(assignment: &str) -> Result<Setting, SpecIssue> {
    let refuse = |problem: String| SpecIssue {
        origin: Some(Origin::Set),
        key: None,
        value: None,
        problem,
    };
    let Some((key, text)) = assignment.split_once('=') else {
        return Err(refuse(format!(
            "`{assignment}` has no `=`: expected KEY=VALUE, such as optim.lr=1e-4"
        )));
    };
    let (key, text) = (key.trim(), text.trim());
    if key.is_empty() {
        return Err(refuse(format!(
            "`{assignment}` names no key: expected KEY=VALUE, such as optim.lr=1e-4"
        )));
    }
    let value = match text.parse::<Value>() {
        Ok(value) => of_key(key, &value),
        Err(_) if text.starts_with(['"', '\'', '[', '{']) => None,
        Err(_) => Some(ParamValue::Text(text.to_owned())),
    };
    Ok(Setting {
        key: key.to_owned(),
        value,
        text: text.to_owned(),
        origin: Origin::Set,
    })
}

struct Walk<'a> {
    file: &'a str,
    text: &'a str,
    settings: Vec<Setting>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let key = if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}.{name}")
            };
            let span = table.key(name).and_then(|k| k.span()).or_else(|| item.span());
            match (item.as_table_like(), item) {
                (Some(inner), _) if !inner.is_empty() && key != "sweep" => self.table(&key, inner),
                // An empty `[data]` says nothing, and is right where the table is known.
                (Some(inner), _) => {
                    if key == "sweep" || !inner.is_empty() || !super::draft::is_table(&key) {
                        self.push(key, None, span, None);
                    }
                }
                (None, Item::Value(value)) => {
                    let taken = of_key(&key, value);
                    self.push(key, taken, span, value.span());
                }
                (None, _) => self.push(key, None, span, None),
            }
        }
    }

    fn push(
        &mut self,
        key: String,
        value: Option<ParamValue>,
        key_span: Option<Range<usize>>,
        value_span: Option<Range<usize>>,
    ) {
        let text = value_span.and_then(|s| self.text.get(s)).unwrap_or_default();
        self.settings.push(Setting {
            key,
            value,
            text: text.to_owned(),
            origin: Origin::File {
                file: self.file.to_owned(),
                line: line_of(self.text, key_span.map_or(0, |s| s.start)),
            },
        });
    }
}

/// The line, from 1, of a byte offset.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

/// The value as `key` takes it: where that is a size, `[width, height]` is one.
pub(super) fn of_key(key: &str, value: &Value) -> Option<ParamValue> {
    let takes_sizes = keys::find(key).is_some_and(|k| matches!(k.kind, KeyKind::Size { .. }));
    match value {
        Value::Array(sides) if takes_sizes => {
            let side = |i: usize| sides.get(i)?.as_integer()?.try_into().ok();
            (sides.len() == 2).then_some(())?;
            Some(keys::size_value(Size {
                width: side(0)?,
                height: side(1)?,
            }))
        }
        other => plain(other),
    }
}

pub(super) fn plain(value: &Value) -> Option<ParamValue> {
    match value {
        Value::String(v) => Some(ParamValue::Text(v.value().clone())),
        Value::Integer(v) => Some(ParamValue::Int(*v.value())),
        Value::Float(v) => Some(ParamValue::Float(*v.value())),
        Value::Boolean(v) => Some(ParamValue::Bool(*v.value())),
        Value::Datetime(_) | Value::Array(_) | Value::InlineTable(_) => None,
    }
}
