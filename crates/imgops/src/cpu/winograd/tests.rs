use super::*;
use crate::cpu::gemm::{Matrix, matmul};
use crate::cpu::windows::{roll, unroll};
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

/// Every plan against the window matrix, for sizes with and without overhanging tiles, one image and two.
#[test]
fn all_three_passes_agree_with_the_direct_ones() {
    let sizes = [
        (4, 2, 16, 16),
        (4, 2, 10, 22),
        (4, 2, 7, 9),
        (4, 1, 8, 8),
        (4, 1, 11, 6),
        (3, 1, 9, 8),
        (3, 1, 4, 13),
    ];
    for (kernel, stride, h, w) in sizes {
        for batch in [1, 2] {
            let g = ConvGeometry::conv2d(
                (batch, 3, h, w),
                (5, 3, kernel, kernel),
                None,
                ConvConfig::new(stride, 1),
            )
            .unwrap();
            let (wide, narrow) = (batch * 3 * h * w, batch * 5 * g.narrow_len());
            let (x, y, weight) = (values(wide, 1), values(narrow, 2), values(5 * g.window(), 3));
            let plans = Plan::all_for(kernel, stride);
            assert!(!plans.is_empty());
            let (mut forward, mut adjoint, mut gradient) =
                (vec![0.0; narrow], vec![0.0; wide], vec![1.0; weight.len()]);
            let mut matrix = vec![0.0; g.window() * g.narrow_len()];
            let weight_matrix = Matrix::new(&weight, 5, g.window());
            for i in 0..batch {
                let (x, y) = (
                    &x[i * 3 * h * w..][..3 * h * w],
                    &y[i * 5 * g.narrow_len()..][..5 * g.narrow_len()],
                );
                unroll(&g, x, &mut matrix);
                let columns = Matrix::new(&matrix, g.window(), g.narrow_len());
                matmul(
                    &mut forward[i * 5 * g.narrow_len()..][..5 * g.narrow_len()],
                    weight_matrix,
                    columns,
                    false,
                );
                let y = Matrix::new(y, 5, g.narrow_len());
                matmul(&mut gradient, y, columns.t(), true);
                let mut spread = vec![0.0; matrix.len()];
                matmul(&mut spread, weight_matrix.t(), y, false);
                roll(&g, &spread, &mut adjoint[i * 3 * h * w..][..3 * h * w], false);
            }
            for plan in plans {
                let what = format!("{}x{} {g:?}", plan.transforms.m, plan.transforms.r);
                let mut out = vec![f32::NAN; narrow];
                plan.forward(&g, &x, &weight, &mut out, false);
                assert!(
                    error(&out, &forward) < 3e-6,
                    "forward {what}: {}",
                    error(&out, &forward)
                );
                plan.forward(&g, &x, &weight, &mut out, true);
                let twice: Vec<f32> = forward.iter().map(|v| 2.0 * v).collect();
                assert!(error(&out, &twice) < 3e-6, "accumulated forward {what}");
                let mut out = vec![f32::NAN; wide];
                plan.adjoint(&g, &y, &weight, &mut out, false);
                assert!(
                    error(&out, &adjoint) < 3e-6,
                    "adjoint {what}: {}",
                    error(&out, &adjoint)
                );
                plan.adjoint(&g, &y, &weight, &mut out, true);
                let twice: Vec<f32> = adjoint.iter().map(|v| 2.0 * v).collect();
                assert!(error(&out, &twice) < 3e-6, "accumulated adjoint {what}");
                let mut out = vec![1.0; weight.len()];
                plan.weight_gradient(&g, &x, &y, &mut out);
                assert!(
                    error(&out, &gradient) < 3e-6,
                    "weight {what}: {}",
                    error(&out, &gradient)
                );
            }
        }
    }
}
