//! Metric keys, made once: the training thread clones them every logged step.

use diptych_domain::MetricKey;

/// Every key that a training emits.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// One for each loss, in the plugin's order.
    losses: Vec<(&'static str, MetricKey)>,
    pub lr: MetricKey,
    pub images_per_second: MetricKey,
    pub step_seconds: MetricKey,
    pub data_wait: MetricKey,
}

impl Keys {
    pub fn new(losses: &[&'static str]) -> Self {
        Self {
            losses: losses.iter().map(|name| (*name, MetricKey::loss(name))).collect(),
            lr: MetricKey::new("optim/lr"),
            images_per_second: MetricKey::new("perf/images_per_second"),
            step_seconds: MetricKey::new("perf/step_seconds"),
            data_wait: MetricKey::new("perf/data_wait"),
        }
    }

    /// The key of a loss; one that the plugin did not declare gets a fresh key.
    pub fn loss(&self, name: &'static str) -> MetricKey {
        self.losses
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(|| MetricKey::loss(name), |(_, key)| key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_carry_their_group() {
        let keys = Keys::new(&["G_L1"]);
        assert_eq!(keys.loss("G_L1").as_str(), "loss/G_L1");
        assert_eq!(keys.loss("undeclared").as_str(), "loss/undeclared");
    }
}
