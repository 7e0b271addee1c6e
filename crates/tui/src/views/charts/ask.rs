//! Asking for curves and taking them in.

use std::sync::Arc;

use diptych_domain::{MetricKey, RunId, RunSummary};
use diptych_plots::series::Along;

use super::{CurveId, Loaded, metrics, runs};
use crate::effect::Effect;
use crate::engine::curves::{Curve, CurveRequest};
use crate::state::{State, View};

/// Asks for the curves that are in sight and not at hand, or have grown.
pub fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    if state.view != View::Charts {
        return;
    }
    let mut wanted: Vec<(CurveId, CurveRequest, bool)> = Vec::new();
    for run in runs(state) {
        for key in metrics(state) {
            let Some(summary) = run.metrics.get(&key) else {
                continue;
            };
            let request = request(state, run, &key, summary.count);
            let id = (run.id.clone(), key);
            let whole = state.charts.whole.get(&id);
            if whole.is_none_or(|l| l.request != request) {
                wanted.push((id.clone(), request.clone(), false));
            }
            if let Some(steps) = section(state, &id) {
                let section = CurveRequest {
                    steps: Some(steps),
                    ..request
                };
                let held = state.charts.sections.get(&id);
                if held.is_none_or(|l| !covers(&l.request, &section)) {
                    wanted.push((id, widened(section), true));
                }
            }
        }
    }
    for (id, request, of_section) in wanted {
        if state.charts.awaited.insert((id, of_section)) {
            effects.push(Effect::LoadCurve(Box::new(request)));
        }
    }
}

fn request(state: &State, run: &RunSummary, key: &MetricKey, points: u64) -> CurveRequest {
    CurveRequest {
        run: run.id.clone(),
        key: key.clone(),
        along: Along::of(state.charts.options.axis, run),
        smoothing: state.charts.options.smoothing,
        steps: None,
        points,
    }
}

/// The steps of the section that is shown, where the whole curve is too coarse for it.
fn section(state: &State, id: &CurveId) -> Option<(u64, u64)> {
    let (from, to) = state.charts.zoom?;
    let curve = state.charts.whole.get(id)?.curve.as_ref().ok()?;
    let buckets = &curve.raw.buckets;
    if curve.raw.points as usize <= buckets.len() {
        return None;
    }
    let first = buckets.partition_point(|b| b.x < from).saturating_sub(1);
    let last = (buckets.partition_point(|b| b.x <= to) + 1)
        .min(buckets.len())
        .checked_sub(1)?;
    Some((buckets.get(first)?.step, buckets.get(last)?.step))
}

/// Whether a section that has been read is fine enough and has all of what is wanted.
fn covers(held: &CurveRequest, wanted: &CurveRequest) -> bool {
    let (Some((a, b)), Some((from, to))) = (held.steps, wanted.steps) else {
        return false;
    };
    let alike =
        held.along == wanted.along && held.smoothing == wanted.smoothing && held.points == wanted.points;
    alike && a <= from && to <= b && (b - a) <= 8 * (to - from).max(1)
}

/// With room on both sides, so that panning finds something at once.
fn widened(request: CurveRequest) -> CurveRequest {
    let steps = request.steps.map(|(a, b)| {
        let more = (b - a) / 2;
        (a.saturating_sub(more), b.saturating_add(more))
    });
    CurveRequest { steps, ..request }
}

/// Takes a curve in.
pub fn took_curve(
    state: &mut State,
    request: CurveRequest,
    result: Result<Curve, String>,
    effects: &mut Vec<Effect>,
) {
    let id: (RunId, MetricKey) = (request.run.clone(), request.key.clone());
    let of_section = request.steps.is_some();
    state.charts.awaited.remove(&(id.clone(), of_section));
    let loaded = Loaded {
        request,
        curve: result.map(Arc::new),
    };
    let held = if of_section {
        &mut state.charts.sections
    } else {
        &mut state.charts.whole
    };
    held.insert(id, loaded);
    super::cursor::settle(state);
    forget_unseen(state);
    ask(state, effects);
}

/// Curves of runs that are no longer shown go, the memory with them.
fn forget_unseen(state: &mut State) {
    const KEPT: usize = 64;
    if state.charts.whole.len() <= KEPT {
        return;
    }
    let shown: Vec<RunId> = runs(state).iter().map(|r| r.id.clone()).collect();
    let keys = metrics(state);
    let seen = |id: &CurveId| shown.contains(&id.0) && keys.contains(&id.1);
    state.charts.whole.retain(|id, _| seen(id));
    state.charts.sections.retain(|id, _| seen(id));
}
