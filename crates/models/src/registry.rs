//! The plugins that this binary knows.

use std::collections::HashSet;

use diptych_domain::params::{self, ParamError, Params};
use diptych_domain::suggest;

use crate::guard::Guarded;
use crate::plugin::Plugin;
use crate::plugins::cyclegan::CycleGan;
use crate::plugins::pix2pix::Pix2Pix;

/// Plugins by name.
pub struct Registry {
    plugins: Vec<Box<dyn Plugin>>,
}

/// A model name that no plugin has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown model `{name}`{hint}; there are: {}", valid.join(", "))]
pub struct UnknownModel {
    /// The name as written.
    pub name: String,
    /// ` (did you mean …?)` or nothing.
    pub hint: String,
    /// Every name.
    pub valid: Vec<&'static str>,
}

/// A plugin whose declaration is not sound.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two plugins of one name.
    #[error("two models are named `{name}`: give one of them another `Plugin::name`")]
    NameTaken {
        /// The name.
        name: &'static str,
    },
    /// A name that cannot be written in experiments and queries as it is.
    #[error(
        "`{name}` cannot be a model's name: use lower-case letters, digits, `-` and `_`, with a letter first"
    )]
    Name {
        /// The name.
        name: &'static str,
    },
    /// Something that `diptych models` has to show is missing.
    #[error("model `{model}`: {what}")]
    Incomplete {
        /// The plugin.
        model: &'static str,
        /// What is missing, and where to give it.
        what: String,
    },
    /// A parameter declared twice.
    #[error("model `{model}`: the parameter `{param}` is declared twice")]
    ParamTwice {
        /// The plugin.
        model: &'static str,
        /// The parameter.
        param: &'static str,
    },
    /// A default outside a parameter's own range.
    #[error("model `{model}`: a parameter's default does not fit its declaration: {source}")]
    Default {
        /// The plugin.
        model: &'static str,
        /// Which, and why.
        source: ParamError,
    },
    /// A generator that is not among the networks.
    #[error("model `{model}`: `{name}` is not one of its networks ({})", networks.join(", "))]
    NoSuchNetwork {
        /// The plugin.
        model: &'static str,
        /// What [`Plugin::generator`] or [`Plugin::reverse_generator`] says.
        name: &'static str,
        /// What [`Plugin::networks`] says.
        networks: Vec<&'static str>,
    },
}

impl Registry {
    /// The plugins that come with Diptych.
    pub fn builtin() -> Self {
        let plugins = Vec::new();
        Self { plugins }.with(Pix2Pix).with(CycleGan)
    }

    /// Adds a plugin. What is wrong with its declaration is found by [`Registry::check`]; where it panics, that is an error of
    /// the run, not of the process.
    #[must_use]
    pub fn with(mut self, plugin: impl Plugin + 'static) -> Self {
        self.plugins.push(Box::new(Guarded(plugin)));
        self
    }

    /// Checks every plugin's declaration: names, documentation, defaults, networks.
    ///
    /// # Errors
    /// The first thing found.
    pub fn check(&self) -> Result<(), RegistryError> {
        let mut names = HashSet::new();
        for plugin in self.iter() {
            let name = plugin.name();
            if !names.insert(name) {
                return Err(RegistryError::NameTaken { name });
            }
            declared_soundly(plugin)?;
        }
        Ok(())
    }

    /// Every plugin.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Plugin> {
        self.plugins.iter().map(AsRef::as_ref)
    }

    /// The plugin of that name.
    ///
    /// # Errors
    /// [`UnknownModel`] with the nearest name.
    pub fn get(&self, name: &str) -> Result<&dyn Plugin, UnknownModel> {
        self.iter().find(|p| p.name() == name).ok_or_else(|| {
            let valid: Vec<&'static str> = self.iter().map(|p| p.name()).collect();
            UnknownModel {
                name: name.to_owned(),
                hint: suggest::hint(name, valid.iter().copied()),
                valid,
            }
        })
    }
}

fn declared_soundly(plugin: &dyn Plugin) -> Result<(), RegistryError> {
    let model = plugin.name();
    let letter = |c: char| c.is_ascii_lowercase();
    if !model.starts_with(letter)
        || !model
            .chars()
            .all(|c| letter(c) || c.is_ascii_digit() || "-_".contains(c))
    {
        return Err(RegistryError::Name { name: model });
    }
    let incomplete = |what: String| Err(RegistryError::Incomplete { model, what });
    if plugin.summary().trim().is_empty() {
        return incomplete("it has no summary: say in `Plugin::summary` what it is, in one line".into());
    }
    let decls = plugin.params();
    let mut names = HashSet::new();
    for decl in &decls {
        let param = decl.name;
        if !names.insert(param) {
            return Err(RegistryError::ParamTwice { model, param });
        }
        if decl.doc.trim().is_empty() {
            return incomplete(format!(
                "the parameter `{param}` has no documentation: say in `ParamDecl::doc` what it does, in one line"
            ));
        }
    }
    let defaults: Params = decls
        .iter()
        .map(|d| (d.name.to_owned(), d.default.clone()))
        .collect();
    let defaults = params::resolve(model, &decls, &defaults)
        .map_err(|source| RegistryError::Default { model, source })?;
    for (list, empty) in [
        ("`Plugin::layouts`", plugin.layouts().is_empty()),
        ("`Plugin::losses`", plugin.losses(&defaults).is_empty()),
    ] {
        if empty {
            return incomplete(format!("{list} names none"));
        }
    }
    let networks = plugin.networks(&defaults);
    for name in [Some(plugin.generator()), plugin.reverse_generator()]
        .into_iter()
        .flatten()
    {
        if !networks.contains(&name) {
            return Err(RegistryError::NoSuchNetwork {
                model,
                name,
                networks,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
