//! Wide images from narrow ones.

use std::ops::Range;

use rayon::prelude::*;

use super::{every, live, with_blocks};
use crate::cpu::few;
use crate::cpu::kernel::{Ahead, BLOCK, LANES, Panels, Source, Target, blocked, by_depth, multiply};
use crate::cpu::padded::Canvas;
use crate::cpu::panels::{self, rows, shape, turn};
use crate::cpu::parallel::Tasks;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Sixteen or fewer panel rows that go to neighbouring places: a tap's channels, or with few channels several taps of a row.
struct Group {
    first: usize,
    count: usize,
    /// Where they go, counted from the window's place in the band.
    at: usize,
}

/// A strip of narrow rows of an image, or of every image of a batch, and the wide rows under their windows.
struct Band {
    images: Range<usize>,
    rows: Range<usize>,
}

/// Wide images from narrow ones: a convolution's input gradient, a transposed convolution's forward pass. `out` is
/// overwritten, or added to where `accumulate`.
pub(crate) fn widen(g: &ConvGeometry, narrow: &[f32], weight: &[f32], out: &mut [f32], accumulate: bool) {
    if let Some(turned) = few::turned(g).filter(|turned| few::suits(g) || few::suits(turned)) {
        return with_scratch(panels::len(shape(&turned)), |turned_weight| {
            few::turn(g, weight, turned_weight);
            super::narrow(&turned, narrow, turned_weight, out, accumulate);
        });
    }
    let (ys, xs) = (live(g, g.narrow_h, g.wide_h), live(g, g.narrow_w, g.wide_w));
    let canvas = Canvas::of(g);
    // Tasks share out the wide channels, sixteen each; where that gives too few, also images and strips of rows.
    let few = g.wide_c < LANES;
    let lanes = if few { g.wide_c } else { LANES };
    let chunks = g.wide_c.div_ceil(lanes);
    let parts = (2 * rayon::current_num_threads()).div_ceil(chunks);
    let strips = parts.div_ceil(g.n).min(g.narrow_h);
    let height = g.narrow_h.div_ceil(strips);
    let images = if parts == 1 { g.n } else { 1 };
    let bands: Vec<Band> = (0..g.n)
        .step_by(images)
        .flat_map(|image| {
            (0..g.narrow_h).step_by(height).map(move |y| Band {
                images: image..image + images,
                rows: y..(y + height).min(g.narrow_h),
            })
        })
        .collect();
    let groups = |chunk: usize| -> Vec<Group> {
        let mut groups = Vec::new();
        for y in ys.clone() {
            let row = y * canvas.w * lanes;
            if few {
                let (start, end) = (xs.start * g.wide_c, xs.end * g.wide_c);
                groups.extend((start..end).step_by(LANES).map(|at| Group {
                    first: y * g.kernel * g.wide_c + at,
                    count: LANES.min(end - at),
                    at: row + at,
                }));
            } else {
                groups.extend(xs.clone().map(|x| Group {
                    first: (y * g.kernel + x) * g.wide_c + chunk * LANES,
                    count: LANES.min(g.wide_c - chunk * LANES),
                    at: row + x * lanes,
                }));
            }
        }
        groups
    };
    let band_rows = (height - 1) * g.stride + g.kernel;
    let image_len = band_rows * canvas.w * lanes;
    let band_len = images * image_len;
    let panel_len = rows(shape(g)) * LANES;
    let all = g.n * g.narrow_len();
    let depth = by_depth(&blocked(std::slice::from_ref(&(0..g.narrow_c)), all * BLOCK));
    let every_pixel = every(BLOCK, all);
    with_blocks(g.narrow_c, narrow, |narrow| {
        with_scratch(bands.len() * chunks * band_len, |space| {
            space
                .par_chunks_mut(band_len)
                .enumerate()
                .for_each_task(|(task, sums)| {
                    let (band, chunk) = (&bands[task / chunks], task % chunks);
                    sums.fill(0.0);
                    let pixels = band.rows.len() * g.narrow_w;
                    // More than one image comes with all of its rows.
                    let first = (band.images.start * g.narrow_h + band.rows.start) * g.narrow_w;
                    let source = Source {
                        data: narrow,
                        base: &every_pixel[first..first + band.images.len() * pixels],
                    };
                    let to: Vec<usize> = (0..band.images.len())
                        .flat_map(|image| {
                            (0..pixels).map(move |p| {
                                let place = p / g.narrow_w * canvas.w + p % g.narrow_w;
                                image * image_len + place * g.stride * lanes
                            })
                        })
                        .collect();
                    with_scratch(weight.len() / panel_len * LANES * LANES, |panel| {
                        for group in groups(chunk) {
                            turn(weight, panel_len, group.first, group.count, panel);
                            for runs in &depth {
                                let target = Target {
                                    data: &mut *sums,
                                    base: &to,
                                    at: group.at,
                                    valid: if few { group.count } else { LANES },
                                };
                                multiply(target, source, runs, Panels::one(panel), Ahead::default(), true);
                            }
                        }
                    });
                });
            let space = &*space;
            out.par_chunks_mut(g.wide_w * g.wide_c)
                .enumerate()
                .for_each_task(|(row, out)| {
                    let (image, y) = (row / g.wide_h, row % g.wide_h + g.padding);
                    if !accumulate {
                        out.fill(0.0);
                    }
                    for (b, band) in bands
                        .iter()
                        .enumerate()
                        .filter(|(_, b)| b.images.contains(&image))
                    {
                        let top = band.rows.start * g.stride;
                        if y < top || y >= top + (band.rows.len() - 1) * g.stride + g.kernel {
                            continue;
                        }
                        for chunk in 0..chunks {
                            let at =
                                (b * chunks + chunk) * band_len + (image - band.images.start) * image_len;
                            let sums = &space[at..][..image_len];
                            let sums =
                                &sums[((y - top) * canvas.w + g.padding) * lanes..][..g.wide_w * lanes];
                            let width = lanes.min(g.wide_c - chunk * lanes);
                            for (out, sums) in out.chunks_exact_mut(g.wide_c).zip(sums.chunks_exact(lanes)) {
                                let out = &mut out[chunk * lanes..][..width];
                                out.iter_mut().zip(sums).for_each(|(o, s)| *o += *s);
                            }
                        }
                    }
                });
        })
    });
}
