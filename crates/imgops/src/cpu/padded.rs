//! Wide images with a border of zeros, so that kernels need not ask where an image ends.

use rayon::prelude::*;

use crate::cpu::parallel::Tasks;
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// The extents of padded channels-last images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Canvas {
    pub(crate) h: usize,
    pub(crate) w: usize,
    channels: usize,
}

impl Canvas {
    /// The wide images of a geometry and their padding.
    pub(crate) fn of(g: &ConvGeometry) -> Self {
        Self::sized(g, g.wide_h + 2 * g.padding, g.wide_w + 2 * g.padding)
    }

    /// As [`Canvas::of`], larger to the lower right.
    pub(crate) fn sized(g: &ConvGeometry, h: usize, w: usize) -> Self {
        Self {
            h: h.max(g.wide_h + 2 * g.padding),
            w: w.max(g.wide_w + 2 * g.padding),
            channels: g.wide_c,
        }
    }

    /// Where row `y` of an image begins, counted from the image's first value.
    pub(crate) fn row(&self, y: usize) -> usize {
        y * self.w * self.channels
    }

    /// Where a pixel begins.
    pub(crate) fn at(&self, image: usize, y: usize, x: usize) -> usize {
        image * self.len() + self.row(y) + x * self.channels
    }

    /// Values of one padded image.
    pub(crate) fn len(&self) -> usize {
        self.h * self.w * self.channels
    }
}

/// Runs `work` with the wide images on a canvas.
pub(crate) fn with_padded<R>(
    g: &ConvGeometry,
    canvas: Canvas,
    wide: &[f32],
    work: impl FnOnce(&Canvas, &[f32]) -> R,
) -> R {
    if (canvas.h, canvas.w) == (g.wide_h, g.wide_w) {
        return work(&canvas, wide);
    }
    let (row, inner) = (canvas.row(1), g.wide_w * g.wide_c);
    let left = g.padding * g.wide_c;
    with_scratch(g.n * canvas.len(), |space| {
        space.par_chunks_mut(row).enumerate().for_each_task(|(i, to)| {
            let (image, y) = (i / canvas.h, i % canvas.h);
            match y.checked_sub(g.padding).filter(|y| *y < g.wide_h) {
                Some(y) => {
                    to[..left].fill(0.0);
                    to[left..left + inner].copy_from_slice(&wide[(image * g.wide_h + y) * inner..][..inner]);
                    to[left + inner..].fill(0.0);
                }
                None => to.fill(0.0),
            }
        });
        work(&canvas, space)
    })
}

/// Takes the wide images off a canvas. `out` is overwritten, or added to where `accumulate`.
pub(crate) fn crop(g: &ConvGeometry, canvas: &Canvas, padded: &[f32], out: &mut [f32], accumulate: bool) {
    let inner = g.wide_w * g.wide_c;
    out.par_chunks_mut(inner).enumerate().for_each_task(|(row, out)| {
        let (image, y) = (row / g.wide_h, row % g.wide_h);
        let from = &padded[canvas.at(image, y + g.padding, g.padding)..][..inner];
        if accumulate {
            out.iter_mut().zip(from).for_each(|(o, v)| *o += *v);
        } else {
            out.copy_from_slice(from);
        }
    });
}
