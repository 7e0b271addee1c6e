//! A weight's gradient.

use rayon::prelude::*;

use super::{live, pieces, windows, with_blocks, with_gathered};
use crate::cpu::few;
use crate::cpu::kernel::{BLOCK, Columns, LANES, Run, Source, outer_rows};
use crate::cpu::padded::{Canvas, with_padded};
use crate::cpu::panels::{rows, shape};
use crate::cpu::parallel::Tasks;
use crate::cpu::scratch::with_scratch;
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
            .for_each_task(|panel| panel.fill(0.0));
    }
    with_padded(g, Canvas::of(g), wide, |canvas, wide| {
        if few::suits(g) {
            return few::weight_gradient(g, canvas, wide, narrow, out, accumulate);
        }
        let (pieces, windows) = (pieces(g, canvas, ys, &xs), windows(g, canvas));
        if g.wide_c < super::GATHER_CHANNELS {
            return packed(g, &pieces, &windows, wide, narrow, out, accumulate);
        }
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

/// Groups runs, in order, so that a group's fit into a block.
fn packs(runs: &[Run]) -> Vec<Vec<Run>> {
    let mut packs: Vec<Vec<Run>> = Vec::new();
    let mut room = 0;
    for run in runs {
        if room < run.len {
            packs.push(Vec::new());
            room = BLOCK;
        }
        if let Some(pack) = packs.last_mut() {
            pack.push(*run);
        }
        room -= run.len;
    }
    packs
}

/// The product where windows have few channels: several of a window's rows share a block.
fn packed(
    g: &ConvGeometry,
    pieces: &[Run],
    windows: &[usize],
    wide: &[f32],
    narrow: &[f32],
    out: &mut [f32],
    accumulate: bool,
) {
    let (packs, panel_len) = (packs(pieces), rows(shape(g)) * LANES);
    let panels = out.len() / panel_len;
    with_scratch(panels * packs.len() * BLOCK * LANES, |sums| {
        for (part, windows) in windows.chunks(ROWS).enumerate() {
            let pixels = windows.len();
            let narrow = &narrow[part * ROWS * g.narrow_c..][..pixels * g.narrow_c];
            with_blocks(g.narrow_c, narrow, |right| {
                with_scratch(packs.len() * pixels * BLOCK, |left| {
                    left.par_chunks_mut(pixels * BLOCK)
                        .zip(&packs)
                        .for_each_task(|(left, pack)| {
                            let mut at = 0;
                            let source = Source {
                                data: wide,
                                base: windows,
                            };
                            for run in pack {
                                source.gather(run.at, run.len, &mut left[at..], BLOCK);
                                at += run.len;
                            }
                        });
                    let left = &*left;
                    sums.par_chunks_mut(BLOCK * LANES)
                        .enumerate()
                        .for_each_task(|(task, sums)| {
                            let (c, pack) = (task / packs.len() * LANES, task % packs.len());
                            let len: usize = packs[pack].iter().map(|run| run.len).sum();
                            let all = |blocks: usize| blocks * pixels * BLOCK..(blocks + 1) * pixels * BLOCK;
                            let left = Columns::of(&left[all(pack)], 0);
                            let right = Columns::of(&right[all(c / BLOCK)], c % BLOCK);
                            outer_rows(sums, len, left, right, None, part > 0);
                        });
                });
            });
        }
        out.par_chunks_mut(panel_len)
            .zip(sums.par_chunks(packs.len() * BLOCK * LANES))
            .for_each_task(|(out, sums)| {
                for (pack, sums) in packs.iter().zip(sums.chunks_exact(BLOCK * LANES)) {
                    let mut sums = sums;
                    for run in pack {
                        let (these, rest) = sums.split_at(run.len * LANES);
                        let out = &mut out[run.panel * LANES..][..these.len()];
                        if accumulate {
                            out.iter_mut().zip(these).for_each(|(o, s)| *o += *s);
                        } else {
                            out.copy_from_slice(these);
                        }
                        sums = rest;
                    }
                }
            });
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
