//! A separable transform of a tile of channel vectors.

use super::matrices::{Map, Matrix, SIDE, Tile};
use crate::cpu::kernel::{LANES, Lanes};
use crate::cpu::simd::{Set, prefetch};

/// A grid of channel vectors in a slice: vector `(i, j)` begins at `at + i * row + j * col`, with its channels in blocks of
/// `width` that are `block` apart (equal to it where channels are contiguous), from channel `first`. Only `rows x cols` of
/// the transform's own grid exist: what is missing reads as zeros and is not written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) at: usize,
    pub(super) row: usize,
    pub(super) col: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) block: usize,
}

impl Grid {
    /// A whole grid of vectors whose channels are contiguous.
    pub(super) fn contiguous(at: usize, row: usize, col: usize, side: usize) -> Self {
        Self {
            at,
            row,
            col,
            rows: side,
            cols: side,
            first: 0,
            width: LANES,
            block: LANES,
        }
    }

    #[inline(always)]
    fn channel(&self, c: usize) -> usize {
        let c = self.first + c;
        self.at + c / self.width * self.block + c % self.width
    }
}

/// Vectors between what is transformed and what is fetched meanwhile.
const AHEAD: usize = 2;

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
                        #[inline(always)]
                        fn row(i: usize) -> [f32; SIDE] {
                            MATRIX.values[i]
                        }
                        separable::<{ MATRIX.rows }, { MATRIX.cols }, S>(set, row, source, from, target, to, channels, accumulate)
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

/// The transform by a matrix of `OUT x IN`, whose rows `matrix` knows.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // rows and columns of three grids go together
fn separable<const OUT: usize, const IN: usize, S: Set>(
    set: S,
    matrix: impl Fn(usize) -> [f32; SIDE],
    source: &[f32],
    from: Grid,
    target: &mut [f32],
    to: Grid,
    channels: usize,
    accumulate: bool,
) {
    let whole = from.rows >= IN && from.cols >= IN && to.rows >= OUT && to.cols >= OUT;
    let zero = set.splat(0.0);
    let mut mixed = [[zero; IN]; OUT];
    for c in (0..channels).step_by(LANES) {
        let (read, write) = (from.channel(c), to.channel(c));
        // Vectors of a grid lie far apart, more of them than a processor sees a pattern in.
        let ahead = c + AHEAD * LANES;
        if whole && ahead < channels {
            fetch::<IN>(source, from, ahead);
            fetch::<OUT>(target, to, ahead);
        }
        for j in 0..IN {
            let mut column = [zero; IN];
            for (i, vector) in column.iter_mut().enumerate() {
                if whole || (i < from.rows && j < from.cols) {
                    *vector = set.load(lanes(source, read + i * from.row + j * from.col));
                }
            }
            for i in 0..OUT {
                mixed[i][j] = combine::<IN, S>(set, matrix(i), &column);
            }
        }
        for (i, row) in mixed.iter().enumerate() {
            for j in 0..OUT {
                if whole || (i < to.rows && j < to.cols) {
                    let sum = combine::<IN, S>(set, matrix(j), row);
                    let out = lanes_mut(target, write + i * to.row + j * to.col);
                    let sum = if accumulate {
                        set.add(set.load(out), sum)
                    } else {
                        sum
                    };
                    set.store(sum, out);
                }
            }
        }
    }
}

/// Asks for the vectors of a grid of `SIDE x SIDE` at a channel.
#[inline(always)]
fn fetch<const SIDE: usize>(data: &[f32], grid: Grid, channel: usize) {
    let at = grid.channel(channel);
    for i in 0..SIDE {
        for j in 0..SIDE {
            prefetch(lanes(data, at + i * grid.row + j * grid.col));
        }
    }
}

/// The sum of vectors times factors, which are constants after inlining: zeros cost nothing.
#[inline(always)]
fn combine<const IN: usize, S: Set>(set: S, factors: [f32; SIDE], vectors: &[S::V; IN]) -> S::V {
    let mut sum = set.splat(0.0);
    for k in 0..IN {
        if factors[k] != 0.0 {
            sum = set.fused(set.splat(factors[k]), vectors[k], sum);
        }
    }
    sum
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
