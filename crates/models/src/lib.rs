//! Networks, losses, schedules and the model plugins, behind an object-safe edge of plain buffers.

pub mod device;
pub mod gradient_penalty;
mod guard;
pub mod networks;
pub mod optimiser;
pub mod plugin;
pub mod plugins;
pub mod prelude;
pub mod registry;

pub use diptych_imgops::mirror;
pub use plugin::{BenchRequest, BuildContext, HealthDecl, HealthKind, InferMode, Model, ModelError, Plugin};
pub use registry::{Registry, RegistryError};
