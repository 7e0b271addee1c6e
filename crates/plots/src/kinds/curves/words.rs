//! What is said of curves.

use std::collections::{BTreeMap, BTreeSet};

use diptych_domain::MetricKey;

use super::super::common::{counted, listed};
use crate::series::Mean;
use crate::spec::{Band, FigureSpec, XAxis};

/// What the band shows, after a comma.
pub(super) fn band(band: Band) -> &'static str {
    match band {
        Band::Std => ", bands: one standard deviation each way",
        Band::Ci => ", bands: 95 % bootstrap intervals of the mean",
        Band::None => "",
    }
}

pub fn smoothing_words(spec: &FigureSpec) -> String {
    if spec.smoothing > 0.0 {
        format!(", smoothed (moving average, weight {})", spec.smoothing)
    } else {
        String::new()
    }
}

/// One label for several metrics: what they begin with, or "value".
pub(super) fn common_label(keys: &[MetricKey]) -> String {
    if let [one] = keys {
        return one.to_string();
    }
    let group = |k: &MetricKey| k.as_str().split_once('/').map(|(g, _)| g.to_owned());
    let all: BTreeSet<Option<String>> = keys.iter().map(group).collect();
    match all.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(one)] => one.clone(),
        _ => "value".into(),
    }
}

/// A place on the x axis in words: `step 400`.
pub(super) fn place(axis: XAxis, x: f64) -> String {
    match axis {
        XAxis::Step => format!("step {x}"),
        XAxis::Epoch => format!("epoch {}", crate::figure::number(x)),
        XAxis::Relative => format!("{} s", x.round()),
        XAxis::Wall => format!("{} s since 1970", x.round()),
    }
}

/// A value to three digits.
fn rounded(value: f64) -> String {
    let digits = 2 - value.abs().max(1e-300).log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(-300, 300));
    crate::figure::number((value * scale).round() / scale)
}

/// How the number of runs in a mean changes; nothing where it stays.
pub(super) fn fewer(mean: &Mean, axis: XAxis) -> Option<String> {
    let full = mean.points.iter().map(|p| p.n).max()?;
    let last = mean.points.last()?;
    let until = mean.points.iter().rfind(|p| p.n == full)?;
    if last.n < full {
        return Some(format!(
            "n falls from {full} to {} after {} (thin line)",
            last.n,
            place(axis, until.x)
        ));
    }
    let least = mean.points.iter().map(|p| p.n).min()?;
    let from = mean.points.iter().find(|p| p.n == full)?;
    (least < full).then(|| {
        format!(
            "n is {least} to {full}, and {full} from {} on (thin line before)",
            place(axis, from.x)
        )
    })
}

/// Reservations that are gathered while curves are drawn.
#[derive(Default)]
pub(super) struct Doubts {
    pub not_finite: u64,
    pub not_positive: bool,
    /// Groups whose runs share no place.
    pub apart: BTreeSet<String>,
    /// Groups of which some places are left out.
    pub uneven: BTreeSet<String>,
    /// How the number of runs changes, and in which groups.
    pub fewer: BTreeMap<String, BTreeSet<String>>,
    /// The intervals that means are taken over.
    pub averaged: Option<f64>,
    /// Panels in which nothing lies.
    pub empty: Vec<String>,
    /// Panels in which faint values go beyond the axis, and how far they reach.
    pub beyond: Vec<(String, (f64, f64))>,
}

impl Doubts {
    /// What has to be said of the curves.
    pub fn notes(&self, axis: XAxis) -> Vec<String> {
        let all = |set: &BTreeSet<String>| listed(&set.iter().collect::<Vec<_>>());
        let mut notes = Vec::new();
        for panel in &self.empty {
            notes.push(format!("Nothing of {panel} lies within the axes"));
        }
        for (panel, (low, high)) in &self.beyond {
            notes.push(format!(
                "Faint values of {panel} go beyond the axis: they reach from {} to {}",
                rounded(*low),
                rounded(*high)
            ));
        }
        if self.not_finite > 0 {
            let are = if self.not_finite == 1 {
                "is not finite and leaves a gap"
            } else {
                "are not finite and leave gaps"
            };
            notes.push(format!("{} {are}", counted(self.not_finite as usize, "value")));
        }
        if self.not_positive {
            notes.push("Values of 0 or less have no place on a logarithmic axis and are left out".into());
        }
        for (change, groups) in &self.fewer {
            notes.push(format!("{change}: {}", all(groups)));
        }
        if !self.apart.is_empty() {
            let what = match axis {
                XAxis::Step | XAxis::Epoch => "steps",
                XAxis::Relative | XAxis::Wall => "times",
            };
            notes.push(format!(
                "No {what} in common, so drawn one by one: {}",
                all(&self.apart)
            ));
        }
        if !self.uneven.is_empty() {
            notes.push(format!(
                "Steps that only some of the runs have are left out of the mean: {}",
                all(&self.uneven)
            ));
        }
        if let Some(width) = self.averaged {
            let unit = match axis {
                XAxis::Step => counted(width as usize, "step"),
                XAxis::Epoch => format!("{width} epochs"),
                _ => format!("{width} s"),
            };
            if !(axis == XAxis::Step && width <= 1.0) {
                notes.push(format!("Means are taken over intervals of {unit}"));
            }
        }
        notes
    }
}
