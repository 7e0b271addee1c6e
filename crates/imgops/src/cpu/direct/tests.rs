use super::*;
use crate::cpu::panels::{from_public, to_public};
use crate::geometry::ConvConfig;

/// Small whole numbers: sums of them are exact in f32 whatever their order.
fn values(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 31 + seed * 17) % 7) as f32 - 3.0)
        .collect()
}

/// Calls `each(wide pixel, narrow pixel, weight)` with the places of every product in channels-last images and the public
/// order of weights.
fn products(g: &ConvGeometry, mut each: impl FnMut(usize, usize, usize)) {
    for image in 0..g.n {
        for (y, x) in (0..g.narrow_h).flat_map(|y| (0..g.narrow_w).map(move |x| (y, x))) {
            for (ky, kx) in (0..g.kernel).flat_map(|y| (0..g.kernel).map(move |x| (y, x))) {
                let wide_y = (y * g.stride + ky)
                    .checked_sub(g.padding)
                    .filter(|y| *y < g.wide_h);
                let wide_x = (x * g.stride + kx)
                    .checked_sub(g.padding)
                    .filter(|x| *x < g.wide_w);
                let Some((wide_y, wide_x)) = wide_y.zip(wide_x) else {
                    continue;
                };
                for c in 0..g.wide_c {
                    let wide = ((image * g.wide_h + wide_y) * g.wide_w + wide_x) * g.wide_c + c;
                    for o in 0..g.narrow_c {
                        let narrow = ((image * g.narrow_h + y) * g.narrow_w + x) * g.narrow_c + o;
                        each(wide, narrow, ((o * g.wide_c + c) * g.kernel + ky) * g.kernel + kx);
                    }
                }
            }
        }
    }
}

/// All three products against their definition, overwriting and adding.
fn check(n: usize, [wide_c, h, w]: [usize; 3], narrow_c: usize, [k, stride, padding]: [usize; 3]) {
    let config = ConvConfig::new(stride, padding);
    let g = ConvGeometry::conv2d((n, wide_c, h, w), [narrow_c, wide_c, k, k], None, config).unwrap();
    let (wide_len, narrow_len) = (n * wide_c * h * w, n * narrow_c * g.narrow_len());
    let (x, y, weight) = (
        values(wide_len, 1),
        values(narrow_len, 2),
        values(narrow_c * g.window(), 3),
    );
    let (mut to_narrow, mut to_wide, mut gradient) = (
        vec![0.0; narrow_len],
        vec![0.0; wide_len],
        vec![0.0; weight.len()],
    );
    products(&g, |i, o, at| {
        to_narrow[o] += x[i] * weight[at];
        to_wide[i] += y[o] * weight[at];
        gradient[at] += x[i] * y[o];
    });
    let panels = from_public(shape(&g), &weight);
    let (mut a, mut b, mut c) = (
        vec![f32::NAN; narrow_len],
        vec![f32::NAN; wide_len],
        vec![f32::NAN; panels.len()],
    );
    for times in [1.0, 2.0] {
        let expected = |values: &[f32]| values.iter().map(|v| times * v).collect::<Vec<f32>>();
        narrow(&g, &x, &panels, &mut a, times > 1.0);
        assert_eq!(a, expected(&to_narrow), "narrow {g:?}");
        widen(&g, &y, &panels, &mut b, times > 1.0);
        assert_eq!(b, expected(&to_wide), "widen {g:?}");
        weight_gradient(&g, &x, &y, &mut c, times > 1.0);
        assert_eq!(to_public(shape(&g), &c), expected(&gradient), "weight {g:?}");
        let padding: f32 = c.iter().sum::<f32>() - expected(&gradient).iter().sum::<f32>();
        assert_eq!(padding, 0.0, "lanes of channels that do not exist stay zero");
    }
}

#[test]
fn layers_of_few_pixels_leave_out_dead_taps() {
    check(1, [40, 2, 2], 20, [4, 2, 1]);
    check(2, [16, 1, 3], 3, [4, 2, 2]);
    check(1, [48, 4, 4], 33, [4, 2, 1]);
}

#[test]
fn layers_of_many_pixels_share_out_rows() {
    check(1, [3, 30, 34], 17, [4, 2, 1]);
    check(1, [32, 17, 16], 16, [3, 1, 1]);
    check(2, [50, 12, 11], 5, [3, 2, 1]);
    check(1, [2, 40, 37], 6, [1, 1, 0]);
}

#[test]
fn batches_share_large_weights() {
    check(4, [72, 16, 16], 136, [4, 2, 1]);
    check(3, [80, 5, 4], 7, [4, 2, 1]);
}

#[test]
fn weight_gradients_of_more_rows_than_are_gathered_at_once() {
    check(1, [33, 34, 36], 2, [2, 1, 0]);
    check(1, [5, 40, 41], 18, [3, 1, 0]);
}

#[test]
fn layers_with_few_narrow_channels_take_kernel_columns_together() {
    check(1, [16, 9, 8], 1, [4, 1, 1]);
    check(2, [20, 12, 10], 3, [7, 1, 0]);
    check(1, [64, 7, 9], 4, [5, 1, 4]);
    check(2, [3, 11, 9], 20, [7, 1, 0]);
    check(1, [4, 6, 7], 33, [3, 1, 2]);
}
