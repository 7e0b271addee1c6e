use diptych_domain::DeviceChoice;
use diptych_domain::spec::{DataSpec, LogSpec, OptimSpec};

use super::*;
use crate::Registry;

/// Panics in the method that its parameter names.
struct Clumsy;

struct ClumsyModel(String);

impl ClumsyModel {
    fn reach(&self, call: &str) {
        assert!(self.0 != call, "stumbled in {call}");
    }
}

impl Plugin for Clumsy {
    fn name(&self) -> &'static str {
        "clumsy"
    }
    fn summary(&self) -> &'static str {
        "for tests"
    }
    fn params(&self) -> Vec<ParamDecl> {
        Vec::new()
    }
    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Aligned]
    }
    fn losses(&self, _: &Params) -> Vec<&'static str> {
        vec!["L1"]
    }
    fn networks(&self, _: &Params) -> Vec<&'static str> {
        vec!["G"]
    }
    fn bench_params(&self, _: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        panic!("nothing there")
    }
    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        assert_ne!(spec.model, "validate", "stumbled");
        Ok(())
    }
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        let model = ClumsyModel(context.spec.model.clone());
        model.reach("build");
        Ok(Box::new(model))
    }
}

impl Model for ClumsyModel {
    fn train_step(&mut self, _: &ImagePair, _: u64) -> Result<(), ModelError> {
        self.reach("train_step");
        Ok(())
    }
    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        self.reach("losses");
        Ok(Vec::new())
    }
    fn set_learning_rate(&mut self, _: f64) {
        self.reach("set_learning_rate");
    }
    fn infer(&mut self, input: &Images, _: InferMode) -> Result<Images, ModelError> {
        self.reach("infer");
        Ok(input.clone())
    }
    fn state(&self) -> Vec<TensorInfo> {
        Vec::new()
    }
    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        self.reach("read_state");
        Err(ModelError::Weights(name.into()))
    }
    fn write_state(&mut self, _: &NamedTensor) -> Result<(), ModelError> {
        self.reach("write_state");
        Ok(())
    }
    fn weights(&self, _: &str) -> Result<Vec<NamedTensor>, ModelError> {
        self.reach("weights");
        Ok(Vec::new())
    }
    fn set_weights(&mut self, _: &str, _: &[NamedTensor]) -> Result<(), ModelError> {
        self.reach("set_weights");
        Ok(())
    }
    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }
}

fn build(fails_in: &str) -> Result<Box<dyn Model>, ModelError> {
    let spec = ExperimentSpec {
        model: fails_in.into(),
        name: None,
        seed: 1,
        data: DataSpec::default(),
        params: Params::new(),
        optim: OptimSpec::default(),
        log: LogSpec::default(),
    };
    let registry = Registry::builtin().with(Clumsy);
    let plugin = registry.get("clumsy").unwrap();
    plugin.validate(&spec)?;
    plugin.build(&BuildContext {
        spec,
        device: DeviceChoice::Cpu,
    })
}

fn pair() -> ImagePair {
    ImagePair {
        a: Images::zeros(1, 1, 2, 2),
        b: Images::zeros(1, 1, 2, 2),
        names: Vec::new(),
    }
}

#[test]
fn a_panic_is_an_error_that_says_where_and_why() {
    let text = |e: ModelError| e.to_string();
    assert_eq!(
        build("build").err().map(text).unwrap(),
        "clumsy panicked in build: stumbled in build"
    );
    let validate = build("validate").err().map(text).unwrap();
    assert!(
        validate.starts_with("clumsy panicked in validate: "),
        "{validate}"
    );
    let request = BenchRequest {
        size: 1.into(),
        width: 1,
        blocks: None,
        identity: None,
    };
    let bench = Guarded(Clumsy).bench_params(&request).unwrap_err();
    assert_eq!(text(bench), "clumsy panicked in bench_params: nothing there");
    let mut model = build("train_step").unwrap();
    let step = model.train_step(&pair(), 1).unwrap_err();
    assert_eq!(
        text(step),
        "clumsy panicked in train_step: stumbled in train_step"
    );
}

#[test]
fn nothing_is_asked_of_a_model_that_has_panicked() {
    let mut model = build("set_learning_rate").unwrap();
    model.train_step(&pair(), 1).unwrap();
    model.set_learning_rate(1.0);
    let refused = [
        model.train_step(&pair(), 2).unwrap_err(),
        model.read_state("G.x").unwrap_err(),
        model.visuals(&pair(), InferMode::Paper).unwrap_err(),
    ];
    for error in refused {
        assert!(error.to_string().contains("not asked again"), "{error}");
    }
    // An error that is not a panic changes nothing.
    let mut model = build("nowhere").unwrap();
    assert!(matches!(model.read_state("G.x"), Err(ModelError::Weights(_))));
    model.train_step(&pair(), 1).unwrap();
}

/// A method with a default body that the guard did not pass on would silently take the default's place.
#[test]
fn every_method_of_the_contract_is_passed_on() {
    let methods = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|l| l.strip_prefix("    fn "));
        lines
            .filter_map(|l| Some(l.split_once('(')?.0.to_owned()))
            .collect()
    };
    let passed_on = methods(include_str!("../guard.rs"));
    let declared = methods(include_str!("../plugin.rs"));
    assert!(declared.len() > 20, "{declared:?}");
    for method in declared {
        let times = passed_on.iter().filter(|m| **m == method).count();
        assert!(times >= 1, "guard.rs does not pass on `{method}`");
    }
}
