//! The vocabulary of Diptych: ids, experiment specs, statuses, events, metric keys, image batches.
//!
//! Plain types without I/O. Every other crate depends on this one; it depends on none of them.

pub mod cell;
pub mod compare;
pub mod device;
pub mod event;
pub mod human;
pub mod id;
pub mod images;
pub mod metric;
pub mod name;
pub mod params;
pub mod query;
pub mod size;
pub mod spec;
pub mod status;
pub mod stream;
pub mod suggest;
pub mod summary;
pub mod tensor;

pub use cell::SweepCell;
pub use device::DeviceChoice;
pub use event::{CheckpointKind, ImageRole, LogLevel, RunEvent};
pub use id::RunId;
pub use images::{ImagePair, Images};
pub use metric::MetricKey;
pub use params::{ParamDecl, ParamKind, ParamValue, Params};
pub use size::Size;
pub use spec::ExperimentSpec;
pub use status::RunStatus;
pub use stream::stream_seed;
pub use summary::{MetricSummary, Parent, RunSummary};
pub use tensor::{NamedTensor, TensorData, TensorInfo};
