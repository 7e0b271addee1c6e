//! A separable transform of a tile of channel vectors.
#![allow(unsafe_code)] // vectors of grids whose bounds have been checked

use super::grid::{Extent, Grid, Vectors, VectorsMut};
use super::matrices::{Map, Matrix, SIDE, Symmetry, Tile};
use crate::cpu::kernel::LANES;
use crate::cpu::simd::Set;

/// Channels between what is transformed and what is fetched meanwhile: vectors of a grid lie far apart, more of them than a
/// processor sees a pattern in.
const AHEAD: usize = 2 * LANES;

/// `to = map from map^T` for each of `channels` channels (a multiple of sixteen), or `+=` where `accumulate`.
pub(super) fn transform(
    tile: Tile,
    map: Map,
    source: &[f32],
    from: Grid,
    target: &mut [f32],
    to: Grid,
    channels: usize,
    accumulate: bool,
) {
    let apply = match tile {
        Tile::F22 => of_f22,
        Tile::F42 => of_f42,
        Tile::F34 => of_f34,
        Tile::F43 => of_f43,
    };
    apply(map, source, from, target, to, channels, accumulate);
}

/// Defines a tile's transforms: each map is a copy of [`separable`] with the matrix's factors built in.
macro_rules! transforms {
    ($name:ident, $tile:expr) => {
        simd! {
            fn $name<const ROWS: usize, S>(set: S, map: Map, source: &[f32], from: Grid, target: &mut [f32], to: Grid, channels: usize, accumulate: bool) {
                macro_rules! with {
                    ($map:expr) => {{
                        const MATRIX: Matrix = $map.of($tile.transforms());
                        const SYMMETRY: Option<Symmetry> = MATRIX.symmetry();
                        #[inline(always)]
                        fn row(i: usize) -> [f32; SIDE] {
                            MATRIX.values[i]
                        }
                        let mut c = 0;
                        while c < channels {
                            let len = from.run(c).min(to.run(c)).min(channels - c);
                            let (from, to) = (Vectors::of(source, &from, c, len), VectorsMut::of(target, &to, c, len));
                            if from.extent.rows >= MATRIX.cols && from.extent.cols >= MATRIX.cols && to.extent.rows >= MATRIX.rows && to.extent.cols >= MATRIX.rows {
                                separable::<{ MATRIX.rows }, { MATRIX.cols }, true, S>(set, SYMMETRY, row, from, to, accumulate);
                            } else {
                                separable::<{ MATRIX.rows }, { MATRIX.cols }, false, S>(set, SYMMETRY, row, from, to, accumulate);
                            }
                            c += len;
                        }
                    }};
                }
                match map {
                    Map::Data => with!(Map::Data),
                    Map::DataAdjoint => with!(Map::DataAdjoint),
                    Map::Kernel => with!(Map::Kernel),
                    Map::KernelAdjoint => with!(Map::KernelAdjoint),
                    Map::Output => with!(Map::Output),
                    Map::OutputAdjoint => with!(Map::OutputAdjoint),
                }
            }
        }
    };
}

transforms!(of_f22, Tile::F22);
transforms!(of_f42, Tile::F42);
transforms!(of_f34, Tile::F34);
transforms!(of_f43, Tile::F43);

/// The transform by a matrix of `OUT x IN`, whose rows `matrix` knows; `WHOLE` where all vectors of both grids exist.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // rows and columns of three grids go together
fn separable<const OUT: usize, const IN: usize, const WHOLE: bool, S: Set>(
    set: S,
    symmetry: Option<Symmetry>,
    matrix: impl Fn(usize) -> [f32; SIDE],
    from: Vectors<'_>,
    mut to: VectorsMut<'_>,
    accumulate: bool,
) {
    let zero = set.splat(0.0);
    let (read, written) = (from.extent, to.extent);
    let holds = |extent: Extent, side: usize| !WHOLE || (extent.rows >= side && extent.cols >= side);
    assert!(read.len == written.len && read.len.is_multiple_of(LANES));
    assert!(holds(read, IN) && holds(written, OUT));
    // Once for all channels: every one's transform overwrites all of it.
    let mut mixed = [[zero; IN]; OUT];
    for c in (0..read.len).step_by(LANES) {
        for j in 0..IN {
            let mut column = [zero; IN];
            for i in 0..IN {
                if WHOLE || (i < read.rows && j < read.cols) {
                    // SAFETY: with `WHOLE` the condition holds too, and sixteen channels from `c` exist.
                    column[i] = set.load(unsafe { from.get(i, j, c) });
                    from.fetch(i, j, c + AHEAD);
                }
            }
            let column = apply::<OUT, IN, S>(set, symmetry, &matrix, &column);
            for i in 0..OUT {
                mixed[i][j] = column[i];
            }
        }
        for i in 0..OUT {
            if !WHOLE && i >= written.rows {
                break;
            }
            let row = apply::<OUT, IN, S>(set, symmetry, &matrix, &mixed[i]);
            for j in 0..OUT {
                if WHOLE || j < written.cols {
                    to.fetch(i, j, c + AHEAD);
                    // SAFETY: as above.
                    let out = unsafe { to.get(i, j, c) };
                    let sum = if accumulate {
                        set.add(set.load(out), row[j])
                    } else {
                        row[j]
                    };
                    set.store(sum, out);
                }
            }
        }
    }
}

/// A matrix's product with vectors. Its factors are constants after inlining, so zeros cost nothing.
#[inline(always)]
fn apply<const OUT: usize, const IN: usize, S: Set>(
    set: S,
    symmetry: Option<Symmetry>,
    matrix: &impl Fn(usize) -> [f32; SIDE],
    x: &[S::V; IN],
) -> [S::V; OUT] {
    let mut out = [set.splat(0.0); OUT];
    match symmetry {
        // Rows of opposite points share what even and odd columns come to.
        Some(Symmetry::Rows) => {
            for i in [0, OUT - 1] {
                out[i] = combine::<IN, S>(set, matrix(i), x);
            }
            for i in (1..OUT - 1).step_by(2) {
                let (mut even, mut odd) = (matrix(i), matrix(i));
                for k in 0..SIDE {
                    [&mut odd, &mut even][k % 2][k] = 0.0;
                }
                let (even, odd) = (combine::<IN, S>(set, even, x), combine::<IN, S>(set, odd, x));
                out[i] = set.add(even, odd);
                out[i + 1] = set.sub(even, odd);
            }
        }
        // Even rows take opposite points' sums and odd rows their differences.
        Some(Symmetry::Columns) => {
            let (mut sums, mut differences) = (*x, *x);
            for k in (1..IN - 1).step_by(2) {
                sums[k] = set.add(x[k], x[k + 1]);
                differences[k] = set.sub(x[k], x[k + 1]);
            }
            for (i, out) in out.iter_mut().enumerate() {
                let mut factors = matrix(i);
                for k in (1..IN - 1).step_by(2) {
                    factors[k + 1] = 0.0;
                }
                *out = combine::<IN, S>(set, factors, [&sums, &differences][i % 2]);
            }
        }
        None => {
            for (i, out) in out.iter_mut().enumerate() {
                *out = combine::<IN, S>(set, matrix(i), x);
            }
        }
    }
    out
}

/// The sum of vectors times factors.
#[inline(always)]
fn combine<const IN: usize, S: Set>(set: S, factors: [f32; SIDE], vectors: &[S::V; IN]) -> S::V {
    let mut sum = None;
    for k in 0..IN {
        let (factor, v) = (factors[k], vectors[k]);
        if factor != 0.0 {
            sum = Some(match sum {
                None if factor == 1.0 => v,
                None => set.mul(set.splat(factor), v),
                Some(sum) if factor == 1.0 => set.add(sum, v),
                Some(sum) => set.fused(set.splat(factor), v, sum),
            });
        }
    }
    sum.unwrap_or(set.splat(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transform by its definition, for the channel at `c` of what there is of a grid.
    fn expected(matrix: &Matrix, source: &[f32], from: &Grid, c: usize, (i, j): (usize, usize)) -> f32 {
        let mut sum = 0.0;
        for k in 0..from.rows {
            for l in 0..from.cols {
                let value = source[from.at + k * from.row + l * from.col + c];
                sum += matrix.values[i][k] * value * matrix.values[j][l];
            }
        }
        sum
    }

    #[test]
    fn every_map_is_its_matrix_on_whole_grids_and_cut_ones() {
        use Map::{Data, DataAdjoint, Kernel, KernelAdjoint, Output, OutputAdjoint};
        let (row, col, channels) = (300, 40, 32);
        let source: Vec<f32> = (0..6 * row)
            .map(|v| ((v * 37) % 101) as f32 / 50.0 - 1.0)
            .collect();
        for tile in [Tile::F22, Tile::F42, Tile::F34, Tile::F43] {
            for map in [Data, DataAdjoint, Kernel, KernelAdjoint, Output, OutputAdjoint] {
                for cut in [0, 1] {
                    let matrix = map.of(tile.transforms());
                    let from = Grid {
                        rows: matrix.cols - cut,
                        ..Grid::contiguous(3, row, col, matrix.cols)
                    };
                    // Channels in two blocks.
                    let to = Grid {
                        cols: matrix.rows - cut,
                        width: LANES,
                        block: LANES + 3,
                        ..Grid::contiguous(1, row, col, matrix.rows)
                    };
                    let mut target = vec![0.0; 6 * row];
                    for times in [1.0, 2.0] {
                        transform(tile, map, &source, from, &mut target, to, channels, times > 1.0);
                        let mut written = 0;
                        for (i, j) in (0..to.rows).flat_map(|i| (0..to.cols).map(move |j| (i, j))) {
                            for c in [0, 5, LANES, channels - 1] {
                                let at = to.at + i * row + j * col + c / LANES * to.block + c % LANES;
                                let want = times * expected(&matrix, &source, &from, c, (i, j));
                                assert!(
                                    (target[at] - want).abs() < 1e-3,
                                    "{tile:?} {map:?} {cut}: {i}, {j}"
                                );
                                written += 1;
                            }
                        }
                        assert_eq!(written, 4 * to.rows * to.cols);
                    }
                    let values = target.iter().filter(|v| **v != 0.0).count();
                    assert!(
                        values <= to.rows * to.cols * channels,
                        "beyond the grid: {tile:?} {map:?}"
                    );
                }
            }
        }
    }
}
