//! Up to which step two runs' points are the same numbers.

use std::collections::BTreeMap;

use crate::metric::MetricKey;

/// How far two series of points agree, bit for bit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Points of the same metric and step in both runs.
    pub compared: u64,
    /// The last step that was compared.
    pub last: Option<u64>,
    /// The first step with different values, and the first metric, by name, that differs there.
    pub parted: Option<(u64, MetricKey)>,
}

impl Agreement {
    /// Takes a metric in. Points are (step, value); of several points of a step the last counts.
    pub fn add(
        &mut self,
        key: &MetricKey,
        a: impl IntoIterator<Item = (u64, f64)>,
        b: impl IntoIterator<Item = (u64, f64)>,
    ) {
        let a: BTreeMap<u64, f64> = a.into_iter().collect();
        let b: BTreeMap<u64, f64> = b.into_iter().collect();
        for (step, value) in &a {
            let Some(other) = b.get(step) else {
                continue;
            };
            self.compared += 1;
            self.last = self.last.max(Some(*step));
            let earlier = self.parted.as_ref().is_none_or(|(s, k)| (*step, key) < (*s, k));
            if value.to_bits() != other.to_bits() && earlier {
                self.parted = Some((*step, key.clone()));
            }
        }
    }

    /// Whether there was something to compare and all of it is the same.
    pub fn whole(&self) -> bool {
        self.compared > 0 && self.parted.is_none()
    }
}
