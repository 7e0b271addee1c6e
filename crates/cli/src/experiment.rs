//! From an experiment file and `--set` to a checked experiment and its plugin.

use std::io;
use std::path::{Component, Path, PathBuf};

use diptych_domain::spec::{Draft, SpecError, SpecIssue, keys};
use diptych_domain::{ExperimentSpec, suggest};
use diptych_models::{ModelError, Plugin, Registry};

use crate::failure::{Failure, chain};

/// A checked experiment with its plugin.
pub type Experiment<'r> = (ExperimentSpec, &'r dyn Plugin);

/// Reads an experiment file with assignments on top of it.
pub fn load<'r>(registry: &'r Registry, path: &Path, sets: &[String]) -> Result<Experiment<'r>, Failure> {
    let text = read(path)?;
    check(registry, Draft::parse(&path.display().to_string(), &text, sets))
}

/// Changes a resolved experiment by assignments.
pub fn change<'r>(
    registry: &'r Registry,
    spec: ExperimentSpec,
    sets: &[String],
) -> Result<Experiment<'r>, Failure> {
    check(registry, Draft::from_spec(spec, sets))
}

/// The keys whose values differ between two experiments of one model.
pub fn changed(before: &ExperimentSpec, after: &ExperimentSpec) -> Vec<String> {
    let names = after.params.keys().map(|name| format!("params.{name}"));
    keys::KEYS
        .iter()
        .map(|k| k.key.to_owned())
        .chain(names)
        .filter(|key| keys::value(before, key) != keys::value(after, key))
        .collect()
}

/// Gives `to` the value that `key` has in `from`.
pub fn copy_key(from: &ExperimentSpec, to: &mut ExperimentSpec, key: &str) {
    match (key.strip_prefix("params."), keys::value(from, key)) {
        (Some(name), Some(value)) => drop(to.params.insert(name.to_owned(), value)),
        (None, Some(value)) => {
            keys::find(key).map(|k| k.set(to, &value));
        }
        _ => {}
    }
}

/// Resolves a draft with its plugin, and lets the plugin check the whole.
pub fn check(registry: &Registry, draft: Draft) -> Result<Experiment<'_>, Failure> {
    resolve(registry, draft).map_err(|e| Failure::usage(e.to_string()))
}

/// As [`check`], with the mistakes one by one.
pub fn resolve(registry: &Registry, mut draft: Draft) -> Result<Experiment<'_>, SpecError> {
    let plugin = match draft.model() {
        None => None,
        Some(name) => match registry.get(name) {
            Ok(plugin) => Some(plugin),
            Err(e) => {
                draft.refuse(
                    "model",
                    format!("unknown model{}; there are {}", e.hint, e.valid.join(", ")),
                );
                None
            }
        },
    };
    let Some(plugin) = plugin else {
        draft.check()?;
        return Err(mistake("the experiment names no model"));
    };
    let mut spec = draft.resolve(plugin.name(), &plugin.params())?;
    if let Err(e) = plugin.validate(&spec) {
        let ModelError::Setting { key, problem, .. } = &e else {
            return Err(mistake(chain(&e)));
        };
        draft.refuse(key, problem.as_str());
        draft.check()?;
    }
    // The run must find its data from whatever folder it is resumed in.
    let root = absolute(Path::new(&spec.data.root)).map_err(|e| mistake(format!("data.root: {e}")))?;
    spec.data.root = root
        .into_os_string()
        .into_string()
        .map_err(|p| mistake(format!("data.root: the path {} is not valid UTF-8", p.display())))?;
    Ok((spec, plugin))
}

/// The path from the root of the file system, the same however it was spelt: experiments with equal paths are equal.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    // Components leave out trailing slashes.
    let path: PathBuf = std::path::absolute(path)?.components().collect();
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    // `..` behind a symbolic link leads elsewhere than to where the link lies.
    let same =
        path == plain || matches!((path.canonicalize(), plain.canonicalize()), (Ok(a), Ok(b)) if a == b);
    Ok(if same { plain } else { path })
}

fn mistake(problem: impl Into<String>) -> SpecError {
    SpecError {
        issues: vec![SpecIssue {
            origin: None,
            key: None,
            value: None,
            problem: problem.into(),
        }],
    }
}

/// The text of an experiment file.
pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}{}", path.display(), near(path))))
}

/// A hint at a file that has nearly this name.
fn near(path: &Path) -> String {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let wanted = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    match suggest::nearest(wanted, names.iter().map(String::as_str)) {
        Some(name) if name != wanted => format!(" (did you mean {}?)", folder.join(name).display()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, sets: &[&str]) -> String {
        let registry = Registry::builtin();
        match check(&registry, Draft::parse("e.toml", text, sets)) {
            Ok(_) => "accepted".into(),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn mistakes_that_only_the_plugin_knows_come_with_their_line_too() {
        let file = "model = \"pix2pix\"\n[data]\nroot = \"a\"\ncrop_size = 100\n";
        let text = message(file, &[]);
        assert!(text.starts_with("e.toml:4: `data.crop_size = 100`: "), "{text}");
        let text = message("model = \"pix2pics\"\ndata.root = \"a\"\n", &[]);
        assert_eq!(
            text.split(';').next(),
            Some("e.toml:1: `model = \"pix2pics\"`: unknown model (did you mean `pix2pix`?)")
        );
        let text = message(file, &["data.crop_size=256", "params.n_layer=3"]);
        assert!(
            text.starts_with("--set: `params.n_layer = 3`: unknown parameter (did you mean `n_layers`?)"),
            "{text}"
        );
    }

    #[test]
    fn a_folder_has_one_spelling() {
        let dir = std::env::current_dir().unwrap();
        for spelling in ["src", "src/", "./src//", "src/../src", "src/render/.."] {
            assert_eq!(
                absolute(Path::new(spelling)).unwrap().as_os_str(),
                dir.join("src").as_os_str()
            );
        }
        // What is not there is taken at its word.
        let nowhere = absolute(Path::new("nowhere/../src/")).unwrap();
        assert_eq!(nowhere.as_os_str(), dir.join("nowhere/../src").as_os_str());
    }

    #[test]
    fn a_missing_file_is_suggested() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/facade.toml");
        let failure = load(&Registry::builtin(), &path, &[]).map(|_| ()).unwrap_err();
        assert!(failure.to_string().contains("facades.toml?"), "{failure}");
    }
}
