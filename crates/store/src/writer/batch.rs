//! Events on their way into one transaction.

use std::collections::HashMap;

use diptych_domain::{MetricKey, RunEvent};

use crate::home::now;
use crate::metrics::Series;
use crate::records::LogLine;

/// One thing to write, in order.
pub(super) enum Op {
    Points(HashMap<MetricKey, Series>),
    Event(RunEvent),
}

/// What one transaction writes. It outlives a failed one, to be tried again.
#[derive(Default)]
pub(super) struct Batch {
    ops: Vec<Op>,
    points: HashMap<MetricKey, Series>,
    /// Points so far.
    pub count: usize,
    /// The greatest step of the points since the last `Started`.
    pub step: u64,
    /// The newest event's time.
    pub wall: f64,
    /// Lines for `log.txt`.
    pub lines: Vec<LogLine>,
    /// Holds something that must survive a loss of power.
    pub precious: bool,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.points.is_empty()
    }

    pub fn add(&mut self, event: RunEvent) {
        if let RunEvent::Metrics {
            step,
            epoch,
            wall,
            values,
        } = event
        {
            let wall = self.saw(wall);
            self.step = self.step.max(step);
            self.count += values.len();
            for (key, value) in values {
                match self.points.get_mut(&key) {
                    Some(series) => series.push(step, epoch, wall, value),
                    None => self.points.entry(key).or_default().push(step, epoch, wall, value),
                }
            }
            return;
        }
        let wall = match &event {
            RunEvent::Started { wall, .. }
            | RunEvent::Metrics { wall, .. }
            | RunEvent::Image { wall, .. }
            | RunEvent::Checkpoint { wall, .. }
            | RunEvent::EpochEnded { wall, .. }
            | RunEvent::Health { wall, .. }
            | RunEvent::RolledBack { wall, .. }
            | RunEvent::Log { wall, .. }
            | RunEvent::Ended { wall, .. } => self.saw(*wall),
            RunEvent::CheckpointRemoved { .. } => self.wall,
        };
        match &event {
            RunEvent::Started { .. } => {
                // Points before a rewind and after it must not mix.
                self.seal();
                self.step = 0;
                self.precious = true;
            }
            RunEvent::RolledBack { .. } => {
                self.seal();
                self.step = 0;
                self.precious = true;
            }
            RunEvent::Checkpoint { .. } => self.precious = true,
            RunEvent::Ended { .. } => {
                self.seal();
                self.precious = true;
            }
            RunEvent::Log { level, message, .. } => self.lines.push(LogLine {
                wall,
                level: *level,
                message: message.clone(),
            }),
            _ => {}
        }
        self.ops.push(Op::Event(event));
    }

    /// Ends the points gathered so far.
    pub fn seal(&mut self) {
        if !self.points.is_empty() {
            self.ops.push(Op::Points(std::mem::take(&mut self.points)));
        }
    }

    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// A time as it can be stored, noted as the newest so far.
    fn saw(&mut self, wall: f64) -> f64 {
        let wall = storable(wall);
        self.wall = self.wall.max(wall);
        wall
    }
}

/// The time, or now where a clock gave nonsense that SQLite could not hold.
pub(super) fn storable(wall: f64) -> f64 {
    if wall.is_finite() { wall } else { now() }
}
