//! Reading `[sweep]`, and checking its factors against one another.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Array, Document, Item, Key, TableLike, Value};

use crate::params::ParamValue;
use crate::spec::draft::{is_table, unknown};
use crate::spec::error::{Origin, SpecIssue};
use crate::spec::keys::{self, KeyKind};
use crate::spec::setting::{self, Setting, line_of, of_key};
use crate::suggest;

/// A factor: what varies.
#[derive(Clone, Debug)]
pub struct Factor {
    /// A dotted key of the experiment, or the name of a group of variants.
    pub name: String,
    /// Its values, in order; at least one.
    pub levels: Vec<Level>,
    /// Whether the values are named variants.
    pub variants: bool,
    pub(super) origin: Origin,
}

/// One value of a factor.
#[derive(Clone, Debug)]
pub struct Level {
    /// The value, or the variant's name.
    pub value: ParamValue,
    pub(super) settings: Vec<Setting>,
}

/// Collects factors and mistakes.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub factors: Vec<Factor>,
    pub issues: Vec<SpecIssue>,
    /// Keys that one assignment sets in every cell.
    pub(super) fixed: Vec<Setting>,
    /// Whether a `[sweep]` is in the file.
    there: Option<Origin>,
}

/// What the message about an empty factor suggests.
fn example(key: &str) -> &'static str {
    match key {
        "seed" => "seed = [1, 2, 3]",
        _ => "\"params.n_layers\" = [1, 2, 3]",
    }
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            factors: Vec::new(),
            issues: Vec::new(),
            fixed: Vec::new(),
            there: None,
        }
    }

    /// Reads `[sweep]`. The text is known to be TOML.
    pub fn table(&mut self) {
        let Ok(document) = Document::parse(self.text) else {
            return;
        };
        let Some((key, item)) = document.as_table().get_key_value("sweep") else {
            return;
        };
        self.there = Some(self.origin(key.span().or_else(|| item.span())));
        match item.as_table_like() {
            Some(table) => self.entries("", table),
            None => self.refuse(
                "sweep",
                item.span(),
                None,
                "expected a table: write [sweep] on a line of its own, with its factors below".into(),
            ),
        }
    }

    fn entries(&mut self, prefix: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let key = join(prefix, name);
            let span = table.key(name).and_then(Key::span).or_else(|| item.span());
            match (item, item.as_table_like()) {
                (Item::Value(Value::Array(values)), _) => self.values(&key, values, &span),
                (_, Some(inner)) if is_table(&key) => self.entries(&key, inner),
                (_, Some(inner)) => self.variants(&key, inner, span),
                _ => {
                    let text = item.span().and_then(|s| self.text.get(s)).map(str::to_owned);
                    let problem = format!(
                        "expected a list of values, such as {}; one value for every cell goes above [sweep]",
                        example(&key)
                    );
                    self.refuse(&format!("sweep.{key}"), span, text, problem);
                }
            }
        }
    }

    /// `KEY = [A, B]`.
    fn values(&mut self, key: &str, values: &Array, span: &Option<Range<usize>>) {
        let origin = self.origin(span.clone());
        let text = self.text;
        let file = self.file;
        let settings = values.iter().map(|value| {
            let written = value.span().and_then(|s| text.get(s)).unwrap_or_default();
            let line = line_of(text, value.span().map_or(0, |s| s.start));
            Setting {
                key: key.to_owned(),
                value: of_key(key, value),
                text: written.trim().to_owned(),
                origin: Origin::File {
                    file: file.to_owned(),
                    line,
                },
            }
        });
        let settings = settings.collect();
        if let Some(factor) = self.factor(key, settings, origin) {
            if self.factors.iter().any(|f| f.name == factor.name) {
                let problem = "this factor is given twice: keep one of the two lists".into();
                self.refuse(&format!("sweep.{key}"), span.clone(), None, problem);
            } else {
                self.factors.push(factor);
            }
        }
    }

    /// A factor whose values are those of a key, if they are sound.
    pub(super) fn factor(&mut self, key: &str, settings: Vec<Setting>, origin: Origin) -> Option<Factor> {
        let refuse = |value: Option<String>, problem: String| SpecIssue {
            origin: Some(origin.clone()),
            key: Some(match &origin {
                Origin::File { .. } => format!("sweep.{key}"),
                Origin::Set => key.to_owned(),
            }),
            value,
            problem,
        };
        if key == "name" {
            let problem =
                "a name is no setting, so it cannot be a factor: cells are named after their values";
            self.issues.push(refuse(None, problem.into()));
            return None;
        }
        if !key.starts_with("params.") && keys::find(key).is_none() {
            self.issues.push(refuse(None, unknown(key)));
            return None;
        }
        if settings.is_empty() {
            let problem = format!("expected at least one value, such as {}", example(key));
            self.issues.push(refuse(Some("[]".into()), problem));
            return None;
        }
        let mut levels: Vec<Level> = Vec::new();
        let mut sound = true;
        for setting in settings {
            let mut wrong = |problem: &str| {
                sound = false;
                self.issues.push(SpecIssue {
                    origin: Some(setting.origin.clone()),
                    key: Some(key.to_owned()),
                    value: Some(setting.text.clone()),
                    problem: problem.to_owned(),
                });
            };
            let Some(value) = setting.value.clone() else {
                match keys::find(key).map(|known| known.kind) {
                    Some(kind @ KeyKind::Size { .. }) => wrong(&format!("expected {}", kind.expected())),
                    _ => wrong(
                        "expected a number, text, true or false; settings that change together are variants (see `diptych sweep --help`)",
                    ),
                }
                continue;
            };
            if levels.iter().any(|l| same(&l.value, &value)) {
                wrong("this value is in the list twice: each makes one cell, so name it once");
                continue;
            }
            levels.push(Level {
                value,
                settings: vec![setting],
            });
        }
        sound.then(|| Factor {
            name: key.to_owned(),
            levels,
            variants: false,
            origin,
        })
    }

    /// `[sweep.NAME]`: variants by name.
    fn variants(&mut self, name: &str, table: &dyn TableLike, span: Option<Range<usize>>) {
        let key = format!("sweep.{name}");
        let known = keys::find(name).is_some() || name.starts_with("params.");
        if known || name.contains('.') {
            let problem = format!(
                "expected a list of values, such as {}; variants, which set several keys at once, go under a name of \
                 your own, such as [sweep.variant]",
                example(name)
            );
            return self.refuse(&key, span, None, problem);
        }
        if table.is_empty() {
            let problem = format!(
                "expected at least one variant below [{key}], such as \"L1\" = {{ params.lambda_gan = 0 }}"
            );
            return self.refuse(&key, span, None, problem);
        }
        let mut levels = Vec::new();
        for (variant, item) in table.iter() {
            let at = table.key(variant).and_then(Key::span).or_else(|| item.span());
            let Some(inner) = item.as_table_like() else {
                let text = item.span().and_then(|s| self.text.get(s)).map(str::to_owned);
                let problem = match item.as_array() {
                    Some(_) => format!(
                        "unknown key{}; a list belongs to a key of the experiment, and a variant is a table of settings, \
                         such as {{ params.lambda_l1 = 0 }}",
                        suggest::hint(name, keys::KEYS.iter().map(|k| k.key))
                    ),
                    None => {
                        "expected the variant's settings as a table, such as { params.lambda_l1 = 0 }".into()
                    }
                };
                self.refuse(&format!("{key}.{variant}"), at, text, problem);
                continue;
            };
            let settings = setting::of_table(self.file, self.text, inner);
            for setting in settings.iter().filter(|s| s.key == "name") {
                self.issues.push(SpecIssue {
                    origin: Some(setting.origin.clone()),
                    key: Some("name".into()),
                    value: Some(setting.text.clone()),
                    problem: "a variant cannot set the name: its runs are named after the variant".into(),
                });
            }
            levels.push(Level {
                value: ParamValue::Text(variant.to_owned()),
                settings,
            });
        }
        if !levels.is_empty() {
            let origin = self.origin(span);
            self.factors.push(Factor {
                name: name.to_owned(),
                levels,
                variants: true,
                origin,
            });
        }
    }

    /// Checks the factors against one another and against the assignments.
    pub fn finish(&mut self) {
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        let mut issues = Vec::new();
        for factor in &self.factors {
            let mut own: BTreeMap<&str, &Setting> = BTreeMap::new();
            for setting in factor.levels.iter().flat_map(|l| &l.settings) {
                own.entry(&setting.key).or_insert(setting);
            }
            for (key, setting) in own {
                if let Some(other) = owners.insert(key, &factor.name) {
                    issues.push(SpecIssue {
                        origin: Some(setting.origin.clone()),
                        key: Some(key.to_owned()),
                        value: None,
                        problem: format!(
                            "the factors `{other}` and `{}` both set it, so one would undo the other: leave it to one of \
                             them",
                            factor.name
                        ),
                    });
                }
            }
        }
        for setting in &self.fixed {
            let named = self.factors.iter().find(|f| f.name == setting.key);
            let problem = match (named, owners.get(setting.key.as_str())) {
                (Some(factor), _) => format!(
                    "this is a factor of the sweep, and one value for every cell contradicts it: give a list, such as \
                     --set '{}=[{}]'",
                    setting.key,
                    match factor.levels.first().map(|l| &l.value) {
                        Some(ParamValue::Text(text)) => format!("{text:?}"),
                        Some(value) => value.to_string(),
                        None => String::new(),
                    }
                ),
                (None, Some(factor)) => format!(
                    "the variants of the factor `{factor}` set it, and one value for every cell contradicts them: change \
                     the file, or pick variants with --set '{factor}=[...]'"
                ),
                (None, None) => continue,
            };
            issues.push(SpecIssue {
                origin: Some(Origin::Set),
                key: Some(setting.key.clone()),
                value: Some(setting.text.clone()),
                problem,
            });
        }
        self.issues.extend(issues);
        if self.factors.is_empty() && self.issues.is_empty() {
            let file = self.file;
            let problem = match self.there {
                Some(_) => "expected at least one factor below [sweep], such as seed = [1, 2, 3]".to_owned(),
                None => format!(
                    "{file} has no [sweep], so there is nothing to vary: write one with factors below, such as \
                     seed = [1, 2, 3], or give one with --set 'seed=[1, 2, 3]'; `diptych train` starts a single run"
                ),
            };
            self.issues.push(SpecIssue {
                origin: self.there.clone(),
                key: Some("sweep".into()),
                value: None,
                problem,
            });
        }
    }

    fn origin(&self, span: Option<Range<usize>>) -> Origin {
        Origin::File {
            file: self.file.to_owned(),
            line: line_of(self.text, span.map_or(0, |s| s.start)),
        }
    }

    fn refuse(&mut self, key: &str, span: Option<Range<usize>>, value: Option<String>, problem: String) {
        self.issues.push(SpecIssue {
            origin: Some(self.origin(span)),
            key: Some(key.to_owned()),
            value,
            problem,
        });
    }
}

fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}.{name}"),
    }
}

/// 1 and 1.0 are one value.
fn same(a: &ParamValue, b: &ParamValue) -> bool {
    match (a, b) {
        (ParamValue::Int(a), ParamValue::Float(b)) | (ParamValue::Float(b), ParamValue::Int(a)) => {
            *a as f64 == *b
        }
        _ => a == b,
    }
}
