//! The file that changes keys:
//!
//! ```toml
//! [anywhere]
//! quit = ["q", "ctrl-q"]
//! [charts]
//! log-y = "Y"
//! blink = []        # no key; the palette still has it
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

use diptych_domain::suggest;
use toml::{Table, Value};

use super::{Chord, Keymap};
use crate::action::{ACTIONS, Place};

/// A mistake in a key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIssue {
    /// The table and the key in it: `charts.log-y`.
    pub key: String,
    /// What is wrong, and what would be valid.
    pub problem: String,
}

impl fmt::Display for KeyIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.key, self.problem)
    }
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// Names or keys that there are not.
    #[error("{}: {}", path.display(), issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Every mistake.
        issues: Vec<KeyIssue>,
    },
}

impl Keymap {
    /// The keys with those of a file on top of them.
    ///
    /// # Errors
    /// Where it cannot be read, is not TOML, or names places, actions or keys that there are not.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeyFileError::Read {
            path: path.to_owned(),
            source,
        })?;
        let table: Table = text.parse().map_err(|e: toml::de::Error| KeyFileError::Syntax {
            path: path.to_owned(),
            message: e.to_string().trim().to_owned(),
        })?;
        let (map, issues) = Self::from_table(&table);
        if issues.is_empty() {
            Ok(map)
        } else {
            Err(KeyFileError::Wrong {
                path: path.to_owned(),
                issues,
            })
        }
    }

    fn from_table(table: &Table) -> (Self, Vec<KeyIssue>) {
        let mut map = Self::default();
        let mut issues = Vec::new();
        for (name, content) in table {
            let mut refuse = |key: String, problem: String| issues.push(KeyIssue { key, problem });
            let Some(place) = Place::ALL.into_iter().find(|p| p.id() == name) else {
                let ids = Place::ALL.map(Place::id);
                let hint = suggest::hint(name, ids);
                refuse(
                    name.clone(),
                    format!("no such place{hint}; there are {}", ids.join(", ")),
                );
                continue;
            };
            let Value::Table(content) = content else {
                refuse(name.clone(), format!("expected a table of actions: [{name}]"));
                continue;
            };
            for (id, keys) in content {
                let key = format!("{name}.{id}");
                let here = || ACTIONS.iter().filter(|i| i.places.contains(&place));
                let Some(info) = here().find(|i| i.id == id) else {
                    let hint = suggest::hint(id, here().map(|i| i.id));
                    let ids: Vec<&str> = here().map(|i| i.id).collect();
                    refuse(
                        key,
                        format!("no such action{hint}; [{name}] has {}", ids.join(", ")),
                    );
                    continue;
                };
                match chords(keys) {
                    Ok(chords) => map.set(place, info.action, chords),
                    Err(problem) => refuse(key, problem),
                }
            }
        }
        for place in Place::ALL {
            issues.extend(map.clash(place));
        }
        (map, issues)
    }

    /// A key that two actions of a place claim.
    fn clash(&self, place: Place) -> Option<KeyIssue> {
        for info in ACTIONS.iter().filter(|i| i.places.contains(&place)) {
            for chord in self.keys(place, info.action) {
                let other = self.bound.get(&(place, *chord)).filter(|a| **a != info.action);
                if let Some(other) = other {
                    return Some(KeyIssue {
                        key: format!("{}.{}", place.id(), info.id),
                        problem: format!(
                            "`{chord}` is also the key of {}; give that another",
                            other.info().id
                        ),
                    });
                }
            }
        }
        None
    }
}

fn chords(value: &Value) -> Result<Vec<Chord>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => text.parse::<Chord>().map_err(|e| e.to_string()),
        other => Err(format!("expected a key such as \"ctrl-q\", not {other}")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        single => one(single).map(|c| vec![c]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;

    fn read(text: &str) -> (Keymap, Vec<String>) {
        let (map, issues) = Keymap::from_table(&text.parse().unwrap());
        (map, issues.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_file_replaces_the_keys_that_it_names() {
        let (map, issues) = read("[anywhere]\nquit = \"ctrl-q\"\n[images]\nblink = []\n");
        assert_eq!(issues, Vec::<String>::new());
        assert_eq!(map.lookup(Place::Runs, "q".parse().unwrap()), None);
        assert_eq!(
            map.lookup(Place::Runs, "ctrl-q".parse().unwrap()),
            Some(Action::Quit)
        );
        assert_eq!(map.lookup(Place::Images, "b".parse().unwrap()), None);
    }

    #[test]
    fn mistakes_name_what_would_be_right() {
        let (_, issues) =
            read("[chart]\nlog-y = \"Y\"\n[charts]\nlogy = \"Y\"\naxis = \"ctrll-a\"\nmetrics = 3\n");
        insta::assert_snapshot!(issues.join("\n"));
        let (_, issues) = read("[charts]\naxis = \"m\"\n");
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert!(issues[0].contains("is also the key of"), "{issues:?}");
    }
}
