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

/// Narrow images from wide ones: a convolution's forward pass, a transposed convolution's input gradient. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn narrow(g: &ConvGeometry, wide: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    match plan(g) {
        Some(plan) => plan.forward(g, wide, weight, out, accumulate),
        None => direct::narrow(g, wide, weight, out, accumulate),
    }
}

/// Wide images from narrow ones: a convolution's input gradient, a transposed convolution's forward pass. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn widen(g: &ConvGeometry, narrow: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    match plan(g) {
        Some(plan) => plan.adjoint(g, narrow, weight, out, accumulate),
        None => direct::widen(g, narrow, weight, out, accumulate),
    }
}

/// The weight's gradient. `out` is overwritten, or added to where `accumulate`.
pub(crate) fn weight_gradient(
    g: &ConvGeometry,
    wide: &[f32],
    narrow: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    match plan(g) {
        Some(plan) => plan.weight_gradient(g, wide, narrow, out, accumulate),
        None => direct::weight_gradient(g, wide, narrow, out, accumulate),
    }
}
