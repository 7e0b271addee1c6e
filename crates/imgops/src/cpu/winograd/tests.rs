use super::*;
use crate::cpu::direct;
use crate::cpu::panels;
use crate::geometry::ConvConfig;

fn values(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (((i * 7919 + seed * 104_729) % 1013) as f32 - 506.0) / 512.0)
        .collect()
}

fn error(got: &[f32], want: &[f32]) -> f64 {
    let difference: f64 = got.iter().zip(want).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let size: f64 = want.iter().map(|v| f64::from(*v).powi(2)).sum();
    (difference / size).sqrt()
}

/// Every plan against direct summation, for sizes with and without overhanging tiles, one image and two; overwriting what
/// is there, and adding to it.
fn weight_gradient(plan: &Plan, g: &ConvGeometry, x: &[f32], y: &[f32], out: &mut [f32], accumulate: bool) {
    plan.with_wide(g, x, |x| {
        plan.with_narrow(g, y, |y| plan.weight_gradient(g, x, y, out, accumulate));
    });
}

#[test]
fn all_three_passes_agree_with_the_direct_ones() {
    let sizes = [
        (4, 2, 16, 16),
        (4, 2, 10, 22),
        (4, 2, 7, 9),
        (3, 2, 16, 16),
        (3, 2, 10, 23),
        (3, 2, 7, 12),
        (4, 1, 8, 8),
        (4, 1, 11, 6),
        (3, 1, 9, 8),
        (3, 1, 4, 13),
    ];
    for (kernel, stride, h, w) in sizes {
        for batch in [1, 2] {
            let g = ConvGeometry::conv2d(
                (batch, 32, h, w),
                [48, 32, kernel, kernel],
                None,
                ConvConfig::new(stride, 1),
            )
            .unwrap();
            let (wide, narrow) = (batch * 32 * h * w, batch * 48 * g.narrow_len());
            let weight = panels::from_public(panels::shape(&g), &values(48 * g.window(), 3));
            let (x, y) = (values(wide, 1), values(narrow, 2));
            let (mut forward, mut adjoint, mut gradient) =
                (vec![0.0; narrow], vec![0.0; wide], vec![f32::NAN; weight.len()]);
            direct::narrow(&g, &x, &weight, &mut forward, false);
            direct::widen(&g, &y, &weight, &mut adjoint, false);
            direct::weight_gradient(&g, &x, &y, &mut gradient, false);
            assert!(Plan::candidates(kernel, stride).count() > 0);
            for plan in Plan::candidates(kernel, stride) {
                let what = format!("{:?} {g:?}", plan.tile);
                let close = |got: &[f32], want: &[f32], pass: &str| {
                    let e = error(got, want);
                    assert!(e < 3e-6, "{pass} {what}: {e:.1e}");
                };
                let mut out = vec![f32::NAN; narrow];
                plan.with_wide(&g, &x, |x| plan.forward(&g, x, &weight, &mut out, false));
                close(&out, &forward, "forward");
                plan.with_wide(&g, &x, |x| plan.forward(&g, x, &weight, &mut out, true));
                let twice: Vec<f32> = forward.iter().map(|v| 2.0 * v).collect();
                close(&out, &twice, "accumulated forward");
                let mut out = vec![f32::NAN; wide];
                plan.with_narrow(&g, &y, |y| plan.adjoint(&g, y, &weight, &mut out, false));
                close(&out, &adjoint, "adjoint");
                plan.with_narrow(&g, &y, |y| plan.adjoint(&g, y, &weight, &mut out, true));
                let twice: Vec<f32> = adjoint.iter().map(|v| 2.0 * v).collect();
                close(&out, &twice, "accumulated adjoint");
                let mut out = vec![f32::NAN; weight.len()];
                weight_gradient(&plan, &g, &x, &y, &mut out, false);
                close(&out, &gradient, "weight");
                weight_gradient(&plan, &g, &x, &y, &mut out, true);
                let twice: Vec<f32> = gradient.iter().map(|v| 2.0 * v).collect();
                close(&out, &twice, "accumulated weight");
            }
        }
    }
}

/// How many panels are transformed at a time changes no bit, also where a share reaches from one phase into the next.
#[test]
fn shares_of_panels_change_nothing() {
    for (kernel, stride) in [(4, 2), (3, 2), (4, 1), (3, 1)] {
        let g = ConvGeometry::conv2d(
            (2, 48, 14, 10),
            [96, 48, kernel, kernel],
            None,
            ConvConfig::new(stride, 1),
        )
        .unwrap();
        let (wide, narrow) = (2 * 48 * 14 * 10, 2 * 96 * g.narrow_len());
        let weight = panels::from_public(panels::shape(&g), &values(96 * g.window(), 3));
        let (x, y) = (values(wide, 1), values(narrow, 2));
        let passes = |plan: Plan| {
            let mut out = [
                vec![f32::NAN; narrow],
                vec![f32::NAN; wide],
                vec![f32::NAN; weight.len()],
            ];
            plan.with_wide(&g, &x, |x| plan.forward(&g, x, &weight, &mut out[0], false));
            plan.with_narrow(&g, &y, |y| plan.adjoint(&g, y, &weight, &mut out[1], false));
            weight_gradient(&plan, &g, &x, &y, &mut out[2], false);
            out
        };
        for plan in Plan::candidates(kernel, stride) {
            let whole = passes(plan);
            assert_eq!(
                plan.share(12, 96, plan.share_bytes),
                12,
                "small weights go at once"
            );
            let panel = 4 * plan.points() * point_step(96) / rayon::current_num_threads() + 1;
            // Five go as four, four and four; there are twelve panels or, of stride 1 in the other direction, three.
            for (panels, share) in [(0, 1), (1, 1), (2, 2), (4, 4), (5, 4), (7, 6)] {
                let share_bytes = panels * panel;
                assert_eq!(plan.share(12, 96, share_bytes), share);
                assert!(passes(Plan { share_bytes, ..plan }) == whole, "{panels} {plan:?}");
            }
        }
    }
}

/// Rounding against f64, for 256 channels of values that fill the mantissa; `docs/performance.md` quotes what this prints.
#[test]
fn errors_against_f64_are_small() {
    // Sums of four uniform draws are nearly normal; a 64-bit linear congruential generator is random enough.
    let full = |len: usize, mut state: u64| -> Vec<f32> {
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
        };
        (0..len).map(|_| draw() + draw() + draw() + draw()).collect()
    };
    for (kernel, stride) in [(4, 2), (3, 2), (4, 1), (3, 1)] {
        let g = ConvGeometry::conv2d(
            (1, 256, 14, 14),
            [16, 256, kernel, kernel],
            None,
            ConvConfig::new(stride, 1),
        )
        .unwrap();
        let (x, public) = (full(256 * 14 * 14, 1), full(16 * g.window(), 2));
        let mut want = vec![0.0f64; 16 * g.narrow_len()];
        for (at, sum) in want.iter_mut().enumerate() {
            let (pixel, o) = (at / 16, at % 16);
            for (ky, kx) in (0..kernel).flat_map(|y| (0..kernel).map(move |x| (y, x))) {
                let y = (pixel / g.narrow_w * stride + ky)
                    .checked_sub(1)
                    .filter(|y| *y < 14);
                let x_at = (pixel % g.narrow_w * stride + kx)
                    .checked_sub(1)
                    .filter(|x| *x < 14);
                let Some((y, x_at)) = y.zip(x_at) else {
                    continue;
                };
                for c in 0..256 {
                    let weight = public[((o * 256 + c) * kernel + ky) * kernel + kx];
                    *sum += f64::from(x[(y * 14 + x_at) * 256 + c]) * f64::from(weight);
                }
            }
        }
        let size = want.iter().map(|v| v * v).sum::<f64>();
        let off = |got: &[f32]| {
            let squares = got.iter().zip(&want).map(|(g, w)| (f64::from(*g) - w).powi(2));
            (squares.sum::<f64>() / size).sqrt()
        };
        let weight = panels::from_public(panels::shape(&g), &public);
        let mut out = vec![0.0; want.len()];
        direct::narrow(&g, &x, &weight, &mut out, false);
        println!("kernel {kernel} stride {stride}: direct {:.1e}", off(&out));
        assert!(off(&out) < 5e-7, "direct: {:.1e}", off(&out));
        for plan in Plan::candidates(kernel, stride) {
            plan.with_wide(&g, &x, |x| plan.forward(&g, x, &weight, &mut out, false));
            println!(
                "kernel {kernel} stride {stride}: {:?} {:.1e}",
                plan.tile,
                off(&out)
            );
            assert!(off(&out) < 3e-6, "{:?}: {:.1e}", plan.tile, off(&out));
        }
    }
}

#[test]
fn points_of_a_kind_have_the_same_channels() {
    for (kernel, stride) in [(4, 2), (3, 2), (4, 1), (3, 1)] {
        let input = (1, 32, 16, 16);
        let g =
            ConvGeometry::conv2d(input, [48, 32, kernel, kernel], None, ConvConfig::new(stride, 1)).unwrap();
        for plan in Plan::candidates(kernel, stride) {
            for point in 0..plan.points() {
                let one = plan.kinds()[plan.kind(point)];
                assert_eq!(
                    plan.live(&g, point),
                    plan.live(&g, one),
                    "{point} of {:?}",
                    plan.tile
                );
            }
        }
    }
}

/// Found by reading: products so large that only single panels fit, which a search among shares of 4, 4, 4, … never came to.
#[test]
fn shares_become_as_small_as_large_products_ask() {
    let plan = Plan::candidates(3, 1).next().unwrap();
    let panel = WORK_BYTES / 4 * rayon::current_num_threads();
    for panels in [1, 5, 16] {
        for (large, most) in [(panel, 1), (panel / 3, 2)] {
            let mut seen = Vec::new();
            plan.by_share(
                (panels, 16),
                plan.share_bytes,
                |share| share * large,
                |these, _, products| {
                    assert_eq!(products.len(), these.len() * large);
                    seen.push(these);
                },
            );
            assert!(seen.iter().all(|these| these.len() <= most), "{seen:?}");
            assert_eq!(
                seen.into_iter().flatten().collect::<Vec<_>>(),
                (0..panels).collect::<Vec<_>>()
            );
        }
    }
}
