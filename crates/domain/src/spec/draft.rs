//! An experiment on its way from text to a checked [`ExperimentSpec`].

use std::collections::BTreeMap;

use super::error::{Origin, SpecError, SpecIssue};
use super::keys::{self, KEYS, KeyKind};
use super::setting::{self, Setting};
use super::{DataSpec, ExperimentSpec, LogSpec, OptimSpec};
use crate::params::{self, ParamDecl, ParamError, ParamValue, Params};
use crate::suggest;

/// The tables that an experiment file may hold.
const TABLES: [&str; 4] = ["data", "params", "optim", "log"];

pub(super) fn is_table(key: &str) -> bool {
    TABLES.contains(&key)
}

/// An experiment whose own keys have been read, and whose `[params]` wait for the plugin's declarations.
///
/// Mistakes are collected, not thrown: [`Draft::resolve`] reports all of them at once.
#[derive(Clone, Debug)]
pub struct Draft {
    spec: ExperimentSpec,
    params: Params,
    origins: BTreeMap<String, (Origin, String)>,
    issues: Vec<SpecIssue>,
}

impl Draft {
    /// Reads an experiment file's text and the `--set KEY=VALUE` assignments on top of it. `file` is only
    /// named in messages.
    pub fn parse<S: AsRef<str>>(file: &str, text: &str, assignments: &[S]) -> Self {
        let mut draft = Self::empty();
        match setting::from_toml(file, text) {
            Ok(settings) => draft.take_all(settings),
            Err(issue) => draft.issues.push(issue),
        }
        draft.assign(assignments);
        draft.require(file);
        draft
    }

    /// A resolved experiment with `--set KEY=VALUE` assignments on top of it.
    pub fn from_spec<S: AsRef<str>>(spec: ExperimentSpec, assignments: &[S]) -> Self {
        let mut draft = Self {
            params: spec.params.clone(),
            spec,
            ..Self::empty()
        };
        draft.assign(assignments);
        draft
    }

    /// Settings in the order in which they count.
    pub(super) fn from_settings(file: &str, settings: Vec<Setting>) -> Self {
        let mut draft = Self::empty();
        draft.take_all(settings);
        draft.require(file);
        draft
    }

    /// The experiment's name, where it has one.
    pub fn name(&self) -> Option<&str> {
        self.spec.name.as_deref()
    }

    fn empty() -> Self {
        Self {
            spec: ExperimentSpec {
                model: String::new(),
                name: None,
                seed: 1,
                data: DataSpec::default(),
                params: Params::new(),
                optim: OptimSpec::default(),
                log: LogSpec::default(),
            },
            params: Params::new(),
            origins: BTreeMap::new(),
            issues: Vec::new(),
        }
    }

    /// The plugin that the experiment names, where it names one.
    pub fn model(&self) -> Option<&str> {
        Some(self.spec.model.as_str()).filter(|m| !m.is_empty())
    }

    /// Notes a mistake that others found in the value of `key`, so that it is reported with its place.
    pub fn refuse(&mut self, key: &str, problem: impl Into<String>) {
        let (origin, value) = match self.origins.get(key) {
            Some((origin, text)) => (Some(origin.clone()), Some(text.clone())),
            None => (None, self.current(key)),
        };
        self.issues.push(SpecIssue {
            origin,
            key: Some(key.to_owned()),
            value,
            problem: problem.into(),
        });
    }

    /// Checks `[params]` against the plugin's declarations, then the settings against one another.
    ///
    /// # Errors
    /// Every mistake found so far, those of [`Draft::refuse`] included.
    pub fn resolve(&mut self, model: &str, decls: &[ParamDecl]) -> Result<ExperimentSpec, SpecError> {
        for (name, value) in self.params.clone() {
            // One at a time, since `params::resolve` stops at the first mistake.
            match params::resolve(model, decls, &Params::from([(name.clone(), value)])) {
                Ok(_) => {}
                Err(ParamError::Unknown { hint, valid, .. }) => self.refuse(
                    &format!("params.{name}"),
                    format!("unknown parameter{hint}; {model} takes {}", valid.join(", ")),
                ),
                Err(ParamError::Invalid { expected, hint, .. }) => {
                    self.refuse(&format!("params.{name}"), format!("expected {expected}{hint}"));
                }
            }
        }
        self.check()?;
        let mut spec = self.spec.clone();
        spec.params = params::resolve(model, decls, &self.params).map_err(|e| SpecError {
            issues: vec![SpecIssue {
                origin: None,
                key: Some(format!("params.{}", e.name())),
                value: None,
                problem: e.to_string(),
            }],
        })?;
        // What is refused from here on shows the value that a default gave it.
        self.params.clone_from(&spec.params);
        Ok(spec)
    }

    /// Checks the settings against one another and reports what has been found so far: for experiments whose
    /// plugin is unknown.
    ///
    /// # Errors
    /// Every mistake found so far.
    pub fn check(&mut self) -> Result<(), SpecError> {
        let data = &self.spec.data;
        if !data.load_size.holds(data.crop_size) {
            let (load, crop) = (data.load_size, data.crop_size);
            // Blame the one that was written; the other may be a default that the user has not seen.
            let key = match (
                self.origins.get("data.load_size"),
                self.origins.get("data.crop_size"),
            ) {
                (None, Some(_)) => "data.crop_size",
                _ => "data.load_size",
            };
            let expected = if load.is_square() && crop.is_square() {
                "load_size >= crop_size".to_owned()
            } else {
                let (w, h) = (load.width.max(crop.width), load.height.max(crop.height));
                format!("load_size to be at least as wide and as high (width x height), such as [{w}, {h}]")
            };
            self.refuse(
                key,
                format!(
                    "images are resized to load_size = {load} and then cropped to crop_size = {crop}: \
                     expected {expected}"
                ),
            );
        }
        if self.spec.optim.total_epochs() == 0 {
            self.refuse(
                "optim.epochs",
                "epochs and decay_epochs are both 0, so there is nothing to train: expected at least 1 in total",
            );
        }
        if self.issues.is_empty() {
            return Ok(());
        }
        let mut issues = std::mem::take(&mut self.issues);
        issues.sort_by_key(|i| match &i.origin {
            Some(Origin::File { line, .. }) => (0, *line),
            Some(Origin::Set) => (1, 0),
            None => (2, 0),
        });
        Err(SpecError { issues })
    }

    fn require(&mut self, file: &str) {
        if self.issues.iter().any(|i| i.key.is_none()) {
            return; // the text is not TOML: whatever is missing may be there
        }
        let missing = |key: &str, problem: String| SpecIssue {
            origin: None,
            key: Some(key.to_owned()),
            value: None,
            problem,
        };
        let wrong = |key: &str, issues: &[SpecIssue]| issues.iter().any(|i| i.key.as_deref() == Some(key));
        if self.spec.model.is_empty() && !wrong("model", &self.issues) {
            let problem =
                format!("missing from {file}: expected the name of a model, such as model = \"pix2pix\"");
            self.issues.push(missing("model", problem));
        }
        if self.spec.data.root.is_empty() && !wrong("data.root", &self.issues) {
            let problem = format!(
                "missing from {file}: expected the folder of the data set; give it with --set data.root=DIR"
            );
            self.issues.push(missing("data.root", problem));
        }
    }

    fn assign<S: AsRef<str>>(&mut self, assignments: &[S]) {
        let (good, bad): (Vec<_>, Vec<_>) = assignments
            .iter()
            .map(|a| setting::from_assignment(a.as_ref()))
            .partition(Result::is_ok);
        self.issues.extend(bad.into_iter().filter_map(Result::err));
        self.take_all(good.into_iter().filter_map(Result::ok).collect());
    }

    fn take_all(&mut self, settings: Vec<Setting>) {
        for setting in settings {
            if let Err(problem) = self.take(&setting) {
                self.issues.push(SpecIssue {
                    value: Some(setting.text.clone()).filter(|t| !t.is_empty()),
                    origin: Some(setting.origin),
                    key: Some(setting.key),
                    problem,
                });
            } else {
                // A later assignment mends an earlier mistake in the same key.
                self.issues.retain(|i| i.key.as_deref() != Some(&setting.key));
                self.origins.insert(setting.key, (setting.origin, setting.text));
            }
        }
    }

    fn take(&mut self, setting: &Setting) -> Result<(), String> {
        let key = setting.key.as_str();
        if key == "sweep" || key.starts_with("sweep.") {
            let file = match &setting.origin {
                Origin::File { file, .. } => file,
                Origin::Set => "FILE",
            };
            return Err(format!(
                "this makes a sweep of several runs: start them all with `diptych sweep {file}`, or remove [sweep] and \
                 start one with its values, such as --set params.n_layers=3"
            ));
        }
        if let Some(name) = key.strip_prefix("params.") {
            let Some(value) = &setting.value else {
                return Err("expected a number, text, true or false".into());
            };
            self.params.insert(name.to_owned(), value.clone());
            return Ok(());
        }
        let Some(known) = keys::find(key) else {
            return Err(unknown(key));
        };
        let value = match (&known.kind, &setting.origin) {
            // On the command line 2024 and true are as good a folder name as any.
            (KeyKind::Text, Origin::Set) if !matches!(setting.value, Some(ParamValue::Text(_))) => {
                Some(ParamValue::Text(setting.text.clone()))
            }
            _ => setting.value.clone(),
        };
        if value.is_some_and(|v| known.set(&mut self.spec, &v)) {
            return Ok(());
        }
        let hint = match (&known.kind, &setting.value) {
            (KeyKind::Choice(words), Some(ParamValue::Text(word))) => {
                suggest::hint(word, words.iter().copied())
            }
            _ => String::new(),
        };
        Err(format!("expected {}{hint}", known.kind.expected()))
    }

    fn current(&self, key: &str) -> Option<String> {
        let value = match key.strip_prefix("params.") {
            Some(name) => self.params.get(name).cloned(),
            None => keys::find(key).map(|k| k.get(&self.spec)),
        };
        value.map(|v| v.to_string()).filter(|v| !v.is_empty())
    }
}

/// The message about a key that is none: the nearest one, or the keys of its table.
pub(super) fn unknown(key: &str) -> String {
    if is_table(key) {
        return format!("expected a table: write [{key}] on a line of its own, with its keys below");
    }
    let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
    if let Some(parent) = keys::find(table) {
        return format!(
            "`{table}` takes no keys of its own: expected {}",
            parent.kind.expected()
        );
    }
    let in_table: Vec<&str> = KEYS
        .iter()
        .map(|k| k.key)
        .filter(|k| k.rsplit_once('.').map_or("", |(t, _)| t) == table)
        .collect();
    let names = in_table.iter().map(|k| k.rsplit('.').next().unwrap_or(k));
    if let Some(near) = suggest::nearest(name, names.clone()) {
        let near = if table.is_empty() {
            near.to_owned()
        } else {
            format!("{table}.{near}")
        };
        return format!("unknown key (did you mean `{near}`?)");
    }
    // The right key in the wrong table, such as `lr` at the top.
    if let Some(elsewhere) = KEYS.iter().find(|k| k.key.rsplit('.').next() == Some(name)) {
        return format!("unknown key (did you mean `{}`?)", elsewhere.key);
    }
    if !in_table.is_empty() && !table.is_empty() {
        return format!(
            "unknown key; [{table}] takes {}",
            names.collect::<Vec<_>>().join(", ")
        );
    }
    let first = key.split('.').next().unwrap_or(key);
    let hint = suggest::hint(first, TABLES);
    format!("unknown key{hint}; an experiment has model, name, seed, [data], [params], [optim] and [log]")
}
