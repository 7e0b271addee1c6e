//! Axes with their ticks: as many as fit.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use super::font::{self, Weight};
use super::sheet::Sheet;
use crate::figure::{Axis, Scale, Tick, Values};

/// A scale as plotters takes one.
#[derive(Clone, Copy)]
pub struct Along(pub Scale);

impl Ranged for Along {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        // Far outside of the panel a place is as good as another.
        let place = self.0.place(*value).clamp(-20.0, 20.0);
        (f64::from(from) + place * f64::from(to - from)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        let axis = Axis {
            label: String::new(),
            scale: self.0,
            values: Values::Numbers,
        };
        axis.ticks(hint.max_num_points().clamp(2, 12))
            .into_iter()
            .map(|t| t.at)
            .collect()
    }

    fn range(&self) -> Range<f64> {
        self.0.low..self.0.high
    }
}

/// Ticks of an x axis whose labels do not touch, `width` pixels long.
pub fn horizontal(axis: &Axis, width: f64, sheet: &Sheet<'_>) -> Vec<Tick> {
    let size = sheet.sizes.font;
    let wanted = (width / (size * 3.0)).clamp(2.0, 12.0) as usize;
    for wanted in (2..=wanted).rev() {
        let ticks = inside(axis, wanted);
        if matches!(axis.values, Values::Categories(_)) {
            return ticks;
        }
        let mut end = f64::NEG_INFINITY;
        let fits = ticks.iter().filter(|t| !t.label.is_empty()).all(|t| {
            let half = font::width(&t.label, size, Weight::Regular) / 2.0;
            let middle = axis.scale.place(t.at) * width;
            let fits = middle - half >= end + size * 0.6;
            end = middle + half;
            fits
        });
        if fits {
            return ticks;
        }
    }
    // Given ticks do not get fewer by themselves: every second, or third, has a label.
    let mut ticks = inside(axis, 2);
    let mut end = f64::NEG_INFINITY;
    for tick in &mut ticks {
        let half = font::width(&tick.label, size, Weight::Regular) / 2.0;
        let middle = axis.scale.place(tick.at) * width;
        if middle - half >= end + size * 0.4 {
            end = middle + half;
        } else {
            tick.label.clear();
        }
    }
    ticks
}

/// Ticks of a y axis `height` pixels long: not too many, and three labels where these fit.
pub fn vertical(axis: &Axis, height: f64, sheet: &Sheet<'_>) -> Vec<Tick> {
    let size = sheet.sizes.font;
    let wanted = (height / (size * 2.6)).clamp(2.0, 9.0) as usize;
    let labelled = |ticks: &[Tick]| ticks.iter().filter(|t| !t.label.is_empty()).count();
    let apart = |ticks: &[Tick]| {
        let places: Vec<f64> = ticks
            .iter()
            .filter(|t| !t.label.is_empty())
            .map(|t| axis.scale.place(t.at) * height)
            .collect();
        places.windows(2).all(|w| (w[1] - w[0]).abs() >= size * 1.5)
    };
    let first = inside(axis, wanted);
    if labelled(&first) >= 3 {
        return first;
    }
    let more = (wanted + 1..=12).map(|wanted| inside(axis, wanted));
    let fits = more
        .take_while(|ticks| apart(ticks))
        .find(|ticks| labelled(ticks) >= 3);
    fits.unwrap_or(first)
}

fn inside(axis: &Axis, wanted: usize) -> Vec<Tick> {
    let slack = 1e-6;
    let ticks = axis.ticks(wanted);
    ticks
        .into_iter()
        .filter(|t| (-slack..=1.0 + slack).contains(&axis.scale.place(t.at)))
        .collect()
}

/// How wide the labels of ticks are.
pub fn widest(ticks: &[Tick], size: f64) -> f64 {
    ticks
        .iter()
        .map(|t| font::width(&t.label, size, Weight::Regular))
        .fold(0.0, f64::max)
}
