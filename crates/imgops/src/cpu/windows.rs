//! Windows of an image unrolled into a matrix, and back: what turns convolutions into matrix products.
//!
//! The matrix has a row per (channel, ky, kx) and a column per output position. Rows of the image are first split into
//! their stride phases (for stride 2: even and odd columns), so that every row of the matrix is made of contiguous copies.

use rayon::prelude::*;

use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Which part of a narrow row lies inside the image for a kernel column, and where it starts in its phase.
struct Span {
    phase: usize,
    first: usize,
    last: usize,
    start: usize,
}

/// For kernel column (or row) `k`: narrow positions `first..last` read wide position `o * stride + k - padding`.
fn span(k: usize, stride: usize, padding: usize, narrow: usize, wide: usize) -> Span {
    let first = padding.saturating_sub(k).div_ceil(stride).min(narrow);
    let last = if wide + padding > k {
        ((wide + padding - k - 1) / stride + 1).min(narrow)
    } else {
        0
    }
    .max(first);
    let at = (first * stride + k).saturating_sub(padding);
    Span {
        phase: at % stride,
        first,
        last,
        start: at / stride,
    }
}

/// Width of a phase plane's rows.
fn phase_width(g: &ConvGeometry) -> usize {
    g.wide_w.div_ceil(g.stride)
}

/// True where the matrix is the image itself: 1x1 windows, stride 1, no padding.
pub(crate) fn is_identity(g: &ConvGeometry) -> bool {
    g.kernel == 1 && g.stride == 1 && g.padding == 0
}

/// Fills `matrix` (`window x narrow_len`) from one wide image (`wide_c x wide_h x wide_w`).
pub(crate) fn unroll(g: &ConvGeometry, image: &[f32], matrix: &mut [f32]) {
    let (k, s) = (g.kernel, g.stride);
    let pw = phase_width(g);
    matrix
        .par_chunks_mut(k * k * g.narrow_len())
        .zip(image.par_chunks(g.wide_len()))
        .for_each(|(rows, channel)| {
            let mut fill = |phases: &[f32], phase_stride: usize, width: usize| {
                for (tap, row) in rows.chunks_exact_mut(g.narrow_len()).enumerate() {
                    let y = span(tap / k, s, g.padding, g.narrow_h, g.wide_h);
                    let x = span(tap % k, s, g.padding, g.narrow_w, g.wide_w);
                    let plane = &phases[x.phase * phase_stride..];
                    for (oy, out) in row.chunks_exact_mut(g.narrow_w).enumerate() {
                        if oy < y.first || oy >= y.last {
                            out.fill(0.0);
                            continue;
                        }
                        let from = (oy * s + tap / k - g.padding) * width + x.start;
                        out[..x.first].fill(0.0);
                        out[x.first..x.last].copy_from_slice(&plane[from..from + x.last - x.first]);
                        out[x.last..].fill(0.0);
                    }
                }
            };
            if s == 1 {
                fill(channel, 0, g.wide_w);
            } else {
                with_scratch(s * g.wide_h * pw, |phases| {
                    split_phases(g, channel, phases);
                    fill(phases, g.wide_h * pw, pw);
                });
            }
        });
}

/// The adjoint of [`unroll`]: sums `matrix` back into a wide image. `image` is overwritten, or added to where `accumulate`.
pub(crate) fn roll(g: &ConvGeometry, matrix: &[f32], image: &mut [f32], accumulate: bool) {
    let (k, s) = (g.kernel, g.stride);
    let pw = phase_width(g);
    let collect = |rows: &[f32], phases: &mut [f32], phase_stride: usize, width: usize| {
        for (tap, row) in rows.chunks_exact(g.narrow_len()).enumerate() {
            let y = span(tap / k, s, g.padding, g.narrow_h, g.wide_h);
            let x = span(tap % k, s, g.padding, g.narrow_w, g.wide_w);
            let plane = &mut phases[x.phase * phase_stride..];
            for (oy, values) in row
                .chunks_exact(g.narrow_w)
                .enumerate()
                .take(y.last)
                .skip(y.first)
            {
                let to = (oy * s + tap / k - g.padding) * width + x.start;
                for (sum, v) in plane[to..to + x.last - x.first]
                    .iter_mut()
                    .zip(&values[x.first..x.last])
                {
                    *sum += *v;
                }
            }
        }
    };
    image
        .par_chunks_mut(g.wide_len())
        .zip(matrix.par_chunks(k * k * g.narrow_len()))
        .for_each(|(channel, rows)| {
            if s == 1 {
                if !accumulate {
                    channel.fill(0.0);
                }
                collect(rows, channel, 0, g.wide_w);
            } else {
                with_scratch(s * g.wide_h * pw, |phases| {
                    phases.fill(0.0);
                    collect(rows, phases, g.wide_h * pw, pw);
                    merge_phases(g, phases, channel, accumulate);
                });
            }
        });
}

/// `phases[p][y][j] = channel[y][j * stride + p]`.
fn split_phases(g: &ConvGeometry, channel: &[f32], phases: &mut [f32]) {
    let pw = phase_width(g);
    for (p, plane) in phases.chunks_exact_mut(g.wide_h * pw).enumerate() {
        for (row, out) in channel.chunks_exact(g.wide_w).zip(plane.chunks_exact_mut(pw)) {
            for (o, v) in out.iter_mut().zip(row.iter().skip(p).step_by(g.stride)) {
                *o = *v;
            }
        }
    }
}

/// The inverse of [`split_phases`].
fn merge_phases(g: &ConvGeometry, phases: &[f32], channel: &mut [f32], accumulate: bool) {
    let pw = phase_width(g);
    for (p, plane) in phases.chunks_exact(g.wide_h * pw).enumerate() {
        for (row, values) in channel.chunks_exact_mut(g.wide_w).zip(plane.chunks_exact(pw)) {
            let row = row.iter_mut().skip(p).step_by(g.stride);
            if accumulate {
                row.zip(values).for_each(|(o, v)| *o += *v);
            } else {
                row.zip(values).for_each(|(o, v)| *o = *v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::ConvConfig;

    #[test]
    fn unrolling_matches_the_definition_and_rolling_is_its_adjoint() {
        for (h, w, k, s, p) in [
            (5, 6, 4, 2, 1),
            (7, 4, 3, 1, 1),
            (9, 8, 3, 2, 1),
            (6, 5, 1, 1, 0),
            (3, 3, 7, 1, 3),
            (2, 2, 4, 2, 1),
            (8, 8, 2, 3, 2),
        ] {
            let g = ConvGeometry::conv2d((1, 2, h, w), (1, 2, k, k), None, ConvConfig::new(s, p)).unwrap();
            let image: Vec<f32> = (0..2 * h * w).map(|i| (i * 7 % 23) as f32 - 11.0).collect();
            let mut matrix = vec![f32::NAN; g.window() * g.narrow_len()];
            unroll(&g, &image, &mut matrix);
            for (i, v) in matrix.iter().enumerate() {
                let (row, col) = (i / g.narrow_len(), i % g.narrow_len());
                let (c, ky, kx) = (row / (k * k), row / k % k, row % k);
                let y = (col / g.narrow_w * s + ky).checked_sub(p).filter(|y| *y < h);
                let x = (col % g.narrow_w * s + kx).checked_sub(p).filter(|x| *x < w);
                let want = y.zip(x).map_or(0.0, |(y, x)| image[(c * h + y) * w + x]);
                assert_eq!(*v, want, "row {row} column {col} of {g:?}");
            }
            let other: Vec<f32> = (0..matrix.len()).map(|i| (i * 5 % 13) as f32 - 6.0).collect();
            let mut rolled = vec![f32::NAN; image.len()];
            roll(&g, &other, &mut rolled, false);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
            assert_eq!(dot(&matrix, &other), dot(&image, &rolled), "{g:?}");
            let once = rolled.clone();
            roll(&g, &other, &mut rolled, true);
            assert!(rolled.iter().zip(&once).all(|(a, b)| *a == 2.0 * b));
        }
    }
}
