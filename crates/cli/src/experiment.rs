//! From an experiment file and `--set` to a checked experiment and its plugin.

use std::path::Path;

use diptych_domain::spec::{Draft, SpecError, keys};
use diptych_domain::{ExperimentSpec, suggest};
use diptych_models::{ModelError, Plugin, Registry};

use crate::failure::{Failure, chain};

/// A checked experiment with its plugin.
pub type Experiment<'r> = (ExperimentSpec, &'r dyn Plugin);

/// Reads an experiment file with assignments on top of it.
pub fn load<'r>(registry: &'r Registry, path: &Path, sets: &[String]) -> Result<Experiment<'r>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}{}", path.display(), near(path))))?;
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
pub fn check(registry: &Registry, mut draft: Draft) -> Result<Experiment<'_>, Failure> {
    let wrong = |e: SpecError| Failure::usage(e.to_string());
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
        draft.check().map_err(wrong)?;
        return Err(Failure::usage("the experiment names no model"));
    };
    let mut spec = draft.resolve(plugin.name(), &plugin.params()).map_err(wrong)?;
    if let Err(e) = plugin.validate(&spec) {
        let ModelError::Setting { key, problem, .. } = &e else {
            return Err(Failure::usage(chain(&e)));
        };
        draft.refuse(key, problem.as_str());
        draft.check().map_err(wrong)?;
    }
    // The run must find its data from whatever folder it is resumed in.
    let root = std::path::absolute(&spec.data.root)?;
    spec.data.root = root
        .into_os_string()
        .into_string()
        .map_err(|p| Failure::usage(format!("data.root: the path {} is not valid UTF-8", p.display())))?;
    Ok((spec, plugin))
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
    fn the_experiments_that_come_with_diptych_are_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let registry = Registry::builtin();
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let (spec, plugin) = load(&registry, &path, &["data.root=facades".into()]).unwrap();
            assert!(Path::new(&spec.data.root).is_absolute());
            assert_eq!(plugin.name(), spec.model);
            count += 1;
        }
        assert!(count >= 2);
    }

    #[test]
    fn a_missing_file_is_suggested() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/facade.toml");
        let failure = load(&Registry::builtin(), &path, &[]).map(|_| ()).unwrap_err();
        assert!(failure.to_string().contains("facades.toml?"), "{failure}");
    }
}
