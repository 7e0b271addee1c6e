//! A weight's gradient.

use rayon::prelude::*;

use super::{every, live, pieces, windows, with_blocks, with_gathered};
use crate::cpu::few;
use crate::cpu::kernel::{BLOCK, LANES, Run, Segment, Source, by_rows, outer, outer_blocks};
use crate::cpu::padded::{Canvas, with_padded};
use crate::cpu::panels::{rows, shape};
use crate::geometry::ConvGeometry;

/// Rows whose windows are gathered at once.
const ROWS: usize = 1024;

/// The weight's gradient. `out` is overwritten, or added to where `accumulate`.
pub(crate) fn weight_gradient(
    g: &ConvGeometry,
    wide: &[f32],
    narrow: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
    if !accumulate && (ys.len() < g.kernel || xs.len() < g.kernel) {
        // Taps that read nothing have no gradient, and nobody writes to their place below.
        out.par_chunks_mut(rows(shape(g)) * LANES)
            .for_each(|panel| panel.fill(0.0));
    }
    with_padded(g, Canvas::of(g), wide, |canvas, wide| {
        if few::suits(g) {
            return few::weight_gradient(g, canvas, wide, narrow, out, accumulate);
        }
        let pieces = pieces(g, canvas, ys, &xs);
        for (part, windows) in windows(g, canvas).chunks(ROWS).enumerate() {
            let narrow = &narrow[part * ROWS * g.narrow_c..][..windows.len() * g.narrow_c];
            let product = if g.wide_c < super::GATHER_CHANNELS {
                in_place
            } else {
                from_gathered
            };
            with_blocks(g.narrow_c, narrow, |right| {
                product(g, &pieces, windows, wide, right, out, accumulate || part > 0);
            });
        }
    });
}

/// Calls `each` for every piece of every panel of a weight's gradient, on all cores: with the piece's number, its part of the
/// gradient, where the panel's channels lie among the right factor's blocks, and in which lane.
fn for_each_piece(
    g: &ConvGeometry,
    pieces: &[Run],
    pixels: usize,
    out: &mut [f32],
    each: impl Fn(usize, &mut [f32], usize, usize) + Sync,
) {
    let row_len = g.kernel * g.wide_c;
    out.par_chunks_mut(row_len * LANES)
        .enumerate()
        .for_each(|(task, out)| {
            let (c, first) = (task / g.kernel * LANES, task % g.kernel * row_len);
            for (i, piece) in pieces.iter().enumerate() {
                let Some(row) = piece.panel.checked_sub(first).filter(|row| *row < row_len) else {
                    continue;
                };
                let out = &mut out[row * LANES..(row + piece.len) * LANES];
                each(i, out, c / BLOCK * pixels * BLOCK, c % BLOCK);
            }
        });
}

/// The product with windows read where they lie.
fn in_place(
    g: &ConvGeometry,
    pieces: &[Run],
    windows: &[usize],
    wide: &[f32],
    right: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let base = every(BLOCK, windows.len());
    let a = Source {
        data: wide,
        base: windows,
    };
    for_each_piece(g, pieces, windows.len(), out, |i, out, block, lane| {
        let b = Source {
            data: &right[block..],
            base: &base,
        };
        outer(out, a, pieces[i].at, b, lane, accumulate);
    });
}

/// The product with windows gathered in blocks.
fn from_gathered(
    g: &ConvGeometry,
    pieces: &[Run],
    windows: &[usize],
    wide: &[f32],
    right: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let len = windows.len() * BLOCK;
    let rows = by_rows([Segment {
        a: 0,
        b: 0,
        rows: windows.len(),
    }]);
    with_gathered(pieces, windows, wide, |left| {
        for_each_piece(g, pieces, windows.len(), out, |i, out, block, lane| {
            let (left, right) = (&left[i * len..], &right[block..]);
            outer_blocks(out, left, right, lane, &rows, accumulate);
        });
    });
}
