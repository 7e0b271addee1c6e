//! The plugins that this binary knows.

use diptych_domain::suggest;

use crate::plugin::Plugin;

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
        Self { plugins: Vec::new() }
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
