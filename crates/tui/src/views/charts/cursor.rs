//! The cursor, tied to the step slider of the images.

use super::panels::{first_along, full_range, nearest, x_range};
use crate::state::State;

/// Moves the cursor by a part of the width; without one it begins at the right end.
pub fn shift(state: &mut State, part: f64) {
    let (from, to) = x_range(state);
    let at = state.charts.cursor.unwrap_or(to);
    place(state, at.clamp(from, to) + (to - from) * part);
}

/// Puts the cursor at a place, and the images at its step.
pub fn place(state: &mut State, x: f64) {
    let (from, to) = x_range(state);
    state.charts.cursor = Some(x.clamp(from, to));
    let step = first_along(state)
        .and_then(|(_, reduced)| nearest(reduced, x))
        .map(|b| b.step);
    // At the right end the images follow the runs.
    let at_end = x >= full_range(state).1;
    state.images.step = step.filter(|_| !at_end);
}

/// Puts the cursor where a step is.
pub fn cursor_to_step(state: &mut State, step: Option<u64>) {
    let found = step.and_then(|step| {
        let (_, reduced) = first_along(state)?;
        let end = reduced.buckets.partition_point(|b| b.step <= step);
        reduced.buckets.get(end.saturating_sub(1)).map(|b| b.x)
    });
    if found.is_some() {
        state.charts.cursor = found;
    } else if let (Some(step), diptych_plots::spec::XAxis::Step) = (step, state.charts.options.axis) {
        // Before any curve has been read.
        state.charts.cursor = Some(step as f64);
    }
}

/// Shows a section around the cursor, a factor narrower or wider.
pub fn zoom(state: &mut State, factor: f64) {
    let full = full_range(state);
    let (from, to) = x_range(state);
    let at = state.charts.cursor.unwrap_or((from + to) / 2.0).clamp(from, to);
    let part = (at - from) / (to - from);
    let width = (to - from) * factor;
    // Closer than a few points there is nothing to see.
    if width < (full.1 - full.0) * 1e-7 {
        return;
    }
    set_zoom(state, at - width * part, at + width * (1.0 - part));
}

/// Moves the section by a part of its width.
pub fn pan(state: &mut State, part: f64) {
    let Some((from, to)) = state.charts.zoom else {
        state.say("everything is in sight; z zooms in at the cursor");
        return;
    };
    let by = (to - from) * part;
    let full = full_range(state);
    let by = by.clamp((full.0 - from).min(0.0), (full.1 - to).max(0.0));
    set_zoom(state, from + by, to + by);
}

fn set_zoom(state: &mut State, from: f64, to: f64) {
    let full = full_range(state);
    if from <= full.0 && to >= full.1 {
        state.charts.zoom = None;
        return;
    }
    let (from, to) = (from.max(full.0), to.min(full.1));
    if from < to {
        state.charts.zoom = Some((from, to));
    }
    if let Some(cursor) = state.charts.cursor {
        state.charts.cursor = Some(cursor.clamp(from, to));
    }
}
