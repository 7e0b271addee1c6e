//! The plugins that this binary knows.

use diptych_domain::suggest;

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

impl Registry {
    /// The plugins that come with Diptych.
    pub fn builtin() -> Self {
        Self {
            plugins: vec![Box::new(Pix2Pix), Box::new(CycleGan)],
        }
    }

    /// Adds a plugin, in front of any of the same name.
    #[must_use]
    pub fn with(mut self, plugin: impl Plugin + 'static) -> Self {
        self.plugins.insert(0, Box::new(plugin));
        self
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_every_parameter_is_documented_and_valid_by_default() {
        let registry = Registry::builtin();
        let names: Vec<&str> = registry.iter().map(|p| p.name()).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        for plugin in registry.iter() {
            let decls = plugin.params();
            assert_eq!(
                decls.iter().map(|d| d.name).collect::<HashSet<_>>().len(),
                decls.len()
            );
            assert!(decls.iter().all(|d| !d.doc.is_empty()));
            let defaults = decls
                .iter()
                .map(|d| (d.name.to_owned(), d.default.clone()))
                .collect();
            diptych_domain::params::resolve(plugin.name(), &decls, &defaults).unwrap();
        }
    }

    #[test]
    fn a_typo_gets_the_nearest_name() {
        let error = Registry::builtin().get("pix2pics").err().unwrap().to_string();
        assert_eq!(
            error,
            "unknown model `pix2pics` (did you mean `pix2pix`?); there are: pix2pix, cyclegan"
        );
    }
}
