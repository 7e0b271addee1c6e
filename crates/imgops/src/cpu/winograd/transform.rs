//! A separable transform of a tile of channel vectors.

use super::matrices::Map;
use crate::cpu::kernel::{LANES, Lanes, fused};

/// The most points a dimension.
const SIDE: usize = 6;

/// A grid of channel vectors in a slice: vector `(i, j)` begins at `at + i * row + j * col`. Only `rows x cols` of the
/// transform's own grid exist: what is missing reads as zeros and is not written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) at: usize,
    pub(super) row: usize,
    pub(super) col: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

simd! {
    /// `to = map from map^T` for each of `channels` channels (a multiple of sixteen), or `+=` where `accumulate`.
    pub(super) fn transform<const ROWS: usize, const FMA: bool>(map: &Map, source: &[f32], from: Grid, target: &mut [f32], to: Grid, channels: usize, accumulate: bool) {
        let (inputs, outputs) = (map.inputs, map.outputs());
        let mut grid = [[0.0f32; LANES]; SIDE * SIDE];
        let mut mixed = [[0.0f32; LANES]; SIDE * SIDE];
        for c in (0..channels).step_by(LANES) {
            for i in 0..from.rows.min(inputs) {
                for j in 0..from.cols.min(inputs) {
                    grid[i * SIDE + j] = *lanes(source, from.at + i * from.row + j * from.col + c);
                }
            }
            for i in 0..outputs.min(to.rows) {
                for j in 0..from.cols.min(inputs) {
                    let mut sum = [0.0f32; LANES];
                    for (k, f) in map.terms(i) {
                        let x = &grid[k * SIDE + j];
                        for l in 0..LANES {
                            sum[l] = fused::<FMA>(*f, x[l], sum[l]);
                        }
                    }
                    mixed[i * SIDE + j] = sum;
                }
            }
            for i in 0..outputs.min(to.rows) {
                for j in 0..outputs.min(to.cols) {
                    let mut sum = [0.0f32; LANES];
                    for (k, f) in map.terms(j) {
                        let x = &mixed[i * SIDE + k];
                        for l in 0..LANES {
                            sum[l] = fused::<FMA>(*f, x[l], sum[l]);
                        }
                    }
                    let out = lanes_mut(target, to.at + i * to.row + j * to.col + c);
                    if accumulate {
                        out.iter_mut().zip(&sum).for_each(|(o, s)| *o += *s);
                    } else {
                        *out = sum;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn lanes(data: &[f32], at: usize) -> &Lanes {
    data[at..]
        .first_chunk::<LANES>()
        .expect("a grid's vectors lie inside its slice")
}

#[inline(always)]
fn lanes_mut(data: &mut [f32], at: usize) -> &mut Lanes {
    data[at..]
        .first_chunk_mut::<LANES>()
        .expect("a grid's vectors lie inside its slice")
}
