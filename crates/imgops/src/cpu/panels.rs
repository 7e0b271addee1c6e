//! The order that the CPU keeps a convolution's weights in: `[narrow / 16][kernel row][kernel column][wide][16 narrow]`.
//!
//! Sixteen narrow channels are a panel's columns; its rows run over taps and wide channels in the order in which a window of
//! a channels-last image lies in memory. Narrow channels past the last are zeros, and stay so: their gradients are zero.

use rayon::prelude::*;

use crate::cpu::kernel::LANES;
use crate::geometry::ConvGeometry;

/// Rows of a panel: `k * k * wide` for a weight `[narrow, wide, k, k]`.
pub(crate) fn rows([_, wide, kh, kw]: [usize; 4]) -> usize {
    kh * kw * wide
}

/// Values of a weight in this order.
pub(crate) fn len(shape: [usize; 4]) -> usize {
    shape[0].div_ceil(LANES) * rows(shape) * LANES
}

/// From `[narrow, wide, kh, kw]`.
pub(crate) fn from_public(shape: [usize; 4], values: &[f32]) -> Vec<f32> {
    let mut panels = vec![0.0; len(shape)];
    visit(shape, &mut panels, |lane, at| *lane = values[at]);
    panels
}

/// To `[narrow, wide, kh, kw]`.
pub(crate) fn to_public(shape: [usize; 4], panels: &[f32]) -> Vec<f32> {
    let [narrow, wide, kh, kw] = shape;
    let mut values = vec![0.0; narrow * wide * kh * kw];
    let rows = rows(shape);
    values
        .par_chunks_mut(wide * kh * kw)
        .enumerate()
        .for_each(|(o, values)| {
            let panel = &panels[o / LANES * rows * LANES..][..rows * LANES];
            for (at, value) in values.iter_mut().enumerate() {
                let (c, tap) = (at / (kh * kw), at % (kh * kw));
                *value = panel[(tap * wide + c) * LANES + o % LANES];
            }
        });
    values
}

/// Calls `each` for every lane that holds a weight, with the weight's place in the public order.
fn visit([narrow, wide, kh, kw]: [usize; 4], panels: &mut [f32], each: impl Fn(&mut f32, usize) + Sync) {
    let taps = kh * kw;
    panels
        .par_chunks_mut(taps * wide * LANES)
        .enumerate()
        .for_each(|(block, panel)| {
            for (row, lanes) in panel.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let (tap, c) = (row / wide, row % wide);
                let first = block * LANES;
                for (j, lane) in lanes.iter_mut().enumerate().take(narrow - first) {
                    each(lane, ((first + j) * wide + c) * taps + tap);
                }
            }
        });
}

/// The shape of a geometry's weight.
pub(crate) fn shape(g: &ConvGeometry) -> [usize; 4] {
    [g.narrow_c, g.wide_c, g.kernel, g.kernel]
}

/// `out[j][i] = panel[i][j]` for a block of at most sixteen panel rows; the rest of `out`'s columns become zeros.
#[inline]
pub(crate) fn transpose(panel_rows: &[f32], out: &mut [f32]) {
    let out = out.as_chunks_mut::<LANES>().0;
    let rows = panel_rows.as_chunks::<LANES>().0;
    if rows.len() < LANES {
        out.iter_mut().for_each(|o| *o = [0.0; LANES]);
    }
    for (i, row) in rows.iter().enumerate().take(LANES) {
        for (o, v) in out.iter_mut().zip(row) {
            o[i] = *v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_inverse_and_padding_is_zero() {
        for shape in [[1, 3, 4, 4], [16, 2, 3, 3], [19, 5, 1, 1], [32, 1, 2, 2]] {
            let [n, w, kh, kw] = shape;
            let values: Vec<f32> = (1..=n * w * kh * kw).map(|v| v as f32).collect();
            let panels = from_public(shape, &values);
            assert_eq!(panels.len(), len(shape));
            assert_eq!(to_public(shape, &panels), values);
            assert_eq!(panels.iter().filter(|v| **v != 0.0).count(), values.len());
            // Weight (o, c, y, x) lies in panel o / 16, row (y, x, c), lane o % 16.
            let (o, c, tap) = (n - 1, w - 1, kh * kw - 1);
            let at = (o / LANES * rows(shape) + tap * w + c) * LANES + o % LANES;
            assert_eq!(panels[at], values[(o * w + c) * kh * kw + tap]);
        }
    }

    #[test]
    fn blocks_are_transposed() {
        let rows: Vec<f32> = (0..5 * LANES).map(|v| v as f32).collect();
        let mut out = vec![9.0; LANES * LANES];
        transpose(&rows, &mut out);
        for j in 0..LANES {
            for i in 0..LANES {
                let want = if i < 5 { rows[i * LANES + j] } else { 0.0 };
                assert_eq!(out[j * LANES + i], want);
            }
        }
    }
}
