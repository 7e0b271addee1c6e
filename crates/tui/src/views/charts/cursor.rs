//! The cursor, tied to the step slider of the images.

use diptych_plots::series::Reduced;
use diptych_plots::spec::XAxis;

use super::panels::{full_range, nearest, whole, x_range};
use super::{CurveId, metrics, runs};
use crate::state::State;

/// Points of a curve that cursor and section are to lie at: places on one axis mean nothing on another, steps do.
#[derive(Clone, Debug, PartialEq)]
pub struct Seek {
    curve: CurveId,
    cursor: Option<u64>,
    section: Option<(u64, u64)>,
}

/// Takes another x axis. Cursor and section stay on the same points of a run, as soon as its curve along that axis has been read.
pub fn change_axis(state: &mut State, axis: XAxis) {
    if state.charts.seek.is_none() {
        state.charts.seek = seek(state);
    }
    state.charts.options.axis = axis;
    (state.charts.zoom, state.charts.cursor) = (None, None);
    state.charts.sections.clear();
}

/// The first curve that reaches to where one wants to be, else the nearest: runs are not all of one length. `range` says from
/// where to where a curve goes.
fn reaching(
    state: &State,
    at: f64,
    range: impl Fn(&Reduced) -> Option<(f64, f64)>,
) -> Option<(CurveId, &Reduced)> {
    let mut found: Option<(f64, CurveId, &Reduced)> = None;
    for run in runs(state) {
        for key in metrics(state) {
            let id = (run.id.clone(), key);
            let Some(Ok(curve)) = whole(state, &id).map(|l| l.curve.as_ref()) else {
                continue;
            };
            let Some((first, last)) = range(&curve.raw) else {
                continue;
            };
            let away = (first - at).max(at - last).max(0.0);
            if found.as_ref().is_none_or(|(least, _, _)| away < *least) {
                found = Some((away, id, &curve.raw));
            }
        }
    }
    found.map(|(_, id, reduced)| (id, reduced))
}

/// The first step of a curve and its last.
fn steps(reduced: &Reduced) -> Option<(f64, f64)> {
    let mut points = reduced.buckets.iter().filter(|b| b.n > 0).map(|b| b.step as f64);
    let first = points.next()?;
    Some((first, points.next_back().unwrap_or(first)))
}

/// Where cursor and section are, as points of the first curve that has the place, else of the nearest.
fn seek(state: &State) -> Option<Seek> {
    let (cursor, zoom) = (state.charts.cursor, state.charts.zoom);
    let at = cursor.or(zoom.map(|(from, to)| (from + to) / 2.0))?;
    let (curve, reduced) = reaching(state, at, Reduced::range)?;
    let step = |x: f64| nearest(reduced, x).map(|b| b.step);
    Some(Seek {
        curve,
        cursor: cursor.and_then(step),
        section: zoom.and_then(|(from, to)| Some((step(from)?, step(to)?))),
    })
}

/// Puts cursor and section where they are to be, if the curve that says where has been read by now.
pub fn settle(state: &mut State) {
    let Some(seek) = &state.charts.seek else {
        return;
    };
    if !runs(state).iter().any(|r| r.id == seek.curve.0) {
        state.charts.seek = None;
        return;
    }
    let reduced = match whole(state, &seek.curve).map(|l| l.curve.as_ref()) {
        Some(Ok(curve)) => &curve.raw,
        Some(Err(_)) => {
            state.charts.seek = None;
            return;
        }
        None => return,
    };
    let place = |step: u64| {
        let points = reduced.buckets.iter().filter(|b| b.n > 0);
        points.min_by_key(|b| b.step.abs_diff(step)).map(|b| b.x)
    };
    let cursor = seek.cursor.and_then(place);
    let section = seek.section.and_then(|(a, b)| Some((place(a)?, place(b)?)));
    state.charts.seek = None;
    // Keys that came in meanwhile count more.
    state.charts.cursor = state.charts.cursor.or(cursor);
    state.charts.zoom = state.charts.zoom.or(section.filter(|(from, to)| from < to));
}

/// Moves the cursor by a part of the width; without one it begins at the right end.
pub fn shift(state: &mut State, part: f64) {
    let (from, to) = x_range(state);
    let at = state.charts.cursor.unwrap_or(to);
    place(state, at.clamp(from, to) + (to - from) * part);
}

/// Puts the cursor at a place, and the images at its step.
pub fn place(state: &mut State, x: f64) {
    let (from, to) = x_range(state);
    state.charts.seek = None;
    state.charts.cursor = Some(x.clamp(from, to));
    let step = reaching(state, x, Reduced::range)
        .and_then(|(_, reduced)| nearest(reduced, x))
        .map(|b| b.step);
    // At the right end the images follow the runs.
    let at_end = x >= full_range(state).1;
    state.images.step = step.filter(|_| !at_end);
}

/// Puts the cursor where a step is.
pub fn cursor_to_step(state: &mut State, step: Option<u64>) {
    let found = step.and_then(|step| {
        let (_, reduced) = reaching(state, step as f64, steps)?;
        let end = reduced.buckets.partition_point(|b| b.step <= step);
        reduced.buckets.get(end.saturating_sub(1)).map(|b| b.x)
    });
    if found.is_some() {
        state.charts.cursor = found;
    } else if let (Some(step), XAxis::Step) = (step, state.charts.options.axis) {
        // Before any curve has been read.
        state.charts.cursor = Some(step as f64);
    } else if let Some(curve) = first_curve(state) {
        state.charts.seek = step.map(|step| Seek {
            curve,
            cursor: Some(step),
            section: None,
        });
    }
}

fn first_curve(state: &State) -> Option<CurveId> {
    Some((runs(state).first()?.id.clone(), metrics(state).first()?.clone()))
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
