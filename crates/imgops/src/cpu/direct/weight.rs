//! A weight's gradient.

use rayon::prelude::*;

use super::{live, pieces, windows, with_blocks, with_gathered};
use crate::cpu::correlate::{Rows, Windows, correlate};
use crate::cpu::few;
use crate::cpu::kernel::{BLOCK, Columns, LANES, Run, outer_rows};
use crate::cpu::padded::{Canvas, with_padded};
use crate::cpu::panels::{rows, shape};
use crate::cpu::parallel::{Tasks, add, copy};
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
    with_padded(g, Canvas::of(g), wide, |canvas, wide| {
        if few::suits(g) {
            return few::weight_gradient(g, canvas, wide, narrow, out, accumulate);
        }
        if g.wide_c < super::GATHER_CHANNELS {
            return from_windows(g, canvas, wide, narrow, out, accumulate);
        }
        let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
        if !accumulate && (ys.len() < g.kernel || xs.len() < g.kernel) {
            // Taps that read nothing have no gradient, and nobody writes to their place below.
            out.par_chunks_mut(rows(shape(g)) * LANES)
                .for_each_task(|panel| panel.fill(0.0));
        }
        let (pieces, windows) = (pieces(g, canvas, ys, &xs), windows(g, canvas));
        for (part, windows) in windows.chunks(ROWS).enumerate() {
            let narrow = &narrow[part * ROWS * g.narrow_c..][..windows.len() * g.narrow_c];
            with_blocks(g.narrow_c, narrow, |right| {
                from_gathered(g, &pieces, windows, wide, right, out, accumulate || part > 0);
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
        .for_each_task(|(task, out)| {
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

/// The product where windows have few channels.
fn from_windows(
    g: &ConvGeometry,
    canvas: &Canvas,
    wide: &[f32],
    narrow: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let many = Rows {
        data: narrow,
        count: g.n * g.narrow_h,
        step: g.narrow_w * g.narrow_c,
        pixels: g.narrow_w,
        channels: g.narrow_c,
    };
    let windows = Windows {
        len: g.kernel * g.wide_c,
        step: g.stride * g.wide_c,
        rows: g.kernel,
    };
    let few = |row: usize, y: usize| {
        let (image, row) = (row / g.narrow_h, row % g.narrow_h);
        Some(&wide[canvas.at(image, row * g.stride + y, 0)..][..canvas.row(1)])
    };
    correlate(many, windows, few, |sums| {
        assert_eq!(out.len(), sums.len());
        if accumulate {
            add(out, sums);
        } else {
            copy(out, sums);
        }
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
    with_gathered(pieces, windows, wide, |left| {
        for_each_piece(g, pieces, windows.len(), out, |i, out, block, lane| {
            let (left, right) = (
                Columns::of(&left[i * len..][..len], 0),
                Columns::of(&right[block..][..len], lane),
            );
            outer_rows(out, out.len() / LANES, left, right, None, accumulate);
        });
    });
}
