//! Transposed convolutions of the ReLU of two images' channels side by side. Only a few images are joined at a time, into a work
//! buffer that stays in the cache until it has been read: the whole batch's would be the largest tensor that a U-Net keeps.

use std::ops::Range;

use crate::activation::Activation;
use crate::activation::cpu::scale_by_slope;
use crate::concat::cpu::{add_part, join};
use crate::cpu::convolve::{Wanted, widen, widen_gradients};
use crate::cpu::scratch::with_scratch;
use crate::geometry::ConvGeometry;

/// Values of images that are joined at a time, where more than one image's.
const JOINED_VALUES: usize = 2 << 20;

/// The images whose channels lie side by side on the narrow side.
#[derive(Clone, Copy)]
pub(crate) struct Joined<'a> {
    /// Values and channels of each.
    pub(crate) parts: [(&'a [f32], usize); 2],
}

/// The gradients that are wanted, as of [`Wanted`]; those of both parts or of none.
pub(crate) struct WantedOfJoined<'a> {
    pub(crate) parts: Option<[&'a mut [f32]; 2]>,
    pub(crate) weight: Option<(&'a mut [f32], bool)>,
}

/// The pixels of some images, in values of so many channels.
fn values(pixels: &Range<usize>, channels: usize) -> Range<usize> {
    pixels.start * channels..pixels.end * channels
}

impl Joined<'_> {
    /// Calls `work` for some images after the other, with their geometry, their joined values, their pixels of the narrow side and
    /// those of the wide one.
    fn each(&self, g: &ConvGeometry, mut work: impl FnMut(&ConvGeometry, &[f32], Range<usize>, Range<usize>)) {
        let image = g.narrow_len() * g.narrow_c;
        let most = (JOINED_VALUES / image).max(1);
        for first in (0..g.n).step_by(most) {
            let n = most.min(g.n - first);
            let pixels = |len: usize| first * len..(first + n) * len;
            let narrow = pixels(g.narrow_len());
            with_scratch(n * image, |joined| {
                let parts = self.parts.map(|(part, c)| (&part[values(&narrow, c)], c));
                join(parts, true, joined);
                work(&ConvGeometry { n, ..*g }, joined, narrow, pixels(g.wide_len()));
            });
        }
    }

    /// Wide images from the joined ones. `out` is overwritten.
    pub(crate) fn widen(&self, g: &ConvGeometry, weight: &[f32], out: &mut [f32]) {
        self.each(g, |g, joined, _, wide| {
            widen(g, joined, weight, &mut out[values(&wide, g.wide_c)]);
        });
    }

    /// The gradients of [`Joined::widen`]: `grad` is the wide images'.
    pub(crate) fn widen_gradients(
        &self,
        g: &ConvGeometry,
        weight: &[f32],
        grad: &[f32],
        mut wanted: WantedOfJoined<'_>,
    ) {
        self.each(g, |g, joined, narrow, wide| {
            let grad = &grad[values(&wide, g.wide_c)];
            // What the first images came to is added to from then on.
            let weight_of = wanted.weight.as_mut().map(|(out, accumulate)| {
                (&mut **out, std::mem::replace(accumulate, true))
            });
            let Some(parts) = &mut wanted.parts else {
                let weight_only = Wanted {
                    x: None,
                    weight: weight_of,
                };
                return widen_gradients(g, joined, weight, grad, weight_only);
            };
            with_scratch(joined.len(), |gradient| {
                gradient.fill(0.0);
                let both = Wanted {
                    x: Some(&mut *gradient),
                    weight: weight_of,
                };
                widen_gradients(g, joined, weight, grad, both);
                scale_by_slope(Activation::Relu, joined, gradient);
                let mut offset = 0;
                for (part, (_, c)) in parts.iter_mut().zip(self.parts) {
                    add_part(c, offset, g.narrow_c, gradient, &mut part[values(&narrow, c)]);
                    offset += c;
                }
            });
        });
    }
}
