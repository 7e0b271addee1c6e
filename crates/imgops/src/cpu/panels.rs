//! The order that the CPU keeps a convolution's weights in: `[narrow / 16][kernel row][kernel column][wide][16 narrow]`.
//!
//! Sixteen narrow channels are a panel's columns; its rows run over taps and wide channels in the order in which a window of
//! a channels-last image lies in memory. Narrow channels past the last are zeros, and stay so: their gradients are zero.

use rayon::prelude::*;

use crate::cpu::kernel::LANES;
use crate::cpu::simd::prefetch;
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

/// `out[block][j][i] = panels[block][first + i][j]` for `count` rows of every panel, at most sixteen; the rest of the columns of
/// `out` become zeros. `out` has sixteen rows for each panel.
pub(crate) fn turn(panels: &[f32], panel_len: usize, first: usize, count: usize, out: &mut [f32]) {
    let rows = first * LANES..(first + count) * LANES;
    for (i, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
        let of = |i: usize| panels.get(i * panel_len..(i + 1) * panel_len);
        // Panels are far apart: what comes next but one is fetched now.
        let later = of(i + 2).map_or(&[][..], |panel| &panel[rows.clone()]);
        if let Some(panel) = of(i) {
            turn_block(&panel[rows.clone()], later, out);
        }
    }
}

simd! {
    /// `out[j][i] = rows[i][j]` for at most sixteen panel rows, and the rest of the columns of `out` become zeros; `later` is
    /// fetched meanwhile.
    pub(crate) fn turn_block<const ROWS: usize, S>(set: S, rows: &[f32], later: &[f32], out: &mut [f32; LANES * LANES]) {
        let (rows, out) = (rows.as_chunks::<LANES>().0, out.as_chunks_mut::<LANES>().0);
        for line in later.as_chunks::<LANES>().0 {
            prefetch(line);
        }
        if let (Some(rows), Some(out)) = (rows.first_chunk(), out.first_chunk_mut()) {
            set.transpose(rows, out);
        } else {
            for (j, out) in out.iter_mut().enumerate() {
                *out = std::array::from_fn(|i| rows.get(i).map_or(0.0, |row| row[j]));
            }
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
    fn blocks_of_every_panel_are_turned() {
        let (panels, panel_len, first) = (5, 40 * LANES, 3);
        let weight: Vec<f32> = (0..panels * panel_len).map(|v| v as f32).collect();
        for count in [5, 16] {
            let mut out = vec![9.0; panels * LANES * LANES];
            turn(&weight, panel_len, first, count, &mut out);
            for (at, out) in out.iter().enumerate() {
                let (panel, j, i) = (at / (LANES * LANES), at / LANES % LANES, at % LANES);
                let from = panel * panel_len + (first + i) * LANES + j;
                assert_eq!(*out, if i < count { weight[from] } else { 0.0 });
            }
        }
    }
}
