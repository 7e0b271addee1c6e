//! Reading resolved hyperparameters.

use diptych_domain::params::{self, ParamError};
use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{ParamValue, Params};

use crate::plugin::{ModelError, Plugin};

/// A spec's hyperparameters, checked and with defaults filled in: those of a run made before a plugin declared one of them
/// lack it.
///
/// # Errors
/// [`ModelError::Setting`] for a name that the plugin does not declare, or a value that does not fit.
pub fn resolve(plugin: &dyn Plugin, spec: &ExperimentSpec) -> Result<Params, ModelError> {
    params::resolve(plugin.name(), &plugin.params(), &spec.params).map_err(|e| {
        let key = format!("params.{}", e.name());
        let (value, problem) = match &e {
            ParamError::Invalid { value, expected, .. } => (value.clone(), format!("expected {expected}")),
            ParamError::Unknown { .. } => (
                spec.params
                    .get(e.name())
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                format!("{} has no such parameter", plugin.name()),
            ),
        };
        ModelError::Setting { key, value, problem }
    })
}

/// Whether a loss's weight is above zero; `default` where it is not given.
pub fn weighs(params: &Params, name: &str, default: bool) -> bool {
    match params.get(name) {
        Some(ParamValue::Float(v)) => *v > 0.0,
        Some(ParamValue::Int(v)) => *v > 0,
        _ => default,
    }
}

/// Resolved parameters: every declared name is present with its declared type.
pub struct Values<'a>(
    /// As [`resolve`] gives them.
    pub &'a Params,
);

impl Values<'_> {
    fn wrong(&self, name: &str, wanted: &str) -> ModelError {
        let value = self
            .0
            .get(name)
            .map_or_else(|| "(missing)".to_owned(), ToString::to_string);
        let problem =
            format!("expected {wanted}; were the parameters resolved against the plugin's declaration?");
        ModelError::Setting {
            key: format!("params.{name}"),
            value,
            problem,
        }
    }

    /// A whole number, 0 or more.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the name is not declared, or declared as something else.
    pub fn count(&self, name: &str) -> Result<usize, ModelError> {
        match self.0.get(name) {
            Some(ParamValue::Int(v)) => {
                usize::try_from(*v).map_err(|_| self.wrong(name, "a whole number, 0 or more"))
            }
            _ => Err(self.wrong(name, "a whole number")),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the name is not declared, or declared as something else.
    pub fn number(&self, name: &str) -> Result<f64, ModelError> {
        match self.0.get(name) {
            Some(ParamValue::Float(v)) => Ok(*v),
            Some(ParamValue::Int(v)) => Ok(*v as f64),
            _ => Err(self.wrong(name, "a number")),
        }
    }

    /// A switch.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the name is not declared, or declared as something else.
    pub fn flag(&self, name: &str) -> Result<bool, ModelError> {
        match self.0.get(name) {
            Some(ParamValue::Bool(v)) => Ok(*v),
            _ => Err(self.wrong(name, "true or false")),
        }
    }

    /// A word.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the name is not declared, or declared as something else.
    pub fn word(&self, name: &str) -> Result<&str, ModelError> {
        match self.0.get(name) {
            Some(ParamValue::Text(v)) => Ok(v),
            _ => Err(self.wrong(name, "a word")),
        }
    }
}
