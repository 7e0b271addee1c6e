use diptych_domain::params::{ParamDecl, ParamKind, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};

use super::*;
use crate::plugin::{BenchRequest, BuildContext, Model, ModelError};

#[test]
fn the_plugins_that_come_with_diptych_are_declared_soundly() {
    Registry::builtin().check().unwrap();
}

#[test]
fn a_typo_gets_the_nearest_name() {
    let error = Registry::builtin().get("pix2pics").err().unwrap().to_string();
    assert_eq!(
        error,
        "unknown model `pix2pics` (did you mean `pix2pix`?); there are: pix2pix, cyclegan"
    );
}

/// A declaration, sound until something is changed.
#[derive(Clone)]
struct Declared {
    name: &'static str,
    summary: &'static str,
    params: Vec<ParamDecl>,
    layouts: &'static [Layout],
    losses: Vec<&'static str>,
    generator: &'static str,
}

impl Declared {
    fn sound() -> Self {
        Self {
            name: "mine",
            summary: "for tests",
            params: vec![param("depth", 3, "layers")],
            layouts: &[Layout::Aligned],
            losses: vec!["L1"],
            generator: "G",
        }
    }
}

fn param(name: &'static str, default: i64, doc: &'static str) -> ParamDecl {
    ParamDecl {
        name,
        kind: ParamKind::Int { min: 1, max: 9 },
        default: ParamValue::Int(default),
        doc,
    }
}

impl Plugin for Declared {
    fn name(&self) -> &'static str {
        self.name
    }
    fn summary(&self) -> &'static str {
        self.summary
    }
    fn params(&self) -> Vec<ParamDecl> {
        self.params.clone()
    }
    fn layouts(&self) -> &'static [Layout] {
        self.layouts
    }
    fn losses(&self, _: &Params) -> Vec<&'static str> {
        self.losses.clone()
    }
    fn networks(&self, _: &Params) -> Vec<&'static str> {
        vec!["G", "D"]
    }
    fn generator(&self) -> &'static str {
        self.generator
    }
    fn bench_params(&self, _: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        Ok(Vec::new())
    }
    fn validate(&self, _: &ExperimentSpec) -> Result<(), ModelError> {
        Ok(())
    }
    fn build(&self, _: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        Err(ModelError::Input("it is never built".into()))
    }
}

#[test]
fn each_flaw_of_a_declaration_is_named_with_its_remedy() {
    Registry::builtin().with(Declared::sound()).check().unwrap();
    let mend = |change: fn(&mut Declared)| {
        let mut plugin = Declared::sound();
        change(&mut plugin);
        Registry::builtin().with(plugin).check().unwrap_err().to_string()
    };
    for (change, message) in [
        (
            (|p| p.name = "pix2pix") as fn(&mut Declared),
            "two models are named `pix2pix`: give one of them another `Plugin::name`",
        ),
        (
            |p| p.name = "My Model",
            "`My Model` cannot be a model's name: use lower-case letters, digits, `-` and `_`, with a letter first",
        ),
        (
            |p| p.summary = " ",
            "model `mine`: it has no summary: say in `Plugin::summary` what it is, in one line",
        ),
        (
            |p| p.params[0].doc = "",
            "model `mine`: the parameter `depth` has no documentation: say in `ParamDecl::doc` what it does, in one line",
        ),
        (
            |p| p.params.push(param("depth", 1, "again")),
            "model `mine`: the parameter `depth` is declared twice",
        ),
        (
            |p| p.params[0].default = ParamValue::Int(10),
            "model `mine`: a parameter's default does not fit its declaration: parameter `depth` = `10`: expected a whole \
             number from 1 to 9",
        ),
        (|p| p.layouts = &[], "model `mine`: `Plugin::layouts` names none"),
        (|p| p.losses.clear(), "model `mine`: `Plugin::losses` names none"),
        (
            |p| p.generator = "G_A",
            "model `mine`: `G_A` is not one of its networks (G, D)",
        ),
    ] {
        assert_eq!(mend(change), message);
    }
}
