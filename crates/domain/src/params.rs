//! Hyperparameters: how a plugin declares them and how values are checked against the declaration.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A hyperparameter's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A word.
    Text(String),
}

impl ParamValue {
    /// The value's type as users call it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "text",
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Float(v) => write!(f, "{v:?}"),
            Self::Text(v) => f.write_str(v),
        }
    }
}

/// What values a hyperparameter takes. Ranges are inclusive.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamKind {
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A finite number in a range (whole numbers are accepted too).
    Float {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// One of some words.
    Choice(&'static [&'static str]),
}

/// A plugin's declaration of one hyperparameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamDecl {
    /// The key under `[params]`.
    pub name: &'static str,
    /// What values it takes.
    pub kind: ParamKind,
    /// The value where none is given.
    pub default: ParamValue,
    /// One line for `diptych models`.
    pub doc: &'static str,
}

/// Hyperparameters by name, in name order.
pub type Params = BTreeMap<String, ParamValue>;

/// A value that does not fit a declaration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// No such hyperparameter.
    #[error("unknown parameter `{name}`{hint}; {model} takes {}", valid.join(", "))]
    Unknown {
        /// The key as written.
        name: String,
        /// The plugin.
        model: String,
        /// ` (did you mean …?)` or nothing.
        hint: String,
        /// All valid keys.
        valid: Vec<&'static str>,
    },
    /// The wrong type, out of range, or no such choice.
    #[error("parameter `{name}` = `{value}`{hint}: expected {expected}")]
    Invalid {
        /// The key.
        name: String,
        /// The value as written.
        value: String,
        /// What would be valid.
        expected: String,
        /// ` (did you mean …?)` or nothing.
        hint: String,
    },
}

impl ParamError {
    /// The key that the error is about.
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown { name, .. } | Self::Invalid { name, .. } => name,
        }
    }
}

impl ParamKind {
    /// What would be valid, in words.
    pub fn expected(&self) -> String {
        match self {
            Self::Bool => "true or false".into(),
            Self::Int { min, max: i64::MAX } => format!("a whole number, {min} or more"),
            Self::Int { min, max } => format!("a whole number from {min} to {max}"),
            Self::Float { min, max } if max.is_infinite() => format!("a number, {min} or more"),
            Self::Float { min, max } => format!("a number from {min} to {max}"),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }

    /// The value in the kind's own type, or nothing where it does not fit.
    fn accept(&self, value: &ParamValue) -> Option<ParamValue> {
        match (self, value) {
            (Self::Bool, ParamValue::Bool(_)) => Some(value.clone()),
            (Self::Int { min, max }, ParamValue::Int(v)) => (min..=max).contains(&v).then(|| value.clone()),
            (Self::Float { min, max }, ParamValue::Float(v)) => {
                (v.is_finite() && v >= min && v <= max).then(|| value.clone())
            }
            (Self::Float { .. }, ParamValue::Int(v)) => self.accept(&ParamValue::Float(*v as f64)),
            (Self::Choice(words), ParamValue::Text(v)) => words.contains(&v.as_str()).then(|| value.clone()),
            _ => None,
        }
    }
}

/// Checks `given` against a plugin's declarations and fills in the defaults.
///
/// # Errors
/// The first value, in name order, that is unknown, of the wrong type or out of range.
pub fn resolve(model: &str, decls: &[ParamDecl], given: &Params) -> Result<Params, ParamError> {
    let mut out: Params = decls
        .iter()
        .map(|d| (d.name.to_owned(), d.default.clone()))
        .collect();
    for (name, value) in given {
        let Some(decl) = decls.iter().find(|d| d.name == name) else {
            let valid: Vec<&'static str> = decls.iter().map(|d| d.name).collect();
            let hint = crate::suggest::hint(name, valid.iter().copied());
            return Err(ParamError::Unknown {
                name: name.clone(),
                model: model.to_owned(),
                hint,
                valid,
            });
        };
        let Some(accepted) = decl.kind.accept(value) else {
            let hint = match (&decl.kind, value) {
                (ParamKind::Choice(words), ParamValue::Text(v)) => {
                    crate::suggest::hint(v, words.iter().copied())
                }
                _ => String::new(),
            };
            return Err(ParamError::Invalid {
                name: name.clone(),
                value: value.to_string(),
                expected: decl.kind.expected(),
                hint,
            });
        };
        out.insert(name.clone(), accepted);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decls() -> Vec<ParamDecl> {
        vec![
            ParamDecl {
                name: "n_layers",
                kind: ParamKind::Int { min: 1, max: 6 },
                default: ParamValue::Int(3),
                doc: "layers",
            },
            ParamDecl {
                name: "lambda_l1",
                kind: ParamKind::Float {
                    min: 0.0,
                    max: f64::INFINITY,
                },
                default: ParamValue::Float(100.0),
                doc: "weight",
            },
            ParamDecl {
                name: "norm",
                kind: ParamKind::Choice(&["batch", "instance"]),
                default: ParamValue::Text("batch".into()),
                doc: "norm",
            },
        ]
    }

    fn one(name: &str, value: ParamValue) -> Result<Params, ParamError> {
        resolve("pix2pix", &decls(), &Params::from([(name.to_owned(), value)]))
    }

    #[test]
    fn defaults_fill_in_and_whole_numbers_become_floats() {
        let p = one("lambda_l1", ParamValue::Int(10)).unwrap();
        assert_eq!(p["lambda_l1"], ParamValue::Float(10.0));
        assert_eq!(p["n_layers"], ParamValue::Int(3));
    }

    #[test]
    fn each_mistake_names_what_would_be_valid() {
        let text = |r: Result<Params, ParamError>| r.unwrap_err().to_string();
        assert_eq!(
            text(one("n_layer", ParamValue::Int(3))),
            "unknown parameter `n_layer` (did you mean `n_layers`?); pix2pix takes n_layers, lambda_l1, norm"
        );
        assert_eq!(
            text(one("n_layers", ParamValue::Int(9))),
            "parameter `n_layers` = `9`: expected a whole number from 1 to 6"
        );
        assert_eq!(
            text(one("lambda_l1", ParamValue::Float(-1.0))),
            "parameter `lambda_l1` = `-1.0`: expected a number, 0 or more"
        );
        assert_eq!(
            text(one("lambda_l1", ParamValue::Float(f64::NAN))),
            "parameter `lambda_l1` = `NaN`: expected a number, 0 or more"
        );
        assert_eq!(
            text(one("norm", ParamValue::Text("bach".into()))),
            "parameter `norm` = `bach` (did you mean `batch`?): expected one of batch, instance"
        );
        assert_eq!(
            text(one("n_layers", ParamValue::Text("3".into()))),
            "parameter `n_layers` = `3`: expected a whole number from 1 to 6"
        );
    }
}
