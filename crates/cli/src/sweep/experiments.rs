//! The files in `experiments/`: every one is read, every cell checked at each of its sizes, and every architecture built.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use diptych_domain::{DeviceChoice, ExperimentSpec};
use diptych_models::{BuildContext, Registry};
use diptych_runner::sweep::architecture;

use super::plan::check;
use crate::experiment;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The file's experiments: its cells, or the one that it is.
fn cells(path: &Path, sets: &[String]) -> Vec<ExperimentSpec> {
    let registry = Registry::builtin();
    let text = fs::read_to_string(path).unwrap();
    let mut all = vec!["data.root=some/folder".to_owned()];
    all.extend_from_slice(sets);
    if !text.contains("\n[sweep") {
        return vec![experiment::load(&registry, path, &all).unwrap().0];
    }
    let name = path.file_name().unwrap().to_str().unwrap();
    let (_, planned) = check(&registry, name, &text, &all).unwrap_or_else(|e| panic!("{e}"));
    planned.into_iter().map(|cell| cell.spec).collect()
}

/// The assignments of a variable of the justfile.
fn variable(justfile: &str, name: &str) -> Vec<String> {
    let line = justfile
        .lines()
        .find_map(|l| l.strip_prefix(name)?.trim_start().strip_prefix(":="))
        .unwrap_or_else(|| panic!("the justfile has no {name}"));
    let line = line
        .trim()
        .trim_matches('"')
        .replace("\\\"", "\"")
        .replace('\'', "");
    let sets: Vec<String> = line
        .split("--set ")
        .map(|set| set.trim().to_owned())
        .filter(|set| !set.is_empty())
        .collect();
    assert!(!sets.is_empty(), "{name}");
    sets
}

/// The recipe that sweeps over `file`, and the variables with its small size.
fn small(justfile: &str, file: &str) -> Vec<String> {
    let recipe = justfile
        .lines()
        .find(|l| l.contains(&format!("sweep experiments/{file} ")))
        .unwrap_or_else(|| panic!("no recipe for {file}"));
    recipe
        .split("{{")
        .filter_map(|part| part.split_once("}}"))
        .filter_map(|(name, _)| name.trim().strip_suffix("_size"))
        .flat_map(|name| variable(justfile, &format!("{name}_small")))
        .collect()
}

#[test]
fn every_experiment_is_valid_and_every_cell_can_be_built() {
    let justfile = fs::read_to_string(root().join("justfile")).unwrap();
    let registry = Registry::builtin();
    let mut built = BTreeSet::new();
    let mut sweeps = Vec::new();
    for entry in fs::read_dir(root().join("experiments")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue; // the reports
        }
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let paper = cells(&path, &[]);
        assert!(paper.iter().all(|spec| Path::new(&spec.data.root).is_absolute()));
        // Wide networks take a while to build, and their shapes follow from the narrow ones'.
        let mut sets = vec!["params.ngf=4".to_owned(), "params.ndf=4".to_owned()];
        if paper.len() > 1 {
            let small = small(&justfile, &file);
            assert_eq!(cells(&path, &small).len(), paper.len(), "{file}");
            sets = small
                .into_iter()
                .filter(|set| !set.contains("ngf=") && !set.contains("ndf="))
                .chain(sets)
                .collect();
            sweeps.push((file.clone(), paper.len()));
        }
        for spec in cells(&path, &sets) {
            if built.insert(architecture(&spec)) {
                let plugin = registry.get(&spec.model).unwrap();
                let context = BuildContext {
                    spec,
                    device: DeviceChoice::Cpu,
                };
                let model = plugin.build(&context).unwrap_or_else(|e| panic!("{file}: {e}"));
                assert!(
                    model.parameter_counts().iter().all(|(_, count)| *count > 0),
                    "{file}"
                );
            }
        }
    }
    sweeps.sort();
    let expected = [
        ("cyclegan-generator.toml", 9),
        ("cyclegan-identity.toml", 12),
        ("cyclegan-losses.toml", 15),
        ("pix2pix-generator.toml", 12),
        ("pix2pix-lambda.toml", 12),
        ("pix2pix-losses.toml", 15),
        ("pix2pix-patchgan.toml", 18),
    ];
    assert_eq!(sweeps, expected.map(|(file, cells)| (file.to_owned(), cells)));
}
