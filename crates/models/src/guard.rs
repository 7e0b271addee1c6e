//! Plugins whose panics are errors: a mistake in a model fails its run, with its message, and nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use diptych_domain::params::{ParamDecl, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};
use diptych_domain::{ImagePair, Images, NamedTensor, Size, TensorInfo};

use crate::plugin::{BenchRequest, BuildContext, HealthDecl, InferMode, Model, ModelError, Plugin};

/// A plugin that turns panics while it validates, builds or trains into [`ModelError::Panicked`].
pub(crate) struct Guarded<P>(pub P);

/// A model that does so. After a panic its tensors may be half updated: every later call is refused, so that nothing of it
/// gets into a checkpoint.
struct GuardedModel {
    plugin: &'static str,
    model: Box<dyn Model>,
    broken: bool,
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

fn guard<T>(
    plugin: &'static str,
    call: &'static str,
    work: impl FnOnce() -> Result<T, ModelError>,
) -> Result<T, ModelError> {
    // Whatever the closure has half changed is either dropped or marked as broken by the caller.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(ModelError::Panicked {
            plugin,
            call,
            message: message(panic.as_ref()),
        })
    })
}

impl GuardedModel {
    fn change<T>(
        &mut self,
        call: &'static str,
        work: impl FnOnce(&mut dyn Model) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.check(call)?;
        let model = self.model.as_mut();
        let result = guard(self.plugin, call, || work(model));
        self.broken = matches!(result, Err(ModelError::Panicked { .. }));
        result
    }

    fn read<T>(
        &self,
        call: &'static str,
        work: impl FnOnce(&dyn Model) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.check(call)?;
        guard(self.plugin, call, || work(self.model.as_ref()))
    }

    fn check(&self, call: &'static str) -> Result<(), ModelError> {
        if !self.broken {
            return Ok(());
        }
        Err(ModelError::Panicked {
            plugin: self.plugin,
            call,
            message: "it is not asked again after an earlier panic".into(),
        })
    }
}

impl<P: Plugin> Plugin for Guarded<P> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn summary(&self) -> &'static str {
        self.0.summary()
    }

    fn params(&self) -> Vec<ParamDecl> {
        self.0.params()
    }

    fn layouts(&self) -> &'static [Layout] {
        self.0.layouts()
    }

    fn losses(&self, params: &Params) -> Vec<&'static str> {
        self.0.losses(params)
    }

    fn health(&self, params: &Params) -> Vec<HealthDecl> {
        self.0.health(params)
    }

    fn networks(&self, params: &Params) -> Vec<&'static str> {
        self.0.networks(params)
    }

    fn generator(&self) -> &'static str {
        self.0.generator()
    }

    fn reverse_generator(&self) -> Option<&'static str> {
        self.0.reverse_generator()
    }

    fn reverse_visual(&self) -> Option<&'static str> {
        self.0.reverse_visual()
    }

    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        guard(self.name(), "bench_params", || self.0.bench_params(request))
    }

    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        guard(self.name(), "validate", || self.0.validate(spec))
    }

    fn padded(&self, spec: &ExperimentSpec) -> Option<Size> {
        // It is only told: where it panics, there is nothing to tell.
        guard(self.name(), "padded", || Ok(self.0.padded(spec))).unwrap_or(None)
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        let model = guard(self.name(), "build", || self.0.build(context))?;
        Ok(Box::new(GuardedModel {
            plugin: self.name(),
            model,
            broken: false,
        }))
    }
}

impl Model for GuardedModel {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.change("train_step", |m| m.train_step(batch, step))
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        self.change("losses", |m| m.losses())
    }

    fn watch(&mut self, on: bool) {
        // Where this fails, so does the step that follows.
        let _ = self.change("watch", |m| {
            m.watch(on);
            Ok(())
        });
    }

    fn health(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        self.change("health", |m| m.health())
    }

    fn set_learning_rate(&mut self, lr: f64) {
        // Where this fails, so does the step that follows.
        let _ = self.change("set_learning_rate", |m| {
            m.set_learning_rate(lr);
            Ok(())
        });
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        self.change("infer", |m| m.infer(input, mode))
    }

    fn infer_back(&mut self, input: &Images, mode: InferMode) -> Result<Option<Images>, ModelError> {
        self.change("infer_back", |m| m.infer_back(input, mode))
    }

    fn receptive_field(&self) -> Option<usize> {
        self.model.receptive_field()
    }

    fn visuals(
        &mut self,
        pair: &ImagePair,
        mode: InferMode,
    ) -> Result<Vec<(&'static str, Images)>, ModelError> {
        self.change("visuals", |m| m.visuals(pair, mode))
    }

    fn state(&self) -> Vec<TensorInfo> {
        self.model.state()
    }

    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        self.read("read_state", |m| m.read_state(name))
    }

    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        self.change("write_state", |m| m.write_state(tensor))
    }

    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        self.read("weights", |m| m.weights(network))
    }

    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        self.change("set_weights", |m| m.set_weights(network, tensors))
    }

    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        self.model.parameter_counts()
    }
}

#[cfg(test)]
mod tests;
