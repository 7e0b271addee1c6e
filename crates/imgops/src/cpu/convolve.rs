//! The three products that every convolution and transposed convolution is made of, each by the algorithm that suits its
//! geometry: Winograd where many output positions share a small weight, else direct summation. Images are channels-last,
//! weights in panels.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cpu::direct;
use crate::cpu::winograd::Plan;
use crate::geometry::ConvGeometry;

static EXACT: AtomicBool = AtomicBool::new(false);

/// Turns Winograd off (or on again) in this process: results then carry direct summation's rounding error alone, about
/// 3e-7 of a layer's output instead of 1.5e-6.
pub fn set_exact(exact: bool) {
    EXACT.store(exact, Ordering::Relaxed);
}

fn plan(g: &ConvGeometry) -> Option<Plan> {
    if EXACT.load(Ordering::Relaxed) {
        None
    } else {
        Plan::choose(g)
    }
}

/// Narrow images from wide ones: a convolution's forward pass. `out` is overwritten.
pub(crate) fn narrow(g: &ConvGeometry, wide: &[f32], weight: &[f32], out: &mut [f32]) {
    match plan(g) {
        Some(plan) => plan.with_wide(g, wide, |wide| plan.forward(g, wide, weight, out, false)),
        None => direct::narrow(g, wide, weight, out, false),
    }
}

/// Wide images from narrow ones: a transposed convolution's forward pass. `out` is overwritten.
pub(crate) fn widen(g: &ConvGeometry, narrow: &[f32], weight: &[f32], out: &mut [f32]) {
    match plan(g) {
        Some(plan) => plan.with_narrow(g, narrow, |narrow| plan.adjoint(g, narrow, weight, out, false)),
        None => direct::widen(g, narrow, weight, out, false),
    }
}

/// The gradients that are wanted.
pub(crate) struct Wanted<'a> {
    /// The input's, which is added to.
    pub(crate) x: Option<&'a mut [f32]>,
    /// The weight's, which is added to where the flag is set, else overwritten.
    pub(crate) weight: Option<(&'a mut [f32], bool)>,
}

/// The gradients of [`narrow`]: `grad` is the narrow images'.
pub(crate) fn narrow_gradients(
    g: &ConvGeometry,
    wide: &[f32],
    weight: &[f32],
    grad: &[f32],
    wanted: Wanted<'_>,
) {
    let Some(plan) = plan(g) else {
        if let Some((out, accumulate)) = wanted.weight {
            direct::weight_gradient(g, wide, grad, out, accumulate);
        }
        if let Some(out) = wanted.x {
            direct::widen(g, grad, weight, out, true);
        }
        return;
    };
    plan.with_narrow(g, grad, |grad| {
        if let Some((out, accumulate)) = wanted.weight {
            plan.with_wide(g, wide, |wide| {
                plan.weight_gradient(g, wide, grad, out, accumulate);
            });
        }
        if let Some(out) = wanted.x {
            plan.adjoint(g, grad, weight, out, true);
        }
    });
}

/// The gradients of [`widen`]: `grad` is the wide images'.
pub(crate) fn widen_gradients(
    g: &ConvGeometry,
    narrow: &[f32],
    weight: &[f32],
    grad: &[f32],
    wanted: Wanted<'_>,
) {
    let Some(plan) = plan(g) else {
        if let Some((out, accumulate)) = wanted.weight {
            direct::weight_gradient(g, grad, narrow, out, accumulate);
        }
        if let Some(out) = wanted.x {
            direct::narrow(g, grad, weight, out, true);
        }
        return;
    };
    plan.with_wide(g, grad, |grad| {
        if let Some((out, accumulate)) = wanted.weight {
            plan.with_narrow(g, narrow, |narrow| {
                plan.weight_gradient(g, grad, narrow, out, accumulate);
            });
        }
        if let Some(out) = wanted.x {
            plan.forward(g, grad, weight, out, true);
        }
    });
}
