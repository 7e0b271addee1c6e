//! Errors of operations and tensors as a plugin's errors.

use diptych_imgops::OpError;

use crate::networks::params::WeightsError;
use crate::plugin::ModelError;

/// A failing operation.
pub fn op(error: OpError) -> ModelError {
    match error {
        OpError::OutOfMemory { .. } => ModelError::OutOfMemory(error.to_string()),
        error => ModelError::Op(Box::new(error)),
    }
}

/// A tensor that does not fit.
pub fn weights(error: WeightsError) -> ModelError {
    match error {
        WeightsError::Op(e) => op(e),
        other => ModelError::Weights(other.to_string()),
    }
}

/// A setting that does not fit the others.
pub fn setting(key: &str, value: impl ToString, problem: impl Into<String>) -> ModelError {
    ModelError::Setting {
        key: key.to_owned(),
        value: value.to_string(),
        problem: problem.into(),
    }
}
