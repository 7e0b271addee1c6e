//! A separable transform of a tile of channel vectors.
#![allow(unsafe_code)] // vectors of a grid that has been checked

use super::grid::{Grid, Vectors, VectorsMut};
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
    // Once for all channels: every one's transform overwrites all of it.
    let mut mixed = [[zero; IN]; OUT];
    for c in (0..read.len).step_by(LANES) {
        for j in 0..IN {
            let mut column = [zero; IN];
            for i in 0..IN {
                if WHOLE || (i < read.rows && j < read.cols) {
                    // SAFETY: `WHOLE` says what the condition does, and `c` is one of the run's multiples of sixteen.
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
