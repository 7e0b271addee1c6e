//! Metric keys such as `loss/G_L1` and `eval/psnr`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A metric's name: a group and a name with a slash between. Cheap to clone, since the training thread does so every step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetricKey(Arc<str>);

impl MetricKey {
    /// A key from its full text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// `loss/<name>`.
    pub fn loss(name: &str) -> Self {
        Self(format!("loss/{name}").into())
    }

    /// `eval/<name>`.
    pub fn eval(name: &str) -> Self {
        Self(format!("eval/{name}").into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a smaller value is better: true for everything but PSNR, SSIM, accuracies, IoU, histogram intersection, throughput, and
    /// how varied outputs are and how they correlate with their targets.
    pub fn lower_is_better(&self) -> bool {
        let name = self.0.rsplit('/').next().unwrap_or(&self.0);
        ![
            "psnr",
            "ssim",
            "accuracy",
            "iou",
            "images_per_second",
            "intersection",
            "diversity",
            "correlation",
        ]
        .iter()
        .any(|good| name.contains(good))
    }

    /// Whether one end of the metric's values is better at all: not of rates, states of the machine and of a GAN's health.
    pub fn has_better_end(&self) -> bool {
        !["optim/", "system/", "health/"]
            .iter()
            .any(|group| self.0.starts_with(group))
    }

    /// Whether it says something of the machine instead of the training: such values are never twice the same.
    pub fn is_of_the_machine(&self) -> bool {
        ["perf/", "system/"].iter().any(|group| self.0.starts_with(group))
    }
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_end_depends_on_the_metric() {
        assert!(MetricKey::loss("G_L1").lower_is_better());
        assert!(MetricKey::eval("l1").lower_is_better());
        assert!(!MetricKey::eval("psnr").lower_is_better());
        assert!(!MetricKey::new("perf/images_per_second").lower_is_better());
        assert!(!MetricKey::new("optim/lr").has_better_end());
        assert!(MetricKey::eval("l1").has_better_end());
        for name in [
            "pixel_accuracy",
            "class_accuracy",
            "class_iou",
            "histogram_intersection_A",
            "ssim",
        ] {
            assert!(!MetricKey::eval(name).lower_is_better(), "{name}");
        }
        for name in ["swd", "swd_B"] {
            assert!(MetricKey::eval(name).lower_is_better(), "{name}");
        }
        assert!(!MetricKey::new("health/diversity_A").lower_is_better());
        assert!(MetricKey::new("health/checkerboard").lower_is_better());
    }
}
