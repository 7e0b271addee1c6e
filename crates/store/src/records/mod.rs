//! What a run leaves beside points: images, checkpoints, events, log lines, its environment.

mod checkpoints;
mod environment;
mod events;
mod images;
mod logs;

pub use checkpoints::CheckpointRecord;
pub use events::EventRecord;
pub use images::ImageRecord;
pub use logs::LogLine;

pub(crate) use checkpoints::put_checkpoint;
pub(crate) use logs::append_text;
