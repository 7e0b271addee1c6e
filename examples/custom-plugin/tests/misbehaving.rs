//! What becomes of models with mistakes in them. This test is its own binary: without a role in the environment it checks, with
//! one it is a `diptych` whose model has that mistake.

#[path = "../src/sharp.rs"]
mod sharp;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use diptych::Registry;
use diptych::plugin::*;

const ROLE: &str = "CUSTOM_PLUGIN_MISTAKE";

fn main() -> ExitCode {
    let registry = Registry::builtin();
    match std::env::var(ROLE).as_deref() {
        Err(_) => {
            check();
            ExitCode::SUCCESS
        }
        Ok("twice") => diptych::run(registry.with(sharp::Sharp).with(sharp::Sharp)),
        Ok(mistake) => diptych::run(registry.with(Mistaken(mistake.to_owned()))),
    }
}

/// `Sharp` with a mistake.
struct Mistaken(String);

impl Plugin for Mistaken {
    fn name(&self) -> &'static str {
        "mistaken"
    }
    fn summary(&self) -> &'static str {
        "for tests"
    }
    fn params(&self) -> Vec<ParamDecl> {
        let mut params = sharp::Sharp.params();
        if self.0 == "undocumented" {
            params[0].doc = "";
        }
        params
    }
    fn layouts(&self) -> &'static [Layout] {
        sharp::Sharp.layouts()
    }
    fn losses(&self, params: &Params) -> Vec<&'static str> {
        sharp::Sharp.losses(params)
    }
    fn networks(&self, params: &Params) -> Vec<&'static str> {
        sharp::Sharp.networks(params)
    }
    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        sharp::Sharp.bench_params(request)
    }
    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        sharp::Sharp.validate(spec)
    }
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        Ok(Box::new(MistakenModel {
            mistake: self.0.clone(),
            model: sharp::Sharp.build(context)?,
            step: 0,
        }))
    }
}

struct MistakenModel {
    mistake: String,
    model: Box<dyn Model>,
    step: u64,
}

/// The step in which the mistake shows.
const AT: u64 = 9;

impl Model for MistakenModel {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.step = step;
        self.model.train_step(batch, step)?;
        let values = [1.0; AT as usize];
        if self.mistake == "panics" {
            // The index is out of bounds from that step on.
            assert!(values[step as usize] > 0.0);
        }
        Ok(())
    }
    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let mut losses = self.model.losses()?;
        if self.mistake == "nan" && self.step >= AT {
            losses[1].1 = f64::NAN;
        }
        Ok(losses)
    }
    fn set_learning_rate(&mut self, lr: f64) {
        self.model.set_learning_rate(lr);
    }
    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        self.model.infer(input, mode)
    }
    fn state(&self) -> Vec<TensorInfo> {
        self.model.state()
    }
    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        self.model.read_state(name)
    }
    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        self.model.write_state(tensor)
    }
    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        self.model.weights(network)
    }
    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        self.model.set_weights(network, tensors)
    }
    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        self.model.parameter_counts()
    }
}

/// Exit code, standard output and standard error of a `diptych` with that mistake.
fn run(dir: &Path, mistake: &str, args: &str) -> (i32, String, String) {
    let done = Command::new(std::env::current_exe().unwrap())
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("DIPTYCH_HOME", dir.join("home"))
        .env(ROLE, mistake)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        done.status.code().unwrap_or(-1),
        text(done.stdout),
        text(done.stderr),
    )
}

fn check() {
    let dir: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("misbehaving");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();

    let (code, out, err) = run(&dir, "twice", "models");
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "error: two models are named `sharp`: give one of them another `Plugin::name`\n"
    );
    let (code, _, err) = run(&dir, "undocumented", "runs");
    assert_eq!(code, 1);
    assert!(
        err.contains("model `mistaken`: the parameter `depth` has no documentation"),
        "{err}"
    );

    // 6 steps an epoch, a checkpoint after each.
    let (code, _, err) = run(
        &dir,
        "none",
        "data synth facades --train 6 --val 2 --size 40 -o set",
    );
    assert_eq!(code, 0, "{err}");
    let text = "model = \"mistaken\"\n[data]\nroot = \"set\"\nload_size = 36\ncrop_size = 32\n[params]\nngf = 2\n\
                [optim]\nepochs = 2\ndecay_epochs = 1\n[log]\nevery = 1\nimages_every = 0\ncheckpoint_every = 1\n";
    std::fs::write(dir.join("e.toml"), text).unwrap();

    let (code, _, err) = run(&dir, "panics", "train e.toml --name p");
    let message = "mistaken panicked in train_step: index out of bounds: the len is 9 but the index is 9";
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains(message) && err.contains("`diptych resume p` continues"),
        "{err}"
    );
    assert!(
        err.contains("misbehaving.rs:"),
        "the place in the plugin's code: {err}"
    );
    let (_, page, _) = run(&dir, "none", "show p --json");
    for word in ["\"failed\"", message] {
        assert!(page.contains(word), "{word} in {page}");
    }
    // The home is sound: the run goes on from its last checkpoint once the mistake is mended.
    let (code, _, err) = run(&dir, "none", "resume p");
    assert_eq!(code, 0, "{err}");
    let (_, page, _) = run(&dir, "none", "show p --json");
    assert!(page.contains("\"finished\""), "{page}");

    let (code, _, err) = run(&dir, "nan", "train e.toml --name n");
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("n diverged at step 9 of 18: loss edges is NaN at step 9 (epoch 2)"),
        "{err}"
    );
    assert!(err.contains("the last checkpoint holds step 6"), "{err}");
    let (_, runs, _) = run(&dir, "none", "runs status:diverged --json");
    assert!(runs.contains("\"n\""), "{runs}");
}
