//! The three products that every convolution and transposed convolution is made of, each by the algorithm that suits its
//! geometry: Winograd where many output positions share a small weight, else one matrix product an image over unrolled
//! windows.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cpu::gemm::{Matrix, matmul};
use crate::cpu::scratch::with_scratch;
use crate::cpu::windows::{is_identity, roll, unroll};
use crate::cpu::winograd::Plan;
use crate::geometry::ConvGeometry;

static EXACT: AtomicBool = AtomicBool::new(false);

/// Turns Winograd off (or on again) in this process: results then carry direct summation's rounding error alone, about
/// 2e-7 of a layer's output instead of 1.5e-6.
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
    if let Some(plan) = plan(g) {
        return plan.forward(g, wide, weight, out, accumulate);
    }
    let weight = Matrix::new(weight, g.narrow_c, g.window());
    let images = wide.chunks_exact(g.wide_c * g.wide_len());
    for (image, out) in images.zip(out.chunks_exact_mut(g.narrow_c * g.narrow_len())) {
        with_windows(g, image, |m| matmul(out, weight, m, accumulate));
    }
}

/// Wide images from narrow ones: a convolution's input gradient, a transposed convolution's forward pass. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn widen(g: &ConvGeometry, narrow: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    if let Some(plan) = plan(g) {
        return plan.adjoint(g, narrow, weight, out, accumulate);
    }
    let weight = Matrix::new(weight, g.narrow_c, g.window()).t();
    let images = narrow.chunks_exact(g.narrow_c * g.narrow_len());
    for (image, out) in images.zip(out.chunks_exact_mut(g.wide_c * g.wide_len())) {
        let image = Matrix::new(image, g.narrow_c, g.narrow_len());
        if is_identity(g) {
            matmul(out, weight, image, accumulate);
        } else {
            with_scratch(g.window() * g.narrow_len(), |m| {
                matmul(m, weight, image, false);
                roll(g, m, out, accumulate);
            });
        }
    }
}

/// Adds the weight's gradient.
pub(crate) fn weight_gradient(g: &ConvGeometry, wide: &[f32], narrow: &[f32], out: &mut [f32]) {
    if let Some(plan) = plan(g) {
        return plan.weight_gradient(g, wide, narrow, out);
    }
    let images = wide.chunks_exact(g.wide_c * g.wide_len());
    for (wide, narrow) in images.zip(narrow.chunks_exact(g.narrow_c * g.narrow_len())) {
        let narrow = Matrix::new(narrow, g.narrow_c, g.narrow_len());
        with_windows(g, wide, |m| matmul(out, narrow, m.t(), true));
    }
}

/// Runs `work` with the window matrix of one wide image: the image itself where windows are single pixels.
fn with_windows<R>(g: &ConvGeometry, image: &[f32], work: impl FnOnce(Matrix<'_>) -> R) -> R {
    if is_identity(g) {
        return work(Matrix::new(image, g.window(), g.narrow_len()));
    }
    with_scratch(g.window() * g.narrow_len(), |matrix| {
        unroll(g, image, matrix);
        work(Matrix::new(matrix, g.window(), g.narrow_len()))
    })
}
