//! A command line that makes a run again.

use std::collections::BTreeMap;

use diptych_domain::RunSummary;

use crate::compute::EXACT;

/// `diptych train` of the resolved experiment, which stands in the command itself: nothing but the data has to be there.
pub fn command(run: &RunSummary, environment: &BTreeMap<String, String>) -> String {
    let mut options = format!(" --device {}", run.device);
    if let Some(threads) = environment.get("threads") {
        options += &format!(" --threads {threads}");
    }
    if environment.get("arithmetic").is_some_and(|a| a == EXACT) {
        options += " --exact";
    }
    let spec = toml::to_string(&run.spec).unwrap_or_default();
    format!(
        "diptych train /dev/stdin{options} <<'EXPERIMENT'\n{}\nEXPERIMENT\n",
        spec.trim_end()
    )
}

#[cfg(test)]
mod tests {
    use diptych_domain::spec::Draft;
    use diptych_models::Registry;

    use super::*;
    use crate::experiment;

    #[test]
    fn the_command_holds_the_whole_experiment() {
        let registry = Registry::builtin();
        let file =
            "model = \"pix2pix\"\nname = \"a\"\nseed = 7\n[data]\nroot = \"/sets/a b\"\n[optim]\nlr = 1e-5\n";
        let (spec, _) = experiment::check(&registry, Draft::parse("e.toml", file, &[] as &[&str])).unwrap();
        let run: RunSummary = serde_json::from_value(serde_json::json!({
            "id": "0193", "name": "a", "status": "finished", "message": null, "model": "pix2pix", "tags": [], "note": "",
            "created": 0.0, "updated": 0.0, "epoch": 0, "step": 0, "total_steps": 0, "device": "cpu", "code_version": "",
            "data_fingerprint": null, "archived": false, "parent": null, "spec": spec, "metrics": {},
        }))
        .unwrap();
        let environment = BTreeMap::from([
            ("threads".to_owned(), "2".to_owned()),
            ("arithmetic".to_owned(), "exact".to_owned()),
        ]);
        let command = command(&run, &environment);
        let (first, rest) = command.split_once('\n').unwrap();
        assert_eq!(
            first,
            "diptych train /dev/stdin --device cpu --threads 2 --exact <<'EXPERIMENT'"
        );
        let toml = rest.strip_suffix("EXPERIMENT\n").unwrap();
        let (again, _) = experiment::check(&registry, Draft::parse("e.toml", toml, &[] as &[&str])).unwrap();
        assert_eq!(again, spec);
    }
}
