//! Assignments (`--set`) on top of a sweep file.

use toml_edit::{Array, Value};

use super::factors::{Level, Reader};
use crate::params::ParamValue;
use crate::spec::error::{Origin, SpecIssue};
use crate::spec::setting::{self, Setting, of_key, plain};
use crate::suggest;

impl Reader<'_> {
    /// `--set`: a list makes or replaces a factor, or picks variants. Anything else is given back as a setting of every cell.
    pub fn assignment(&mut self, assignment: &str) -> Option<Setting> {
        let setting = match setting::from_assignment(assignment) {
            Ok(setting) => setting,
            Err(issue) => {
                self.issues.push(issue);
                return None;
            }
        };
        let key = setting.key.as_str();
        let variants = self.factors.iter().position(|f| f.name == key && f.variants);
        let values = match setting.text.parse::<Value>() {
            Ok(Value::Array(values)) => values,
            Err(_) if setting.text.starts_with('[') => {
                let problem = format!(
                    "not a list that TOML can read: expected one such as {key}=[1, 2, 3] or {key}=[\"a\", \"b\"]"
                );
                self.issues.push(SpecIssue {
                    origin: Some(Origin::Set),
                    key: Some(setting.key),
                    value: Some(setting.text),
                    problem,
                });
                return None;
            }
            _ => {
                self.fixed.push(setting.clone());
                return Some(setting).filter(|_| variants.is_none());
            }
        };
        if let Some(at) = variants {
            self.pick(at, &values, &setting);
            return None;
        }
        if let Some(size) = &setting.value {
            // Elsewhere this list is one size, and in a sweep a list is a factor: whoever means one should not get the other.
            let squares: Vec<String> = values
                .iter()
                .map(|v| format!("[{0}, {0}]", v.to_string().trim()))
                .collect();
            let one = match size {
                ParamValue::Int(side) => format!("{key}={side}"),
                size => format!("{key}={size}"),
            };
            let problem = format!(
                "one size or a factor of two? For one size in every cell write {one}, for two squares {key}=[{}]",
                squares.join(", ")
            );
            self.issues.push(SpecIssue {
                origin: Some(Origin::Set),
                key: Some(setting.key.clone()),
                value: Some(setting.text.clone()),
                problem,
            });
            return None;
        }
        let settings = values
            .iter()
            .map(|value| Setting {
                key: key.to_owned(),
                value: of_key(key, value),
                text: value.to_string().trim().to_owned(),
                origin: Origin::Set,
            })
            .collect();
        if let Some(factor) = self.factor(key, settings, Origin::Set) {
            match self.factors.iter_mut().find(|f| f.name == key) {
                Some(old) => *old = factor,
                None => self.factors.push(factor),
            }
        }
        None
    }

    /// Keeps the variants that `values` names.
    fn pick(&mut self, at: usize, values: &Array, setting: &Setting) {
        let factor = &mut self.factors[at];
        let mut levels: Vec<Level> = Vec::new();
        let mut problems = Vec::new();
        for value in values {
            let wanted = plain(value);
            let names = || factor.levels.iter().map(|l| l.value.to_string());
            match factor.levels.iter().find(|l| Some(&l.value) == wanted.as_ref()) {
                Some(level) if levels.iter().any(|l| l.value == level.value) => {
                    problems.push(format!("{} is in the list twice", level.value));
                }
                Some(level) => levels.push(level.clone()),
                None => {
                    let names: Vec<String> = names().collect();
                    let word = wanted.map_or_else(|| value.to_string(), |w| w.to_string());
                    let hint = suggest::hint(&word, names.iter().map(String::as_str));
                    problems.push(format!(
                        "unknown variant `{word}`{hint}; {} has {}",
                        setting.key,
                        names.join(", ")
                    ));
                }
            }
        }
        if values.is_empty() {
            problems.push("expected at least one variant".into());
        }
        if problems.is_empty() {
            factor.levels = levels;
        }
        self.issues.extend(problems.into_iter().map(|problem| SpecIssue {
            origin: Some(Origin::Set),
            key: Some(setting.key.clone()),
            value: Some(setting.text.clone()),
            problem,
        }));
    }
}
